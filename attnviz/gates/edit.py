"""Changing gates while a model runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes

from attnviz.core.checks import choice, is_whole
from attnviz.core.contexts import reusable
from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite, Place
from attnviz.core.types import Edit, Floats
from attnviz.gates.apply import ACTIONS, apply, channel_axis, position_axes
from attnviz.gates.passes import Passes
from attnviz.gates.session import Demand, lease, unwrapped
from attnviz.gates.sites import as_gate, as_read, places, resolve

OVER = ("channels", "positions", "batch")


def _floats(value: Any, what: str) -> Floats:
    """A read-only copy as float32; ``UserError`` unless it is made of finite real numbers."""
    if isinstance(value, Tensor) and value.requires_grad:
        raise UserError(f"gradients do not pass {what}; give it without them, as tensor.detach()")
    try:
        real = value.float().cpu() if isinstance(value, Tensor) and not value.is_complex() else value
        values = None if np.iscomplexobj(real) else np.array(real, dtype=np.float32)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise UserError(f"{what} must be numbers, got {type(value).__name__}") from error
    if values is None:
        raise UserError(f"{what} must be real numbers, got complex ones")
    if not np.isfinite(values).all():
        raise UserError(f"{what} must be finite numbers")
    values.setflags(write=False)
    return values


def neutral() -> Edit:
    """Replace a gate by one that does nothing.

    That is 1 for channel, spatial, strip and full gates (0 where the features are multiplied by 1 + the gate), 1/n
    where n weights sum to 1 (branches, pairwise attention), 0 for an added term and the identity for a spatial
    transformer.
    """
    return Edit("neutral")


def set_to(value: Any) -> Edit:
    """Replace a gate by a number, by values that broadcast to its shape, or by a row for each example of a batch."""
    return Edit("set_to", _floats(value, "what a gate is set to"))


def _channels(channels: tuple[Any, ...], action: str) -> tuple[int, ...]:
    """Channels given as arguments or as one list; ``UserError`` unless they are whole numbers."""
    listed = channels[0] if len(channels) == 1 and isinstance(channels[0], (list, tuple)) else channels
    for channel in listed:
        if not is_whole(channel):
            raise UserError(f"a channel to {action} is a whole number, got {channel!r}")
    return tuple(int(channel) for channel in listed)


def scale(factor: float, *channels: int) -> Edit:
    """Multiply a gate with a number, or only some of its channels (branches, heads): ``scale(2, 3, 17)``."""
    number = _floats(factor, "a factor")
    if number.ndim:
        raise UserError(f"a factor is one number, got an array of shape {number.shape}")
    return Edit("scale", number, channels=_channels(channels, "scale"))


def knock_out(*channels: int) -> Edit:
    """Set the weights of some channels (branches, heads) to 0: ``knock_out(3, 17)``."""
    listed = _channels(channels, "knock out")
    if not listed:
        raise UserError("knock_out needs at least one channel")
    return Edit("knock_out", channels=listed)


def mean(reference: Any = None) -> Edit:
    """Replace a gate by its mean over reference examples.

    Args:
        reference: The gate's values for R examples, (R, …); without it the mean over the batch is taken.
    """
    return Edit("mean", None if reference is None else _floats(reference, "a reference"))


def shuffle(over: str = "channels", seed: int = 0) -> Edit:
    """Permute a gate's weights over ``channels``, ``positions`` or the ``batch``, the same for every example."""
    choice("axis to shuffle over", over, OVER)
    if not is_whole(seed, 0, 2**63 - 1):
        raise UserError(f"a seed is a whole number of at least 0, got {seed!r}")
    return Edit("shuffle", over=over, seed=int(seed))


def paint(mask: Any) -> Edit:
    """Replace the weights over positions by a mask (H, W), (D, H, W) for volumes."""
    return Edit("paint", _floats(mask, "a mask"))


def _check_broadcast(site: GateSite, edit: Edit) -> None:
    shape = np.shape(edit.value) if edit.value is not None else ()
    own = site.shape
    inner = shape[1:] if len(shape) == len(own) else shape  # in front stand the examples: one row for all, or for each
    pairs = zip(reversed(inner), reversed(own), strict=False)
    if len(shape) > len(own) or any(a not in (1, b) for a, b in pairs):
        raise UserError(f"{site.name} has shape {own}; it cannot be set to values of shape {shape}")


def _check_channels(site: GateSite, edit: Edit) -> None:
    what = edit.action.replace("_", " ")
    axis = channel_axis(site)
    if axis is None:
        raise UserError(f"{site.name} is a {site.kind} gate and has no channels to {what}")
    count = site.shape[axis]
    for channel in edit.channels:
        if not 0 <= channel < count:
            raise UserError(f"channel to {what} must be in 0..{count - 1} for {site.name}, got {channel}")


def _check_scale(site: GateSite, edit: Edit) -> None:
    if edit.channels:
        _check_channels(site, edit)


