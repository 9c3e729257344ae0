"""One pass under a dispatch mode that follows what depends on the input and hands operations to the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.core.types import Place
from attnviz.gates import ops
from attnviz.gates.axes import Axes, of_map
from attnviz.gates.flow import Marks, Origin, Output, follow
from attnviz.gates.rules import Finding, judge


@dataclass
class Frame:
    """A module that is running."""

    path: str
    call: int
    counts: Counter[str] = field(default_factory=Counter)


class Search(ops.EagerMode):
    """Finds gates while a model runs.

    Args:
        model: The model; its modules are hooked while ``watch`` is open.
        inputs: The tensors that the model is given.

    Attributes:
        findings: What was found, in the order in which it acts.
        uses: How often the output of a module was used by something that is no view.
    """

    def __init__(self, model: nn.Module, inputs: Iterable[Tensor]) -> None:
        super().__init__()
        self.model = model
        self.marks = Marks()
        self.axes = Axes()
        self._axes_at: dict[Place, tuple[str, ...]] = {}
        self.findings: list[Finding] = []
        self.uses: Counter[Output] = Counter()
        self._frames: list[Frame] = []
        self._calls: Counter[str] = Counter()
        self._reported: set[int] = set()
        for tensor in inputs:
            self.marks.set(tensor, self.marks.new())
            self.axes.set(tensor, of_map(tensor.shape))

    def watch(self) -> ExitStack:
        """Hook every module, to know which one is running; closing the stack removes the hooks."""
        stack = ExitStack()
        try:
            for path, module in self.model.named_modules():
                stack.callback(module.register_forward_pre_hook(self._entering(path)).remove)
                stack.callback(module.register_forward_hook(self._leaving(path), always_call=True).remove)
        except BaseException:
            stack.close()
            raise
        return stack

    def _entering(self, path: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any) -> None:
            self._calls[path] += 1
            self._frames.append(Frame(path, self._calls[path]))

        return hook

    def _leaving(self, path: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            if not self._frames or self._frames[-1].path != path:
                return  # another hook raised before this module was entered
            frame = self._frames.pop()
            mark = self.marks.get(output)
            if mark is None:
                return
            if isinstance(module, Gate):
                self._tapped(Place(path, frame.call, "tap"), module.kind, inputs[1], output)
            else:
                self.marks.set(output, replace(mark, output=Output(path, frame.call)))

        return hook

    def _tapped(self, place: Place, kind: str, features: Tensor, output: Tensor) -> None:
        """Report a gate of attnviz's own modules, and keep the rules from reporting it again."""
        mark = self.marks.get(output)
        origin = mark.origin if mark else None
        axis = {"pairwise": output.ndim - 1, "branch": 1}.get(kind)
        if origin and origin.sums_to_one and origin.shape == tuple(output.shape):
            axis = origin.axis
        meets = replace(place, operand=1)
        shapes, over = (
            (tuple(output.shape), tuple(features.shape)),
            self.axes.kinds(output) if kind == "pairwise" else (),
        )
        self.findings.append(Finding(kind, *shapes, place, meets, axis=axis, over=over))
        self.marks.set(output, self.marks.new(origin=Origin("tap", self.marks.uid())))

    def _count(self, func: ops.Operation, args: tuple[Any, ...]) -> Place | None:
        """Count an operation in all modules that are running; its place in the innermost one."""
        family = ops.family_of(func, args)
        if family is None or not self._frames:
            return None
        for frame in self._frames:
            frame.counts[family] += 1
        frame = self._frames[-1]
        return Place(frame.path, frame.call, family, frame.counts[family])

    def _labelled(self, finding: Finding, name: str, args: tuple[Any, ...]) -> Finding:
        """Say what the axes of pairwise weights run over; for every other kind the kind says it."""
        if finding.kind != "pairwise":
            return finding
        if name in ops.ATTENTION_OPS:
            return replace(finding, over=self.axes.of_weights(name, args))
        return replace(finding, over=self._axes_at.get(finding.exact, ()))

    def _report(self, findings: list[Finding]) -> None:
        for finding in findings:
            if finding.uid is None or finding.uid not in self._reported:
                self.findings.append(finding)
            if finding.uid is not None:
                self._reported.add(finding.uid)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Look at one operation and run it."""
        keywords = dict(kwargs or {})
        if ops.is_composite(func):
            with self:
                return ops.run_composite(func, args, keywords)
        name, place = ops.name_of(func), self._count(func, args)
        self._report([self._labelled(f, name, args) for f in judge(self.marks, name, args, place)])
        inputs = (args, keywords)
        if name not in ops.VIEWS:
            self.uses.update({m.output for t in ops.tensors_in(inputs) if (m := self.marks.get(t)) and m.output})
        mark = follow(self.marks, func, (*args, *keywords.values()), place)
        result = func(*args, **keywords)
        if mark is not None:
            self._mark(func, args, result, mark)
            self.axes.follow(name, (*args, *keywords.values()), result)
            if place is not None and isinstance(result, Tensor):
                self._axes_at[place] = self.axes.kinds(result)
        return result

    def _mark(self, func: ops.Operation, args: tuple[Any, ...], result: Any, mark: Any) -> None:
        outputs = ops.tensors_in(result)
        for number, tensor in enumerate(outputs):
            # Results of one operation are different values: halves of a chunk have no common root.
            known = mark if number == 0 and len(outputs) == 1 else self.marks.new(origin=mark.origin)
            self.marks.set(tensor, known)
        for index in ops.writes(func):
            if index < len(args) and isinstance(args[index], Tensor):
                self.marks.touch(args[index])
