"""What a network computes before a gate, computed once: passes that change the gate take it from an earlier one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite
from attnviz.gates.edit import edit, scale
from attnviz.gates.force_eager import force_eager
from attnviz.gates.paths import unwrapped
from attnviz.gates.session import lease
from attnviz.gates.sites import places

NEAR = 1e-4
"""How far logits may be apart, as a share of the largest, where a pass takes over what was kept: rounding, no more."""


class Call:
    """A call of a module, known by the calls around it.

    Attributes:
        inside: The calls that it makes, by the module's path and how often this call had called it.
        begun: When it began, on a clock that every beginning and end of a call moves on.
        ended: When it ended.
        steady: Whether it gives out one tensor that nothing writes into afterwards.
        size: Bytes of that tensor for one example.
    """

    __slots__ = ("begun", "ended", "inside", "size", "steady")

    def __init__(self) -> None:
        self.inside: dict[tuple[str, int], Call] = {}
        self.begun = self.ended = self.size = 0
        self.steady = False

    def over_before(self, time: int) -> Iterator[Call]:
        """The outermost calls in this one that have ended before a time and whose output can be kept."""
        for call in self.inside.values():
            if call.ended < time and call.steady:
                yield call
            elif call.begun < time:
                yield from call.over_before(time)

    def of(self, path: str) -> Iterator[Call]:
        """All calls of one module."""
        for (name, _), call in self.inside.items():
            if name == path:
                yield call
            yield from call.of(path)


Run = Callable[[], Any]


class _Walk:
    """Stands around the modules of a pass and knows which call is running; what it does there ``run`` says."""

    def __init__(self, root: Call) -> None:
        self._here: Call | None = root
        self._counts: Counter[str] = Counter()

    def find(self, around: Call, key: tuple[str, int]) -> Call | None:
        """The call that begins; ``None`` where there was none like it."""
        return around.inside.get(key)

    def run(self, call: Call | None, forward: Run) -> Any:
        """What the module gives out."""
        return forward()

    def around(self, path: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        """In place of a module's ``forward``."""

        def walked(*args: Any, **keywords: Any) -> Any:
            outer = self._here, self._counts
            self._counts[path] += 1
            self._here = None if self._here is None else self.find(self._here, (path, self._counts[path]))
            self._counts = Counter()
            try:
                return self.run(self._here, lambda: forward(*args, **keywords))
            finally:
                self._here, self._counts = outer

        return walked


class _Survey(_Walk):
    """Notes every call."""

    def __init__(self, root: Call) -> None:
        super().__init__(root)
        self._time = 0
        self._given: list[tuple[Call, Tensor, int]] = []

    def find(self, around: Call, key: tuple[str, int]) -> Call:
        return around.inside.setdefault(key, Call())

    def run(self, call: Call | None, forward: Run) -> Any:
        begun = self._time = self._time + 1
        output = forward()
        self._time += 1
        if call is not None:
            call.begun, call.ended = begun, self._time
            if isinstance(output, Tensor):
                self._given.append((call, output, output._version))
        return output

    def finish(self) -> None:
        """Once the pass is over: which outputs are still what they were."""
        for call, output, version in self._given:
            call.steady = output._version == version
            call.size = output.numel() * output.element_size() // max(1, len(output) if output.ndim else 1)


class _Keeping(_Walk):
    """Keeps what some calls give out."""

    def __init__(self, root: Call, wanted: Collection[Call], kept: dict[Call, Tensor]) -> None:
        super().__init__(root)
        self._wanted, self._kept = wanted, kept

    def run(self, call: Call | None, forward: Run) -> Any:
        output = forward()
        if call is not None and call in self._wanted:
            self._kept[call] = output
        return output


class _Taking(_Walk):
    """Gives out what was kept of some calls, instead of making them."""

    def __init__(self, root: Call, taken: Collection[Call], kept: dict[Call, Tensor]) -> None:
        super().__init__(root)
        self._taken, self._kept = taken, kept

    def run(self, call: Call | None, forward: Run) -> Any:
        if call is not None and call in self._taken and call in self._kept:
            return self._kept[call]
        return forward()