def _check_grouped(site: GateSite, edit: Edit) -> None:
    if site.shape[0] > 1 and not site.grouped:
        raise UserError(
            f"{site.name} has {site.shape[0]} rows for each example, which do not lie side by side (joined views, "
            f"heads in front of the examples): whose they are cannot be told for {edit.action}; use set_to with values"
        )


def _check_reference(site: GateSite, edit: Edit) -> None:
    _check_grouped(site, edit)
    shape = np.shape(edit.value) if edit.value is not None else None
    fits = shape is None or (len(shape) == len(site.shape) and shape[1:] == site.shape[1:] and shape[0] > 0)
    if not fits or (shape is not None and shape[0] % site.shape[0]):
        rows = f"R times {site.shape[0]}" if site.shape[0] > 1 else "R"
        raise UserError(f"a reference for {site.name} has shape ({rows}, {str(site.shape[1:])[1:-1]}), got {shape}")


def _check_shuffle(site: GateSite, edit: Edit) -> None:
    if edit.over == "batch":
        _check_grouped(site, edit)
    if edit.over == "channels" and (channel_axis(site) is None or site.traits.has_pairs):
        raise UserError(f"{site.name} is a {site.kind} gate and has no channels to shuffle")
    if edit.over == "positions" and not position_axes(site):
        raise UserError(f"{site.name} is a {site.kind} gate and has no positions to shuffle")


def _check_mask(site: GateSite, edit: Edit) -> None:
    shape = np.shape(edit.value) if edit.value is not None else ()
    if "place" not in site.traits.axes:
        raise UserError(f"{site.name} is a {site.kind} gate; a mask can be painted on a spatial or full gate")
    sides = site.shape[1:-1] if site.channels_last else site.shape[2:]
    # A volume's gate (N, 1, D, H, W) takes one mask for all slices as well.
    if not 2 <= len(shape) <= len(sides) or shape != sides[len(sides) - len(shape) :]:
        raise UserError(f"a mask for {site.name} has shape {sides}, got {shape}")


def _check_nothing(site: GateSite, edit: Edit) -> None:
    """Fits every gate."""


CHECKS: Mapping[str, Callable[[GateSite, Edit], None]] = MappingProxyType(
    {
        "neutral": _check_nothing,
        "set_to": _check_broadcast,
        "scale": _check_scale,
        "knock_out": _check_channels,
        "mean": _check_reference,
        "shuffle": _check_shuffle,
        "paint": _check_mask,
    }
)
"""From ``Edit.action`` to what is checked before anything is hooked."""


@reusable
def edit(model: nn.Module, edits: Mapping[GateSite | str, Edit]) -> Iterator[None]:
    """Change gates while a model runs.

    ``with edit(model, {"layer2.0.se": neutral()}): model(x)``.

    Edits may be nested and act in the order in which they were opened; a capture on the same model sees their
    result. A gate that is the output of a module passes gradients; for one that is edited inside an operation
    (see ``site.how``) the backward pass raises ``UserError``, because autograd does not see the edit. With gradient
    checkpointing the backward pass has to run inside of the context, since it computes gates once more.

    A pass is the outermost call of the model or of a module around the gate, by ``forward`` or without. All calls of
    a module that computes one gate are edited, be they more than at the search; the gates of a module that is called
    several times in a pass can be told apart in passes of the whole model only.

    Args:
        model: The model in which the sites were found, compiled or not.
        edits: From a site, or a name that the last ``find_gates`` gave, to what shall happen to it.

    Raises:
        UserError: A site is not known or an edit does not fit it (nothing has been hooked then), or another
            thread uses the model. Inside of the context: a pass does not come to the gate, what is changed is not
            what the features meet, or a copy of the model is made. On leaving it: no pass came to the gate.
    """
    inner = unwrapped(model)
    if not isinstance(edits, Mapping):
        raise UserError(f"edits are a mapping from gates to what shall happen to them, got {type(edits).__name__}")
    sites = resolve(inner, edits)
    for site, change in zip(sites, edits.values(), strict=True):
        if not isinstance(change, Edit) or change.action not in ACTIONS:
            raise UserError(f"an edit of {site.name} is made by neutral(), set_to() …, got {change!r}")
        CHECKS[change.action](site, change)
    with lease(inner) as session:
        demands = [
            Demand(place := places(site)[0], site, _change(site, place, change, session.passes), edits=True)
            for site, change in zip(sites, edits.values(), strict=True)
        ]
        with session.serve(demands):
            yield


def _change(site: GateSite, place: Place, change: Edit, passes: Passes) -> Callable[[Tensor], Tensor]:
    def act(value: Tensor) -> Tensor:
        # The arithmetic of an edit must not be counted by the scope of a module around it.
        with _disable_current_modes():
            gate = as_gate(value, site, place)
            if change.mixes_examples or (change.action == "mean" and site.shape[0] > 1):
                passes.check_examples(site, len(gate))
            changed = apply(gate, site, change)
            if 0 in value.stride():  # operations are counted by what is repeated: that is still the same
                return as_read(changed.contiguous(), value, site)
            # in the same memory format, and able to be written to
            return torch.empty_like(value).copy_(as_read(changed, value, site))

    return act
