"""Readable and stable names of sites, and sentences that say how a site is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from attnviz.core.types import Place
from attnviz.gates import ops


def plain_path(path: str) -> str:
    """Path of a module without the part that ``torch.compile`` puts in front."""
    return ".".join(part for part in path.split(".") if part != "_orig_mod")


def owner_of(place: Place, root: str = "model") -> str:
    """Path of the module that a gate belongs to: for a tap the module that holds it."""
    path = plain_path(place.module)
    return (path.removesuffix(".gate") if place.op == "tap" else path) or root


def holder(place: Place) -> str:
    """The module in whose forward a gate meets features, with the number of its call: the parent of a ``Gate``."""
    path = plain_path(place.module)
    path = path.rpartition(".")[0] if place.op == "tap" else path
    return path if place.call == 1 else f"{path}#{place.call}"


def name_sites(owners: Sequence[Place], taken: Collection[str]) -> list[str]:
    """Unique names: the module's path, ``:0``, ``:1`` … where it holds several gates, ``#2`` … for its later calls.

    Args:
        owners: For every gate the place where it meets features.
        taken: Paths of all modules, so that gates of the model itself get a name that is none of them.
    """
    root = "model"
    while root in taken:
        root += "_"
    keys = [(owner_of(place, root), place.call) for place in owners]
    together, seen, names = Counter(keys), Counter[tuple[str, int]](), []
    for owner, call in keys:
        number = f":{seen[owner, call]}" if together[owner, call] > 1 else ""
        seen[owner, call] += 1
        names.append(f"{owner}{number}" + (f"#{call}" if call > 1 else ""))
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
