"""Readable and stable names of sites, and sentences that say how a site is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from attnviz.core.sites import Place
from attnviz.gates import ops
from attnviz.models.fit_state import plain_path


def owner_of(place: Place, root: str = "model") -> str:
    """Path of the module that a gate belongs to: for a tap the module that holds it."""
    path = plain_path(place.module)
    return (path.removesuffix(".gate") if place.op == "tap" else path) or root


def holder(place: Place) -> str:
    """The module in whose forward a gate meets features, with the number of its call: the parent of a ``Gate``."""
    path = plain_path(place.module)
    path = path.rpartition(".")[0] if place.op == "tap" else path
    return path if place.call == 1 else f"{path}#{place.call}"


def name_sites(owners: Sequence[Place], kinds: Sequence[str], taken: Collection[str]) -> list[str]:
    """Unique names: the module's path, its kind where it holds gates of several, ``#2`` … for its later calls.

    Gates of one kind in one module are counted, ``:0``, ``:1`` …, each kind on its own, and a context that is
    added always carries its kind: what else is found beside a gate does not number it anew.

    Args:
        owners: For every gate the place where it meets features.
        kinds: For every gate its kind.
        taken: Paths of all modules, so that gates of the model itself get a name that is none of them.
    """
    root = "model"
    while root in taken:
        root += "_"
    keys = [(owner_of(place, root), place.call, kind) for place, kind in zip(owners, kinds, strict=True)]
    together, seen = Counter(keys), Counter[tuple[str, int, str]]()
    several = Counter((owner, call) for owner, call, kind in together if kind != "added")
    names = []
    for (owner, call, kind), place in zip(keys, owners, strict=True):
        beside = kind == "added" and place.op != "tap"  # a tap has a path of its own
        told_apart = f":{kind}" if beside or several[owner, call] > 1 else ""
        number = f":{seen[owner, call, kind]}" if together[owner, call, kind] > 1 else ""
        seen[owner, call, kind] += 1
        names.append(f"{owner}{told_apart}{number}" + (f"#{call}" if call > 1 else ""))
    return names


def describe(place: Place, kind: str) -> str:
    """How a site is read, e.g. ``output of layer1.0.se.gate``."""
    module = plain_path(place.module) or "the model"
    call = f", call {place.call}" if place.call > 1 else ""
    if place.op == "tap":
        return "tap"
    if place.op == "output":
        return f"output of {module}{call}"
    if place.op == "fused attention":
        return f"recomputed from query and key: fused attention {place.index} in {module}{call}"
    operation = place.op.split(" ")[0] if place.op not in (*ops.FAMILIES.values(),) else place.op
    what = "result" if place.operand < 0 else "operand"
    return f"{what} of {operation} {place.index} in {module}{call}"
