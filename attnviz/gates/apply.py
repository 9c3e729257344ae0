"""What an edit does to the values of a gate: one function an action, in the table at the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite
from attnviz.core.types import Edit

OFFSETS = "deformable convolution"
"""Where what is geometric are offsets from where a convolution samples anyway."""


def channel_axis(site: GateSite) -> int | None:
    """Axis of the gate along which channels, branches or heads lie; ``None`` where there is no such axis."""
    if not (site.traits.has_channels or site.traits.has_pairs):
        return None
    if site.traits.has_branches and site.axis is not None:
        return site.axis
    if site.traits.has_pairs:
        return _head_axis(site)
    if site.traits.has_places and not site.traits.has_branches and site.channels is not None:
        return site.channels if site.shape[site.channels] > 1 else None
    return next((axis for axis in range(1, len(site.shape)) if site.shape[axis] > 1), 1)


def _head_axis(site: GateSite) -> int | None:
    """Axis of pairwise weights along which heads lie; ``None`` where none is, or heads lie beside examples."""
    between = range(1, len(site.shape) - 2)
    axes = [axis for axis in between if not site.over or site.over[axis] != "place"]
    return next((axis for axis in axes if site.shape[axis] > 1), axes[0] if axes else None)


def position_axes(site: GateSite) -> tuple[int, ...]:
    """Axes of the gate along which positions lie: keys of pairwise weights, else the trailing axes that vary."""
    rank = len(site.shape)
    if site.traits.has_pairs:
        return (rank - 1 if site.axis is None else site.axis,)
    if not site.traits.has_places:
        return ()
    if site.channels is not None and not site.traits.has_branches:
        return tuple(axis for axis in range(1, rank) if site.shape[axis] > 1 and axis != site.channels)
    return tuple(axis for axis in range(max(1, rank - (2 if rank < 5 else 3)), rank) if site.shape[axis] > 1)


def neutral_like(values: Tensor, site: GateSite) -> Tensor:
    """The gate that does nothing: its kind's neutral value, an even share, or what reads every place where it is."""
    if site.traits.even:
        axes = (position_axes(site) or (1,)) if site.axis is None else (site.axis,)
        return torch.full_like(values, 1 / math.prod(values.shape[axis] for axis in axes))
    if site.traits.neutral is not None:
        return torch.full_like(values, site.traits.neutral)
    if site.exact is not None and site.exact.op == OFFSETS:
        return torch.zeros_like(values)
    if values.ndim == 3:
        return torch.eye(values.shape[1], values.shape[2], dtype=values.dtype, device=values.device).expand_as(values)
    dims = values.ndim - 2
    theta = torch.eye(dims, dims + 1, dtype=values.dtype, device=values.device).expand(len(values), -1, -1)
    return F.affine_grid(theta, [len(values), 1, *values.shape[1:-1]], align_corners=False)


def _given(values: Tensor, edit: Edit) -> Tensor:
    return torch.tensor(edit.value, dtype=values.dtype, device=values.device)


def _neutral(values: Tensor, site: GateSite, edit: Edit) -> Tensor:
    return neutral_like(values, site)


def _set_to(values: Tensor, site: GateSite, edit: Edit) -> Tensor:
    return _given(values, edit).expand(values.shape)


def _paint(values: Tensor, site: GateSite, edit: Edit) -> Tensor:
    mask = _given(values, edit)
    return (mask[..., None] if site.channels_last else mask).expand(values.shape)


def _per_channel(values: Tensor, site: GateSite, edit: Edit, factor: Tensor | float) -> Tensor:
    """(1, …) factors that are 1 but at the edit's channels."""
    axis = channel_axis(site) or 1
    factors = torch.ones(values.shape[axis], dtype=values.dtype, device=values.device)
    factors[list(edit.channels)] = factor
    return factors.view([-1 if a == axis else 1 for a in range(values.ndim)])


def _scale(values: Tensor, site: GateSite, edit: Edit) -> Tensor:
    factor = _given(values, edit)
    return values * (_per_channel(values, site, edit, factor) if edit.channels else factor)


def _knock_out(values: Tensor, site: GateSite, edit: Edit) -> Tensor:
    return values * _per_channel(values, site, edit, 0.0)


def _mean(values: Tensor, site: GateSite, edit: Edit) -> Tensor:
    reference = values if edit.value is None else _given(values, edit)
    parts = site.shape[0]
    return reference.unflatten(0, (-1, parts)).mean(0).repeat(len(values) // parts, *(1,) * (values.ndim - 1))


def _cycle(count: int, seed: int) -> Tensor:
    """An order that is one cycle through all, so that every weight moves."""
    cycle = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    order = torch.empty_like(cycle)
    order[cycle] = cycle.roll(1)
    return order


def _shuffle(values: Tensor, site: GateSite, edit: Edit) -> Tensor:
    axis = channel_axis(site) if edit.over == "channels" else 0
    axes = position_axes(site) if edit.over == "positions" else (axis or 0,)
    if edit.over == "batch":
        folded = values.unflatten(0, (-1, site.shape[0]))  # heads or windows of one example lie side by side
        if len(folded) < 2:
            raise UserError(f"shuffling {site.name} over the batch needs at least 2 examples, got {len(folded)}")
        return folded[_cycle(len(folded), edit.seed).to(values.device)].flatten(0, 1)
    front = values.movedim(axes, tuple(range(len(axes))))
    flat = front.reshape(-1, *front.shape[len(axes) :])
    return (
        flat[_cycle(len(flat), edit.seed).to(values.device)].reshape(front.shape).movedim(tuple(range(len(axes))), axes)
    )


ACTIONS: Mapping[str, Callable[[Tensor, GateSite, Edit], Tensor]] = MappingProxyType(
    {
        "neutral": _neutral,
        "set_to": _set_to,
        "scale": _scale,
        "knock_out": _knock_out,
        "mean": _mean,
        "shuffle": _shuffle,
        "paint": _paint,
    }
)
"""From ``Edit.action`` to what it does to the values of a gate, (N, …) -> the same shape."""


def apply(values: Tensor, site: GateSite, edit: Edit) -> Tensor:
    """The values of a gate after an edit.

    Raises:
        UserError: The input's size or batch does not fit the edit, or the gate is a comparison and cannot be that.
    """
    try:
        changed = ACTIONS[edit.action](values if values.is_floating_point() else values.float(), site, edit)
    except UserError:
        raise
    except (RuntimeError, IndexError) as error:
        raise UserError(
            f"{edit.action} does not fit {site.name}, which had shape {site.shape} at the search and has "
            f"{tuple(values.shape)} now: {error}"
        ) from error
    if changed.shape != values.shape:
        raise UserError(
            f"{edit.action} gives values of shape {tuple(changed.shape)} for {site.name}, which had shape {site.shape} "
            f"at the search and has {tuple(values.shape)} now"
        )
    given = changed.to(values.dtype)
    if given.dtype != changed.dtype and not torch.equal(given.to(changed.dtype), changed):
        raise UserError(
            f"{site.name} holds values of type {values.dtype}, which {edit.action} cannot change as asked; make real "
            "numbers of them in the network, as gate.float()"
        )
    return given
