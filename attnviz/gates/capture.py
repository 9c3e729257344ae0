"""Reading gates during a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from attnviz.errors import UserError, nearest
from attnviz.gates.session import Demand, force_eager, lease, unwrapped
from attnviz.gates.sites import as_gate, places, resolve
from attnviz.types import GateSite


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
    """From the name of a site to what was seen there; filled by every forward pass anew."""

    def __missing__(self, name: str) -> Captured:
        if not self:
            raise UserError(f"nothing was captured for {name!r}: run the model inside the capture")
        raise UserError(f"{name!r} was not captured; {nearest(name, self)}")


@contextmanager
def capture(
    model: nn.Module,
    sites: Iterable[GateSite | str],
    features: Collection[str] = (),
    *,
    exact: bool = False,
) -> Iterator[Tape]:
    """Record gates while a model runs.

    ``with capture(model, sites) as tape: model(x)``, then ``tape["layer2.0.se"].values``.

    The logits stay bit-identical. The tape holds what the network used: the gates after all edits that are open
    on the model. A later pass overwrites an earlier one.

    Args:
        model: The model in which ``sites`` were found, compiled or not.
        sites: What to record: sites, or names that the last ``find_gates`` gave.
        features: Names of the sites whose features shall be recorded too; those are always read exactly.
        exact: Read every gate at the operation in which it meets the features, instead of the lightest way.

    Yields:
        A dict from the site's name to what was seen, filled by the forward pass.

    Raises:
        UserError: A site is not in the model (nothing has been hooked then), or another thread uses the model.
    """
    inner = unwrapped(model)
    wanted = resolve(inner, sites)
    names = {site.name for site in wanted}
    for name in features:
        if name not in names:
            raise UserError(f"unknown gate to read features at {name!r}; {nearest(name, names)}")
    tape = Tape()
    demands = []
    for site in wanted:
        lightest, precise, meets = places(site)
        demands.append(Demand(precise if exact else lightest, site, _note_values(tape, site)))
        if site.name in features:
            demands.append(Demand(meets, site, _note_features(tape, site)))
    with lease(inner) as session, force_eager(), session.serve(demands):
        yield tape


def _note_values(tape: Tape, site: GateSite) -> Callable[[Tensor], None]:
    name = site.name

    def note(value: Tensor) -> None:
        values = as_gate(value, site).detach().clone()
        before = tape.get(name)
        tape[name] = Captured(values) if before is None else Captured(values, before.features)

    return note


def _note_features(tape: Tape, site: GateSite) -> Callable[[Tensor], None]:
    def note(value: Tensor) -> None:
        seen = value.detach().clone()
        before = tape.get(site.name)
        tape[site.name] = Captured(before.values if before else seen, seen)

    return note
