"""One pass under a dispatch mode that follows what depends on the input and hands operations to the rules."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.core.sites import Place
from attnviz.gates import ops
from attnviz.gates.axes import Axes, Axis, of_map
from attnviz.gates.containers import examples_in, sides_in
from attnviz.gates.dropout import seeing_dropout
from attnviz.gates.flow import NONE, Mark, Origin, Output, with_output
from attnviz.gates.ledger import WATCHERS, Finding, Ledger
from attnviz.gates.marks import Marks
from attnviz.gates.meeting import Meeting
from attnviz.gates.noise import Noise
from attnviz.gates.passing import follow
from attnviz.gates.rules import RULES, shapes_in
from attnviz.gates.step import TracedOperation
from attnviz.gates.tensor_table import storage_of

ONE_HOT = ops.VIEWS | {"scatter"}
"""What gives whole numbers that may be weights: ``one_hot``; all others say which, not what."""


@dataclass
class Frame:
    """A module that is running; marks with a uid below ``began`` are older."""

    path: str
    call: int
    began: int
    counts: Counter[str]


class GateSearch(ops.EagerMode):
    """Finds gates while a model runs.

    Args:
        model: The model; its modules are hooked while ``watch`` is open.
        inputs: The tensors that the model is given, of any subclass.
        unbounded: Whether broadcast weights without a bound count as gates.
        explain: Whether to note what was thought of every product.

    Attributes:
        ledger: What was found.
        examples: How many the model is given.
        sides: How high and wide these are.
        calls: How often each module was called.
        totals: How many operations of each family there were in each call of each module.
        shapes: Of what modules gave out, and of results of operations that are counted.
        uses: How often the output of a module was used by something that is no view.
    """

    def __init__(
        self, model: nn.Module, inputs: Iterable[Tensor], unbounded: bool = False, explain: bool = False
    ) -> None:
        super().__init__()
        self.model = model
        given = list(inputs)
        subclasses = any(type(tensor) not in (Tensor, nn.Parameter) for tensor in given)
        self.marks = Marks(frozenset(storage_of(p) for p in model.parameters()) - {0}, subclasses)
        self.examples, self.sides = examples_in(given), sides_in(given)
        self.axes = Axes(subclasses, self.examples)
        self.shapes: dict[Place, tuple[int, ...]] = {}
        self._axes_at: dict[Place, tuple[str, ...]] = {}
        self._front: dict[Place, Axis] = {}  # axis 0
        self.ledger = Ledger(explain)
        self._unbounded = unbounded
        self.uses: Counter[Output] = Counter()
        self._frames: list[Frame] = []
        self.calls: Counter[str] = Counter()
        self.totals: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
        self._noise = Noise()
        for tensor in given:
            # pictures and volumes have their channels in front; of what a sequence holds nothing is known
            self.marks.set(tensor, self.marks.new(channels=1 if tensor.ndim > 3 else None))
            self.axes.set(tensor, of_map(tensor.shape))

    def watch(self) -> ExitStack:
        """Hook every module, to know which one is running; closing the stack removes the hooks."""
        stack = ExitStack()
        try:
            stack.enter_context(seeing_dropout(self.gave_back))
            for path, module in self.model.named_modules():
                stack.callback(module.register_forward_pre_hook(self._entering(path)).remove)
                stack.callback(module.register_forward_hook(self._leaving(path), always_call=True).remove)
                if not isinstance(module, nn.MultiheadAttention):  # what it computes is served until the last hook
                    stack.callback(module.register_forward_hook(self._computed, prepend=True).remove)
        except BaseException:
            stack.close()
            raise
        return stack

    def _entering(self, path: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any) -> None:
            self.calls[path] += 1
            counts = self.totals[path, self.calls[path]]
            self._frames.append(Frame(path, self.calls[path], self.marks.uid(), counts))

        return hook

    def _computed(self, _module: nn.Module, _inputs: Any, _output: Any) -> None:
        """A module's own ``forward`` is over: what hooks of the user compute behind it is not of this call."""
        frame = self._frames[-1]
        self.totals[frame.path, frame.call] = Counter(frame.counts)

    def _leaving(self, path: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            if not self._frames or self._frames[-1].path != path:
                return  # another hook raised before this module was entered
            frame = self._frames.pop()
            mark = self.marks.get(output)
            if mark is None:
                return
            if isinstance(module, Gate):
                self._tapped(Place(path, frame.call, "tap"), module, inputs[1], output)
            elif any(output is given for given in ops.tensors_in(inputs)):
                # whoever called a module that gives back what it was given (dropout, in-place activations) may go on
                # with that: there is nothing to be changed at its output
                if not isinstance(module, nn.Identity):
                    self.gave_back(output)
            elif mark.uid > frame.began:
                self.shapes[Place(path, frame.call, "output")] = tuple(output.shape)
                self.marks.set(output, mark._replace(output=Output(path, frame.call)))

        return hook

    def gave_back(self, tensor: Any) -> None:
        """Something gave back what it was given, as dropout does in eval mode; in train mode it may not.

        What a module in front of it gives out is then not what the features meet.
        """
        mark = self.marks.get(tensor)
        if mark is not None and mark.output is not None:
            self.marks.set(tensor, mark._replace(output=None))

    def _tapped(self, place: Place, gate: Gate, features: Tensor, output: Tensor) -> None:
        """Report a gate of attnviz's own modules, and keep the rules from reporting it again."""
        mark = self.marks.get(output)
        origin = mark.origin if mark else None
        kind, axis = gate.kind, {"pairwise": output.ndim - 1, "branch": 1}.get(gate.kind)
        if origin and origin.sums_to_one and origin.shape == tuple(output.shape):
            axis = origin.axis
        meets = replace(place, operand=1)
        over = self.axes.kinds(output) if kind == "pairwise" else ()
        self._note_front(place, output)
        shape, features_shape = tuple(output.shape), tuple(features.shape)
        finding = Finding(kind, shape, features_shape, place, meets, axis=axis, over=over)
        self.ledger.add([replace(finding, residual=gate.residual, even=gate.even)])
        self.marks.set(output, self.marks.new(origin=Origin("tap", self.marks.uid())))

    def _count(self, func: ops.Operation, args: tuple[Any, ...]) -> Place | None:
        """Count an operation in all modules that are running; its place in the innermost one."""
        family = ops.family_of(func, args)
        if family is None or not self._frames or self._noise.is_in(args):
            return None
        for frame in self._frames:
            frame.counts[family] += 1
        frame = self._frames[-1]
        return Place(frame.path, frame.call, family, frame.counts[family])

    def _judge(self, name: str, args: tuple[Any, ...], place: Place | None) -> frozenset[int]:
        """Ask the rule for an operation, if there is one; numbers of what it found."""
        if name not in RULES or place is None:
            return NONE
        for index, operand in enumerate(args[:4]):
            self._note_front(replace(place, operand=index), operand)
        verdict = RULES[name](Meeting(self.marks, self.axes, name, args, place, self.ledger, self._unbounded))
        numbers = NONE if isinstance(verdict, str) else self.ledger.add(self._labelled(verdict, name, args))
        if self.ledger.explains:
            reason = verdict if isinstance(verdict, str) else ""
            self.ledger.consider(place, shapes_in(args), reason, numbers)
        return numbers

    def _name_foreign(self, name: str, operands: list[tuple[Tensor, Mark]]) -> None:
        """Say of an operation that nothing is known of it, where it is given something bounded and something else."""
        if len(operands) < 2 or not any(mark.gate for _, mark in operands) or not self._frames:
            return
        frame = self._frames[-1]
        frame.counts[name] += 1
        place = Place(frame.path, frame.call, name, frame.counts[name])
        reason = "an operation of another library, into which nothing can be seen"
        self.ledger.consider(place, tuple(tuple(t.shape) for t, _ in operands), reason, NONE)

    def _labelled(self, findings: list[Finding], name: str, args: tuple[Any, ...]) -> list[Finding]:
        """Say what the weights of fused attention run over, which are no tensor that could be followed."""
        if name not in ops.ATTENTION_OPS:
            return findings
        over = self.axes.of_weights(name, args)
        return [replace(f, over=over if f.kind == "pairwise" else ()) for f in findings]

    def _note_front(self, place: Place, value: Any) -> None:
        if isinstance(value, Tensor) and value.ndim and self.marks.get(value) is not None:
            self._front[place] = self.axes.of(value)[0]

    def is_grouped(self, place: Place) -> bool:
        """Whether the rows of one example lie side by side there; yes, where nothing is known of the first axis."""
        kinds = [kind for kind, _ in self._front.get(place, ())]
        ahead = next((i for i, kind in enumerate(kinds) if kind != "batch"), len(kinds))
        examples = math.prod(size for _, size in self._front.get(place, ())[:ahead])
        return not any(kinds) or (ahead > 0 and examples == self.examples and "batch" not in kinds[ahead:])

    def over(self, finding: Finding) -> tuple[str, ...]:
        """What the axes of pairwise weights run over; for every other kind the kind says it."""
        if finding.kind != "pairwise":
            return ()
        over = list(finding.over or self._axes_at.get(finding.exact, ()))
        if len(over) != len(finding.shape):
            return ()
        return (over.pop(finding.batch), *over)

    def see(self, func: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Look at one operation and run it."""
        func, args = ops.as_alias(func, args)
        name, place = ops.name_of(func), self._count(func, args)
        tensors = ops.tensors_in((*args, *keywords.values()))
        operands = [(t, m) for t in tensors if (m := self.marks.get(t)) is not None]
        numbers: frozenset[int] = NONE
        if operands:
            numbers = self._judge(name, args, place)
            if self.ledger.explains and ops.is_foreign(func) and name not in RULES:
                self._name_foreign(func.name(), operands)
            if name not in ops.VIEWS:
                self.uses.update({m.output for _, m in operands if m.output})
            watcher = WATCHERS.get(name)
            if watcher is not None:
                watcher(self.ledger, self.marks, args)
        result = func(*args, **keywords)
        if place is not None and isinstance(result, Tensor):
            self.shapes[place] = tuple(result.shape)
        self._noise.note(func, args, result)
        outputs = ops.tensors_in(result)[: 1 if name in ops.SCRATCH else None]
        if outputs and not operands:
            self.marks.note_computed(tensors, outputs)
        if outputs and operands:
            mark = follow(TracedOperation(self.marks, func, args, keywords, operands, outputs[0], place))
            if mark is not None:
                mark = self._credited(mark, numbers)
                if place is not None and isinstance(result, Tensor):
                    mark = mark._replace(made=(replace(place, operand=-1), tuple(result.shape)))
                self._mark(name, outputs, ops.written(func, args, keywords), mark)
                self.axes.follow(name, (*args, *keywords.values()), result)
                if place is not None and isinstance(result, Tensor):
                    self._axes_at[place] = self.axes.kinds(result)
                    self._note_front(replace(place, operand=-1), result)
        return result

    def _credited(self, mark: Mark, numbers: frozenset[int]) -> Mark:
        """The mark of a product that gave findings."""
        if not numbers:
            return mark
        along = [(n, f.along) for n in numbers if (f := self.ledger.findings.get(n)) and f.along is not None]
        return mark._replace(
            straight=mark.straight | numbers,
            carries=mark.carries | numbers,
            weighs=along[0] if along else None,
        )

    def _mark(self, name: str, outputs: list[Tensor], written: list[Tensor], mark: Mark) -> None:
        for number, tensor in enumerate(outputs):
            own = mark
            whole = not tensor.is_floating_point() and tensor.dtype != torch.bool and not tensor.is_quantized
            if whole and not (mark.gate and name in ONE_HOT):
                own = self.marks.new(carries=mark.carries)  # which, not what
            elif len(outputs) > 1:
                # results of one operation are different values: halves of a chunk have no common root
                uid = self.marks.uid()
                own = with_output(mark, number)._replace(uid=uid, root=uid, value=uid, like=uid)
            self.marks.set(tensor, own)
        for tensor in written:
            self.marks.touch(tensor)