class Prefixes:
    """What lies before each gate of a network, for passes over the same input.

    ``with prefixes.keeping(): model(x)``, then ``with prefixes.taking(sites), edit(model, …): model(x)`` for any
    edits of these sites. Modules that are over when the pass comes to the first of the gates are not run again. A
    module may have left something behind for others, or draw lots: every gate is tried beforehand with ``x``, and
    where a pass that takes over comes to other logits than a whole one, all passes for this gate are whole.

    Args:
        model: The network, in eval mode.
        x: A few examples.
        sites: Its gates.

    Attributes:
        size: Bytes that are kept for one example.
    """

    def __init__(self, model: nn.Module, x: Tensor, sites: Sequence[GateSite]) -> None:
        self._model = unwrapped(model)
        self._root, self._kept = Call(), dict[Call, Tensor]()
        named = self._model.named_modules()
        self._modules = [(path, m) for path, m in named if path and not isinstance(m, torch.jit.ScriptModule)]
        survey = _Survey(self._root)
        with torch.inference_mode(False), torch.no_grad(), force_eager(), self._walked(survey):
            self._model(x.clone())  # tensors of inference mode do not say that they were written into
        survey.finish()
        self._times = {site.name: self._time(site) for site in sites}
        self._try(x, sites)
        self._wanted = frozenset(call for time in self._times.values() for call in self._root.over_before(time))
        self.size = sum(call.size for call in self._wanted)

    def _time(self, site: GateSite) -> int:
        """When a pass comes to a gate; 0, before everything, where it is not known which call that is."""
        place = places(site)[0]
        calls = list(self._root.of(place.module))
        if len(calls) != 1 or max(p.calls for p in places(site)) > 1:
            return 0
        return calls[0].ended if place.op == "output" else calls[0].begun

    def _try(self, x: Tensor, sites: Sequence[GateSite]) -> None:
        model = self._model
        self._wanted = frozenset(call for time in self._times.values() for call in self._root.over_before(time))
        with torch.inference_mode():
            with self.keeping(), force_eager():
                model(x)
            for site in sites:
                if self._times[site.name] and not self._holds(x, site):
                    self._times[site.name] = 0
        self._kept.clear()

    def _holds(self, x: Tensor, site: GateSite) -> bool:
        """Whether a pass that takes over comes to the logits of a whole one."""
        model = self._model
        try:
            with force_eager():
                model(-x)  # a network that leaves something behind for a later module has now left something else
            with self.taking([site]), edit(model, {site: scale(0.5)}):
                taken = model(x)
            with edit(model, {site: scale(0.5)}):
                return _near(taken, model(x))
        except UserError:
            return False

    @contextmanager
    def _walked(self, walk: _Walk) -> Iterator[None]:
        """Stand around every module for one pass of the model."""
        with lease(self._model):
            own = {}
            for path, module in self._modules:
                own[module] = module.__dict__.get("forward")
                module.__dict__["forward"] = walk.around(path, module.forward)
            try:
                yield
            finally:
                for module, forward in own.items():
                    del module.__dict__["forward"]
                    if forward is not None:
                        module.__dict__["forward"] = forward

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep of one pass, which must change no gate, what later ones take; what was kept before is let go."""
        self._kept.clear()
        with self._walked(_Keeping(self._root, self._wanted, self._kept)):
            yield

    @contextmanager
    def taking(self, sites: Collection[GateSite]) -> Iterator[None]:
        """Run one pass over the same input from where the first of the gates is that it changes, one at least."""
        first = min(self._times[site.name] for site in sites)
        taken = frozenset(self._root.over_before(first))
        with self._walked(_Taking(self._root, taken, self._kept)):
            yield


def _near(a: Any, b: Any) -> bool:
    if not isinstance(a, Tensor) or not isinstance(b, Tensor) or a.shape != b.shape or not torch.isfinite(b).all():
        return False
    return bool((a - b).abs().max() <= NEAR * b.abs().max().clamp_min(1e-6))
