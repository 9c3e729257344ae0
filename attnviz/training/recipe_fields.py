"""The tables of a recipe and what they allow."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from attnviz.attention import ATTENTION
from attnviz.backbones import BACKBONES
from attnviz.core.errors import UserError, nearest
from attnviz.core.input_spec import FITS, InputSpec, NoiseSpec
from attnviz.images.noise_channels import NOISES
from attnviz.models.foreign import is_foreign

LATER = {"later": True}
"""Marks values and tables that recipes did not always have; at their default they are no part of a recipe's
fingerprint, so that runs of before can go on."""
ASIDE = {"aside": True}
"""Marks values that change what is written down during a run and not the network that comes out: no part of a
fingerprint."""


def require(condition: bool, what: str, given: Any) -> None:
    """Raise ``UserError`` saying what a recipe must have and what was given."""
    if not condition:
        raise UserError(f"recipe: {what}, got {repr(given)[:400]}")


@dataclass(frozen=True)
class ModelPart:
    """What is trained; the number of classes comes from the data.

    Attributes:
        backbone: A name of ``BACKBONES``, ``timm:NAME``, ``torchvision:NAME``, or ``FILE.py:FACTORY``, whose
            code is run.
        attention: A name of ``ATTENTION``.
        size: Side in pixels at which the finished network is evaluated and used.
        backbone_options: Keyword arguments of the backbone.
        attention_options: Keyword arguments of the attention module.
        fit: How photographs are brought to that square, in training as in use: a name of ``core.input_spec.FITS``.
        places: Paths of modules of such another network after whose output attention is put.
    """

    backbone: str
    attention: str
    size: int = 128
    backbone_options: dict[str, Any] = field(default_factory=dict)
    attention_options: dict[str, Any] = field(default_factory=dict)
    fit: str = field(default="crop", metadata=LATER)
    places: list[str] = field(default_factory=list, metadata=LATER)

    def __post_init__(self) -> None:
        foreign = is_foreign(self.backbone)
        require(
            foreign or not self.places, "model.places is for backbones of other libraries and of own code", self.places
        )
        for what, name, table in (("backbone", self.backbone, BACKBONES), ("attention", self.attention, ATTENTION)):
            if name not in table and not (foreign and what == "backbone"):
                raise UserError(f"recipe: unknown model.{what} {name!r}; {nearest(name, table)}")
        require(8 <= self.size <= 1024, "model.size must be in 8..1024 pixels", self.size)
        require(self.fit in FITS, f"model.fit must be {' or '.join(FITS)}", self.fit)

    def input(self, noise: NoiseSpec | None = None) -> InputSpec:
        """What the network is given."""
        return InputSpec(size=(self.size, self.size), noise=noise, fit=self.fit)


@dataclass(frozen=True)
class AugmentPart:
    """What is done to a batch of training images.

    Attributes:
        min_area: Smallest share of the image's area that a random crop keeps, in (0, 1]; 1 keeps it all.
        max_area: Largest share, in [min_area, 1].
        aspect: Largest ratio of a crop's sides, at least 1.
        flip: Mirror half of the images left to right.
        colour: Brightness, contrast and saturation change by a factor in 1 ± colour, in [0, 1).
        cutmix: Share of batches in which a rectangle comes from another image (Yun et al. 2019,
            arXiv 1905.04899), in [0, 1].
        mixup: Share of batches in which every image is blended with another one (Zhang et al. 2018,
            arXiv 1710.09412), in [0, 1]; with ``cutmix`` at most 1 together.
    """

    min_area: float = 0.35
    max_area: float = 1.0
    aspect: float = 4 / 3
    flip: bool = True
    colour: float = 0.2
    cutmix: float = 0.0
    mixup: float = field(default=0.0, metadata=LATER)

    def __post_init__(self) -> None:
        require(
            0 < self.min_area <= self.max_area <= 1,
            "augment areas must be 0 < min_area <= max_area <= 1",
            (self.min_area, self.max_area),
        )
        require(self.aspect >= 1, "augment.aspect must be at least 1", self.aspect)
        require(0 <= self.colour < 1, "augment.colour must be in [0, 1)", self.colour)
        require(0 <= self.cutmix <= 1, "augment.cutmix must be in [0, 1]", self.cutmix)
        require(0 <= self.mixup <= 1, "augment.mixup must be in [0, 1]", self.mixup)
        both = self.cutmix + self.mixup
        require(both <= 1, "augment.cutmix and augment.mixup must be at most 1 together", both)


@dataclass(frozen=True)
class NoisePart:
    """Channels of noise that the network gets beside R, G and B, drawn afresh for every image and epoch.

    Attributes:
        channels: How many; 0 for none.
        kind: A name of ``attnviz.images.noise_channels.NOISES``.
        strength: Standard deviation after normalisation.
        permute: Every image has its channels in an order of its own.
    """

    channels: int = 0
    kind: str = "gaussian"
    strength: float = 1.0
    permute: bool = False

    def __post_init__(self) -> None:
        require(0 <= self.channels <= 64, "noise.channels must be in 0..64", self.channels)
        require(0 <= self.strength <= 100, "noise.strength must be in [0, 100]", self.strength)
        require(self.kind in NOISES, f"noise.kind must be one of {', '.join(NOISES)}", self.kind)
        said = [f.name for f in fields(self) if getattr(self, f.name) != f.default]
        require(
            self.channels > 0 or not said, f"noise.{' and '.join(said)} need noise.channels in 1..64", self.channels
        )

    def to_spec(self) -> NoiseSpec | None:
        """What the network's input says about it."""
        if not self.channels:
            return None
        return NoiseSpec(self.channels, self.kind, self.strength, permute=self.permute)


