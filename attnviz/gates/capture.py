"""Reading gates during a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from threading import get_ident
from typing import Any

from torch import Tensor, nn

from attnviz.core.checks import choice
from attnviz.core.errors import UserError, nearest
from attnviz.core.sites import GateSite, Place
from attnviz.gates.passes import Passes, transformed, transforming
from attnviz.gates.requests import Demand, Group, used_by
from attnviz.gates.session import Session, begin, finish, unwrapped
from attnviz.gates.sites import as_gate, places, resolve
from attnviz.gates.taps import OutputTap, Tap, Taps


@dataclass(slots=True)
class Captured:
    """What was seen at one gate in the last forward pass, cloned.

    Attributes:
        values: The gate, (N, …).
        features: The features it meets, (N, C, …), where they were asked for.
    """

    values: Tensor
    features: Tensor | None = None


class Tape(dict[str, Captured]):
    """From the name of a site to what was seen there; filled by every forward pass anew.

    Attributes:
        asked: Names of the sites that are read.
    """

    __slots__ = ("asked",)

    asked: Collection[str]  # set by the capture: a constructor of our own takes longer than reading a gate

    def __missing__(self, name: str) -> Captured:
        if name in self.asked:
            if self:
                raise UserError(
                    f"{name!r} was not captured: the last pass did not come to it, as the search did; search for the "
                    "gates with an input like this one"
                )
            raise UserError(
                f"nothing was captured for {name!r}: run the model inside the capture, with an input like that of the "
                "search"
            )
        raise UserError(f"{name!r} was not captured; {nearest(name, self.asked)}")


def capture(
    model: nn.Module,
    sites: Iterable[GateSite | str],
    features: Collection[str] = (),
    *,
    exact: bool = False,
) -> AbstractContextManager[Tape]:
    """Record gates while a model runs.

    ``with capture(model, sites) as tape: model(x)``, then ``tape["layer2.0.se"].values``.

    The logits stay bit-identical (only torch's own ``nn.TransformerEncoderLayer`` leaves its fused way, and with it
    the last bits, as soon as anything is hooked in it). The tape holds what the network used: the gates after all
    edits that are open on the model. A pass of the whole model, by ``model(x)`` or ``model.forward(x)``, empties it
    first; where only parts of the model are called, a later call of a module overwrites an earlier one.

    What a module gives out is read there, and in eval mode not followed to the product. Where the network goes on with
    it in another way than at the search, as another size or a flag may have it, ``exact=True`` reads what the features
    meet; in train mode this is seen and refused.

    Args:
        model: The model in which ``sites`` were found, compiled or not.
        sites: What to record: sites, or names that the last ``find_gates`` gave.
        features: Names of the sites whose features shall be recorded too; those are always read exactly.
        exact: Read every gate at the operation in which it meets the features, instead of the lightest way.

    Returns:
        A context that gives a dict from the site's name to what was seen, filled by the forward pass. Opening it
        raises ``UserError`` if a site is not in the model (nothing has been hooked then), or if another thread
        uses the model; a pass does if it calls a module more often than the search saw, and the dict if the pass has
        not come to a site.
    """
    return Capture(model, _several("gates to read", sites), _several("gates to read features at", features), exact)


def _several(what: str, given: Any) -> tuple[Any, ...]:
    if not isinstance(given, (str, GateSite)):
        try:
            return tuple(given)
        except TypeError:
            pass
    raise UserError(f"{what} are several sites or names, as [site], got {given!r}")


class Capture:
    """An open or closed capture; no generator, since starting one takes as long as reading a gate.

    Args:
        model: As ``capture`` takes it.
        sites: Likewise.
        features: Likewise.
        exact: Likewise.
        trained: Whether there will be passes in train mode, whatever the mode is when it is opened.
    """

    __slots__ = ("_asked", "_model", "_plan", "_session")

    def __init__(
        self,
        model: nn.Module,
        sites: tuple[GateSite | str, ...],
        features: tuple[str, ...] = (),
        exact: bool = False,
        trained: bool = False,
    ) -> None:
        self._model, self._asked = model, (sites, features, exact, trained)
        self._plan: Any = None

    def __enter__(self) -> Tape:
        if self._plan is not None:
            raise UserError("this capture is open already; call capture(…) once more for another one")
        model = unwrapped(self._model)
        session = self._session = begin(model)
        plan = session.prepared
        try:
            # one that is in use serves a capture that is open around this one; frozen models of torch.jit have no mode
            fits = plan is not None and plan.tape is None and plan.asked == self._asked
            if not fits or plan.trained != (self._asked[-1] or getattr(model, "training", False)):
                plan = session.prepared = _Plan(model, session, *self._asked)
            self._plan = plan
            plan.tape = tape = Tape()
            tape.asked = plan.names
            session.start(plan.group)
        except BaseException:
            if plan is not None:
                plan.tape = None
            self._plan = None
            finish(session)
            raise
        return tape

    def __exit__(self, *_: object) -> None:
        plan = self._plan
        try:
            self._session.stop(plan.group)
        finally:
            plan.tape = self._plan = None
            finish(self._session)


class _Plan:
    """What a capture of some sites does; made once, and used by all that ask for the same one after the other.

    Attributes:
        asked: For what it was made.
        trained: Whether values are followed as in train mode: the model was in it then, or will be.
        unfollowed: Names of the gates that would be.
        group: What it wants of the model.
        names: Of the sites.
        tape: Where the gates are noted while a capture is open, else ``None``.
    """

    __slots__ = ("asked", "group", "names", "tape", "trained", "unfollowed")

    def __init__(
        self,
        model: nn.Module,
        session: Session,
        sites: tuple[GateSite | str, ...],
        features: tuple[str, ...],
        exact: bool,
        trained: bool,
    ) -> None:
        self.asked, self.trained = (sites, features, exact, trained), trained or getattr(model, "training", False)
        self.tape: Tape | None = None
        wanted = resolve(model, sites)
        self.names = names = frozenset(site.name for site in wanted)
        for name in features:
            choice("gate to read features at", name, names)
        demands: list[Demand] = []
        taps: dict[str, Tap | OutputTap] = {}
        for site in wanted:
            lightest, precise, meets = places(site)
            # what a module gives out that computes the weights is what edits leave, and no further from the features
            place = precise if exact and not precise.lies_behind(lightest) else lightest
            unread = partial(self._leave_out, site.name)
            demands.append(Demand(place, site, self._noting_values(site, place), trained=self.trained, unread=unread))
            if site.name in features:
                demands.append(Demand(meets, site, self._noting_features(site)))
            tap = self._tapping(site.name, place.module, session.passes)
            taps[place.module] = OutputTap(tap, site, place) if place.op == "output" else tap
        untrained = [] if self.trained else [replace(demand, trained=True) for demand in demands]
        self.unfollowed = [demand.site.name for demand in untrained if used_by(demand) is not None]
        simple = len(taps) == len(demands) and all(_is_simple(demand) for demand in demands)
        self.group = Group(demands, Taps(session.passes, self, taps) if simple else None, self._begin)

    def _begin(self, training: bool) -> None:
        """Empty the tape: what a pass does not come to, it must not have from an earlier one."""
        if self.tape:
            self.tape.clear()
        if training and self.unfollowed:
            self.refuse_train_mode()

    def refuse_train_mode(self) -> None:
        """Say that what a network does to a gate in train mode only would not be seen."""
        raise UserError(
            f"{self.unfollowed[0]} is read where a module gives it out, and in train mode followed from there to the "
            "features; open the capture in train mode (model.train() first), or read it with exact=True"
        )

    def _leave_out(self, name: str) -> None:
        """The pass has not used a gate that it computed."""
        if self.tape is not None:
            self.tape.pop(name, None)

    def _tapping(self, name: str, path: str, passes: Passes) -> Tap:
        """What notes a gate that is given out once in a pass; every microsecond in here counts."""

        def tap(values: Tensor, _features: Tensor) -> Tensor:
            if get_ident() != passes.thread:
                passes.check_thread()
            tape = self.tape
            if tape is not None:
                if name in tape and passes.whole:
                    raise passes.too_many(name, path, 1)
                if transforming():
                    raise transformed(name)
                tape[name] = Captured((values.detach() if values.requires_grad else values).clone())
            return values

        return tap

    def _noting_values(self, site: GateSite, place: Place) -> Callable[[Tensor], None]:
        def note(value: Tensor) -> None:
            if self.tape is not None:
                values = as_gate(value, site, place).detach().clone()
                before = self.tape.get(site.name)
                self.tape[site.name] = Captured(values, before.features if before else None)

        return note

    def _noting_features(self, site: GateSite) -> Callable[[Tensor], None]:
        def note(value: Tensor) -> None:
            if self.tape is not None:
                seen = value.detach().clone()
                before = self.tape.get(site.name)
                self.tape[site.name] = Captured(before.values if before else seen, seen)

        return note


def _is_simple(demand: Demand) -> bool:
    """Whether a tap serves this: at a ``Gate`` or an output that is given once, and has to arrive nowhere."""
    place = demand.place
    once = bool(place.module) and place.calls == 1 and place.operand < 0
    return once and not demand.inside and used_by(demand) is None
