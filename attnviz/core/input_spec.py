"""What a network wants to be given: size, fit, normalisation and channels of noise. Plain Python only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from attnviz.core.checks import choice, is_number, is_whole, whole
from attnviz.core.errors import UserError, nearest

FITS = ("crop", "squash")
"""How a photograph is brought to the shape of a network's input: cut to that shape, or squeezed whole into it."""

INTERPOLATIONS = ("bicubic", "bilinear", "nearest", "lanczos", "box", "hamming")
"""How a photograph is brought to the size of a network's input, by Pillow's names; all but ``nearest`` are
antialiased."""

LATER = ("interpolation", "window", "shown")
"""Fields of ``InputSpec`` that cards did not always have: left out of a card where they are at their default."""

MAX_CHANNELS = 64
"""Most channels of a network's input."""


def _each(values: Any, fits: Callable[[Any], bool]) -> bool:
    """Whether these are several values, as a tuple holds them, and each fits."""
    return isinstance(values, Collection) and not isinstance(values, (str, Mapping)) and all(map(fits, values))


@dataclass(frozen=True)
class NoiseSpec:
    """Channels of noise that a network is given beside R, G and B; ``attnviz.images.noise_channels`` draws them.

    Attributes:
        channels: How many, 1..64.
        kind: A name of ``attnviz.images.noise_channels.NOISES``.
        strength: Standard deviation after normalisation (for kinds made of a picture: a factor), in [0, 100].
        order: Position p of the input holds channel ``order[p]``: 0, 1, 2 are R, G, B, from 3 on it is noise. Empty
            for R, G, B, noise.
        permute: Every image has an order of its own, drawn afresh.
        seed: Of the noise in evaluation and in the app; training draws afresh.
    """

    channels: int = 3
    kind: str = "gaussian"
    strength: float = 1.0
    order: tuple[int, ...] = ()
    permute: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        whole("noise channels", self.channels, 1, 64)
        if not is_number(self.strength, 0, 100):
            raise UserError(f"noise strength must be in [0, 100], got {self.strength!r}")
        whole("noise seed", self.seed, 0, 2**31 - 1)
        every = list(range(3 + self.channels))
        if self.order and not (_each(self.order, is_whole) and sorted(self.order) == every):
            raise UserError(f"noise order must hold each of 0..{every[-1]} once, got {self.order!r}")
        if self.order and self.permute:
            raise UserError("noise has either a fixed order or one of its own for every image, not both")


@dataclass(frozen=True)
class InputSpec:
    """What a network wants to be given.

    Attributes:
        size: Height and width of the network's input in pixels.
        crop_fraction: How much of each side of what ``fit`` takes is kept, around the centre, in (0, 1].
        mean: Of each channel, subtracted from values in [0, 1]: one number for grey, three for RGB, C for others.
        std: Standard deviation of each channel, divided by afterwards; each > 0.
        noise: Channels of noise that are appended after normalisation; ``None`` for the picture's channels alone.
        fit: A name of ``FITS``. ``"crop"`` takes the largest centred rectangle of the input's shape, so that nothing is
            distorted and the rest is not seen; ``"squash"`` takes the whole photograph and gives up its proportions.
        interpolation: A name of ``INTERPOLATIONS``.
        window: (low, high) in the units of the file, which become 0 and 1 before normalisation: of 16-bit greys and
            pictures of other numbers of channels. ``None`` for the whole range of their type.
        shown: Which channels are shown as red, green and blue where there are not one or three; ``None`` for the first
            three.
    """

    size: tuple[int, int] = (128, 128)
    crop_fraction: float = 1.0
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    noise: NoiseSpec | None = None
    fit: str = "crop"
    interpolation: str = "bicubic"
    window: tuple[float, float] | None = None
    shown: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        if not _each(self.size, lambda side: isinstance(side, int) and 8 <= side <= 2048) or len(self.size) != 2:
            raise UserError(f"input size must be two whole numbers in 8..2048, got {self.size!r}")
        if not is_number(self.crop_fraction, 0, 1) or self.crop_fraction == 0:
            raise UserError(f"crop_fraction must be a number in (0, 1], got {self.crop_fraction!r}")
        self._check_values()
        if self.noise is not None and not isinstance(self.noise, NoiseSpec):
            raise UserError(f"noise must be a NoiseSpec or None, got {self.noise!r}")
        if self.noise is not None and len(self.mean) != 3:
            raise UserError(
                f"channels of noise stand beside red, green and blue, got mean for {len(self.mean)} channels"
            )
        choice("fit", self.fit, FITS)
        if self.interpolation not in INTERPOLATIONS:
            raise UserError(
                f"unknown interpolation {self.interpolation!r}; {nearest(self.interpolation, INTERPOLATIONS)}"
            )

    def _check_values(self) -> None:
        """Normalisation, window and shown channels; ``UserError`` where they do not fit each other."""
        several = _each(self.mean, is_number) and _each(self.std, is_number)
        count = len(self.mean) if several else 0
        if not 1 <= count <= MAX_CHANNELS or len(self.std) != count:
            raise UserError(
                f"mean and std must have one finite number for each of 1 to {MAX_CHANNELS} channels (3 values for "
                f"RGB), got {self.mean!r} and {self.std!r}"
            )
        if not all(s > 0 for s in self.std):
            raise UserError(f"std must be > 0, got {self.std}")
        window = self.window
        if window is not None and not (_each(window, is_number) and len(window) == 2 and window[0] < window[1]):
            raise UserError(f"a window is two numbers, low < high, got {window!r}")
        shown = self.shown
        if shown is not None and not (_each(shown, lambda c: type(c) is int and 0 <= c < count) and len(shown) == 3):
            raise UserError(f"shown must name three of the channels 0..{count - 1}, got {shown!r}")

    @property
    def colours(self) -> int:
        """How many channels of the picture itself the network is given, without noise: 1 for grey, 3 for RGB."""
        return len(self.mean)

    @property
    def channels(self) -> int:
        """How many channels the network is given: those of the picture and those of noise."""
        return self.colours + (self.noise.channels if self.noise else 0)

    @property
    def raw(self) -> bool:
        """Whether a picture's own numbers are needed, which eight bits of red, green and blue do not hold."""
        return self.window is not None or self.colours not in (1, 3)