@dataclass(frozen=True)
class StartPart:
    """What it begins with; by default random weights, all of which are trained.

    Attributes:
        weights: Id of a checkpoint, or path to one of its files: a network as this one, whose weights are taken over;
            a classifier of other classes is fresh. Empty for random weights.
        freeze: Paths of modules, such as ``"stage1"``, that keep what they begin with, the statistics of batch norm
            included.
    """

    weights: str = ""
    freeze: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TrainPart:
    """How it is trained.

    Attributes:
        epochs: Passes over the training images.
        batch_size: Images in a step, over all processes together.
        sizes: ``[[first_epoch, pixels], …]``: the side of the training images from that epoch (counted from 0) on.
        lr: Peak learning rate of SGD.
        momentum: In [0, 1).
        nesterov: Whether the momentum is Nesterov's.
        weight_decay: L2 penalty on weights with more than one axis; biases and batch norm are spared.
        warmup_epochs: Epochs of linear warm-up; a cosine to zero follows.
        label_smoothing: In [0, 1).
        ema_decay: Decay per step of the moving average of weights and buffers, in [0, 1); 0 turns it off.
        eval_every: Evaluate the moving average after this many epochs (and always after the last).
        precision: ``"32-true"`` or ``"bf16-mixed"``.
        channels_last: Keep feature maps in channels-last memory format.
        compile: Use ``torch.compile`` on a GPU; it pays for long runs of few image sizes. Ignored on a CPU.
        snapshots: Numbers of finished epochs (0: before training) after which the gates' answers to the samples are
            recorded; the last epoch is added, and numbers beyond it are ignored.
        seed: Of initial weights, order of images and augmentation, in 0..2147483647.
    """

    epochs: int = 80
    batch_size: int = 64
    sizes: list[list[int]] = field(default_factory=lambda: [[0, 128]])
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup_epochs: float = 3.0
    label_smoothing: float = 0.1
    ema_decay: float = 0.999
    eval_every: int = 5
    precision: str = "bf16-mixed"
    channels_last: bool = True
    snapshots: list[int] = field(default_factory=list, metadata=ASIDE)
    seed: int = 0
    nesterov: bool = field(default=True, metadata=LATER)
    compile: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        require(1 <= self.epochs <= 10_000, "train.epochs must be in 1..10000", self.epochs)
        require(2 <= self.batch_size <= 65_536, "train.batch_size must be in 2..65536", self.batch_size)
        require(self.lr > 0, "train.lr must be positive", self.lr)
        require(0 <= self.momentum < 1, "train.momentum must be in [0, 1)", self.momentum)
        require(0 <= self.seed < 2**31, "train.seed must be in 0..2147483647", self.seed)
        require(self.weight_decay >= 0, "train.weight_decay must be at least 0", self.weight_decay)
        require(
            0 <= self.warmup_epochs < self.epochs,
            "train.warmup_epochs must be in [0, epochs)",
            self.warmup_epochs,
        )
        require(0 <= self.label_smoothing < 1, "train.label_smoothing must be in [0, 1)", self.label_smoothing)
        require(0 <= self.ema_decay < 1, "train.ema_decay must be in [0, 1)", self.ema_decay)
        require(self.eval_every >= 1, "train.eval_every must be at least 1", self.eval_every)
        require(
            self.precision in ("32-true", "bf16-mixed"),
            "train.precision must be 32-true or bf16-mixed",
            self.precision,
        )
        require(
            sorted(set(self.snapshots)) == self.snapshots and all(e >= 0 for e in self.snapshots),
            "train.snapshots must be rising numbers of at least 0",
            self.snapshots,
        )
        pairs = all(isinstance(p, list) and len(p) == 2 and all(isinstance(v, int) for v in p) for p in self.sizes)
        require(
            pairs
            and bool(self.sizes)
            and self.sizes[0][0] == 0
            and sorted(self.sizes) == self.sizes
            and all(16 <= p[1] <= 1024 for p in self.sizes),
            "train.sizes must be [[0, pixels], [epoch, pixels], …] with rising epochs and pixels in 16..1024",
            self.sizes,
        )

    def size_at(self, epoch: int) -> int:
        """Side in pixels of the training images in an epoch counted from 0."""
        return [pixels for first, pixels in self.sizes if first <= epoch][-1]
