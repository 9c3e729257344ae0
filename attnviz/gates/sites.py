"""From what a caller names to sites of a model, checked before anything is hooked."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError, nearest
from attnviz.core.sites import GateSite, Place
from attnviz.gates.discover import known_sites
from attnviz.gates.paths import module_at, refuse_others


def resolve(model: nn.Module, wanted: Iterable[GateSite | str]) -> list[GateSite]:
    """Sites of a model, given as sites or by the names that the last ``find_gates`` gave them.

    Raises:
        UserError: A name is not known, or a site belongs to another model.
    """
    refuse_others(model)
    by_name = {site.name: site for site in known_sites(model)}
    resolved = []
    for item in wanted:
        site = item if isinstance(item, GateSite) else by_name.get(item) if isinstance(item, str) else None
        if site is None:
            hint = nearest(item, by_name) if by_name else "call find_gates(model, example) first"
            raise UserError(f"unknown gate {item!r}; {hint}")
        found_here = by_name.get(site.name) is site
        if not found_here and any(module_at(model, place.module) is None for place in places(site)):
            raise UserError(f"unknown gate {site.name!r} in this {type(model).__name__}; {nearest(site.name, by_name)}")
        resolved.append(site)
    return resolved


def places(site: GateSite) -> tuple[Place, Place, Place]:
    """Where a site is read, where it is exactly, and where its features are.

    Raises:
        UserError: The site was not made by ``find_gates``.
    """
    if site.place is None or site.exact is None or site.meets is None:
        raise UserError(f"the site {site.name!r} does not say where it is; use one that find_gates returned")
    return site.place, site.exact, site.meets


def as_gate(value: Tensor, site: GateSite, place: Place) -> Tensor:
    """What was read at a place of a site in the shape of the gate: (N, C) -> (N, C, 1, 1); repeats are left out.

    Raises:
        UserError: It does not fit, because the input has another size than at the search.
    """
    if site.batch:
        if site.batch >= value.ndim:
            raise UserError(
                f"{site.name} does not tell its examples apart where it is read, at {site.how}; read it with exact=True"
            )
        value = value.movedim(site.batch, 0)
    if value.shape[1:] == site.shape[1:]:
        return value
    rank = len(site.shape)
    if value.ndim != rank:
        if _is_reshaped(value, site, place):
            return value.reshape(-1, *site.shape[1:])
        parts = site.shape[1:-2]
        if place.op == "matrix product" and rank > 3 == value.ndim and not len(value) % math.prod(parts):
            return value.unflatten(0, (-1, *parts))  # heads were folded for the product
        if value.ndim > rank or place.operand < 0:
            raise UserError(
                f"{site.name} had shape {site.shape} at the search and has {tuple(value.shape)} now where it is read, "
                f"at {site.how}; read it with exact=True, or search for the gates with an input of this size"
            )
        value = value[(None,) * (rank - value.ndim)]  # as broadcasting does
    for axis in range(1, rank):
        if site.shape[axis] == 1 and value.shape[axis] > 1 and _is_alike(value, axis):
            value = value.narrow(axis, 0, 1)
    return value


def _is_reshaped(value: Tensor, site: GateSite, place: Place) -> bool:
    """Whether a value holds whole gates of some examples, which lie in front, folded with other axes or not."""
    examples, rest = divmod(value.numel(), math.prod(site.shape))
    if place.rows and place.rank == value.ndim:
        return not rest and len(value) == examples * place.rows
    folded = [math.prod(site.shape[:axes]) for axes in range(len(site.shape) - 1)]
    if value.ndim and examples and not rest and len(value) in [examples * parts for parts in folded]:
        return True
    sizes, own = ([n for n in shape if n > 1] for shape in (value.shape, site.shape))
    return sizes == own  # one example, without an axis of its own


def _is_alike(value: Tensor, axis: int) -> bool:
    """Whether values are repeated along an axis."""
    return value.stride(axis) == 0 or torch.equal(value, value.narrow(axis, 0, 1).expand_as(value))


def as_read(gate: Tensor, like: Tensor, site: GateSite) -> Tensor:
    """The reverse of ``as_gate``: a gate in the shape in which it was read."""
    if site.batch:
        gate = gate.movedim(0, site.batch)
    if gate.numel() == like.numel():
        return gate.reshape(like.shape)
    return gate.expand(like.shape) if gate.ndim == like.ndim else gate.expand(*gate.shape[: -like.ndim], *like.shape)
