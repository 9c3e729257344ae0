"""What a network wants to be given: size, fit, normalisation and channels of noise. Plain Python only."""

from __future__ import annotations

from dataclasses import dataclass

from attnviz.core.errors import UserError, nearest

FITS = ("crop", "squash")
"""How a photograph is brought to the shape of a network's input: cut to that shape, or squeezed whole into it."""


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
        if isinstance(self.channels, bool) or not isinstance(self.channels, int) or not 1 <= self.channels <= 64:
            raise UserError(f"noise channels must be a whole number in 1..64, got {self.channels!r}")
        if not 0 <= self.strength <= 100:
            raise UserError(f"noise strength must be in [0, 100], got {self.strength!r}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**31:
            raise UserError(f"noise seed must be a whole number in 0..{2**31 - 1}, got {self.seed!r}")
        every = list(range(3 + self.channels))
        if self.order and sorted(self.order) != every:
            raise UserError(f"noise order must hold each of 0..{every[-1]} once, got {list(self.order)}")
        if self.order and self.permute:
            raise UserError("noise has either a fixed order or one of its own for every image, not both")


@dataclass(frozen=True)
class InputSpec:
    """What a network wants to be given.

    Attributes:
        size: Height and width of the network's input in pixels.
        crop_fraction: How much of each side of what ``fit`` takes is kept, around the centre, in (0, 1].
        mean: Per-channel mean, subtracted from RGB in [0, 1].
        std: Per-channel standard deviation, divided by afterwards; each > 0.
        noise: Channels of noise that are appended after normalisation; ``None`` for R, G and B alone.
        fit: A name of ``FITS``. ``"crop"`` takes the largest centred rectangle of the input's shape, so that nothing is
            distorted and the rest is not seen; ``"squash"`` takes the whole photograph and gives up its proportions.
    """

    size: tuple[int, int] = (128, 128)
    crop_fraction: float = 1.0
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    noise: NoiseSpec | None = None
    fit: str = "crop"

    def __post_init__(self) -> None:
        if len(self.size) != 2 or not all(isinstance(s, int) and 8 <= s <= 2048 for s in self.size):
            raise UserError(f"input size must be two whole numbers in 8..2048, got {self.size}")
        if not 0 < self.crop_fraction <= 1:
            raise UserError(f"crop_fraction must be in (0, 1], got {self.crop_fraction}")
        if len(self.mean) != 3 or len(self.std) != 3 or not all(s > 0 for s in self.std):
            raise UserError(f"mean and std must have 3 values, std > 0, got {self.mean} and {self.std}")
        if self.fit not in FITS:
            raise UserError(f"unknown fit {self.fit!r}; {nearest(self.fit, FITS)}")

    @property
    def channels(self) -> int:
        """How many channels the network is given: red, green, blue and those of noise."""
        return 3 + (self.noise.channels if self.noise else 0)
