"""The tap through which every gate of attnviz's own modules passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from attnviz.core.checks import is_number, number, whole
from attnviz.core.errors import UserError
from attnviz.core.kinds import kind_named


class Gate(nn.Module):
    """Identity on a gate's values, so that a plain forward hook can read and replace them.

    It is called with the values and with the features they are about to meet; a hook therefore sees both,
    and what the hook returns is what the network multiplies in.

    Args:
        kind: A key of ``attnviz.core.kinds.KINDS``.
        residual: Whether the features are multiplied by 1 + the values, so that 0 does nothing.
        even: Whether the values sum to 1, over places or channels.

    Raises:
        ValueError: ``kind`` is not known, or cannot be residual or even.
    """

    def __init__(self, kind: str, *, residual: bool = False, even: bool = False) -> None:
        super().__init__()
        self.kind = kind_named(kind).acting(residual, even).name
        self.residual, self.even = residual, even
        self.tap: Callable[[Tensor, Tensor], Tensor] | None = None

    def __call__(self, values: Tensor, features: Tensor) -> Tensor:
        """Run the module and its hooks, and then the ``tap``: it gets what the network goes on with."""
        values = super().__call__(values, features)
        return values if self.tap is None else self.tap(values, features)

    def forward(self, values: Tensor, features: Tensor) -> Tensor:
        """Return ``values`` unchanged; ``features`` is there to be seen."""
        return values

    def __getstate__(self) -> dict[str, Any]:
        """What copies and files hold: a tap stays with this gate."""
        return {**self.__dict__, "tap": None}

    def extra_repr(self) -> str:
        """Show the kind in ``print(model)``."""
        return self.kind


def check_channels(channels: Any) -> int:
    """Return ``channels`` if it is a whole number of at least 1, else raise ``ValueError``."""
    return whole("channels", channels)


def check_dims(dims: Any) -> int:
    """Return ``dims`` if it is 2 (maps) or 3 (volumes), else raise ``ValueError``."""
    if dims not in (2, 3):
        raise UserError(f"dims must be 2 for (N, C, H, W) or 3 for (N, C, D, H, W), got {dims!r}")
    return int(dims)


def hidden_width(channels: int, reduction: Any) -> int:
    """Width of a bottleneck: ``int(channels / reduction)``, never below 1.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; it may be fractional.

    Raises:
        ValueError: ``reduction`` is not a finite number of at least 1.
    """
    if not is_number(reduction):
        raise UserError(f"reduction must be a number of at least 1, got {reduction!r}")
    if reduction < 1:
        raise UserError(f"reduction must be at least 1 (and sensibly at most {channels}), got {reduction!r}")
    return max(1, int(channels / reduction))


def check_start_scale(scale: Any) -> float:
    """Return a factor on initial weights if it is a finite number of at least 0, else raise ``ValueError``."""
    return number("start_scale", scale)


def check_features(x: Tensor, channels: int, dims: int) -> None:
    """Raise ``ValueError`` unless ``x`` is (N, channels, H, W), or (N, channels, D, H, W) for ``dims=3``."""
    if x.ndim != dims + 2 or x.shape[1] != channels:
        layout = "(N, {}, H, W)" if dims == 2 else "(N, {}, D, H, W)"
        raise UserError(f"features must be {layout.format(channels)}, got {tuple(x.shape)}")


def zero(*layers: nn.Module) -> None:
    """Set all parameters of some layers to zero, in place."""
    for layer in layers:
        for parameter in layer.parameters():
            nn.init.zeros_(parameter)
