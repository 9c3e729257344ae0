"""Recipes: everything that decides a training run, read from TOML and validated before anything starts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from attnviz.errors import UserError, nearest
from attnviz.models import ModelSpec
from attnviz.noise import NOISES
from attnviz.types import InputSpec, NoiseSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BUNDLED = Path(__file__).parent / "recipes"


def _require(condition: bool, what: str, given: Any) -> None:
    if not condition:
        raise UserError(f"recipe: {what}, got {given!r}")


@dataclass(frozen=True)
class ModelPart:
    """What is trained; the number of classes comes from the data.

    Attributes:
        backbone: A name of ``BACKBONES``.
        attention: A name of ``ATTENTION``.
        size: Side in pixels at which the finished network is evaluated and used.
        backbone_options: Keyword arguments of the backbone.
        attention_options: Keyword arguments of the attention module.
    """

    backbone: str
    attention: str
    size: int = 128
    backbone_options: dict[str, Any] = field(default_factory=dict)
    attention_options: dict[str, Any] = field(default_factory=dict)


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
    """

    min_area: float = 0.35
    max_area: float = 1.0
    aspect: float = 4 / 3
    flip: bool = True
    colour: float = 0.2
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        _require(
            0 < self.min_area <= self.max_area <= 1,
            "augment areas must be 0 < min_area <= max_area <= 1",
            (self.min_area, self.max_area),
        )
        _require(self.aspect >= 1, "augment.aspect must be at least 1", self.aspect)
        _require(0 <= self.colour < 1, "augment.colour must be in [0, 1)", self.colour)
        _require(0 <= self.cutmix <= 1, "augment.cutmix must be in [0, 1]", self.cutmix)


@dataclass(frozen=True)
class NoisePart:
    """Channels of noise that the network gets beside R, G and B, drawn afresh for every image and epoch.

    Attributes:
        channels: How many; 0 for none.
        kind: A name of ``attnviz.noise.NOISES``.
        strength: Standard deviation after normalisation.
        permute: Every image has its channels in an order of its own.
    """

    channels: int = 0
    kind: str = "gaussian"
    strength: float = 1.0
    permute: bool = False

    def __post_init__(self) -> None:
        _require(0 <= self.channels <= 64, "noise.channels must be in 0..64", self.channels)
        _require(0 <= self.strength <= 100, "noise.strength must be in [0, 100]", self.strength)
        _require(self.kind in NOISES, f"noise.kind must be one of {', '.join(NOISES)}", self.kind)

    def to_spec(self) -> NoiseSpec | None:
        """What the network's input says about it."""
        if not self.channels:
            return None
        return NoiseSpec(self.channels, self.kind, self.strength, permute=self.permute)


@dataclass(frozen=True)
class TrainPart:
    """How it is trained.

    Attributes:
        epochs: Passes over the training images.
        batch_size: Images in a step, over all processes together.
        sizes: ``[[first_epoch, pixels], …]``: the side of the training images from that epoch (counted from 0) on.
        lr: Peak learning rate of SGD with Nesterov momentum.
        momentum: In [0, 1).
        weight_decay: L2 penalty on weights with more than one axis; biases and batch norm are spared.
        warmup_epochs: Epochs of linear warm-up; a cosine to zero follows.
        label_smoothing: In [0, 1).
        ema_decay: Decay per step of the moving average of weights and buffers, in [0, 1); 0 turns it off.
        eval_every: Evaluate the moving average after this many epochs (and always after the last).
        precision: ``"32-true"`` or ``"bf16-mixed"``.
        channels_last: Keep feature maps in channels-last memory format.
        snapshots: Numbers of finished epochs (0: before training) after which the gates' answers to the samples are
            recorded; the last epoch is added, and numbers beyond it are ignored.
        seed: Of initial weights, order of images and augmentation.
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
    snapshots: list[int] = field(default_factory=list)
    seed: int = 0

    def __post_init__(self) -> None:
        _require(1 <= self.epochs <= 10_000, "train.epochs must be in 1..10000", self.epochs)
        _require(2 <= self.batch_size <= 65_536, "train.batch_size must be in 2..65536", self.batch_size)
        _require(self.lr > 0, "train.lr must be positive", self.lr)
        _require(0 <= self.momentum < 1, "train.momentum must be in [0, 1)", self.momentum)
        _require(self.weight_decay >= 0, "train.weight_decay must be at least 0", self.weight_decay)
        _require(
            0 <= self.warmup_epochs < self.epochs,
            "train.warmup_epochs must be in [0, epochs)",
            self.warmup_epochs,
        )
        _require(0 <= self.label_smoothing < 1, "train.label_smoothing must be in [0, 1)", self.label_smoothing)
        _require(0 <= self.ema_decay < 1, "train.ema_decay must be in [0, 1)", self.ema_decay)
        _require(self.eval_every >= 1, "train.eval_every must be at least 1", self.eval_every)
        _require(
            self.precision in ("32-true", "bf16-mixed"),
            "train.precision must be 32-true or bf16-mixed",
            self.precision,
        )
        _require(
            sorted(set(self.snapshots)) == self.snapshots and all(e >= 0 for e in self.snapshots),
            "train.snapshots must be rising numbers of at least 0",
            self.snapshots,
        )
        pairs = all(isinstance(p, list) and len(p) == 2 and all(isinstance(v, int) for v in p) for p in self.sizes)
        _require(
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


@dataclass(frozen=True)
class Recipe:
    """A whole training run.

    Attributes:
        id: Name of the run and of its checkpoint: lower-case letters, digits and hyphens.
        title: What people see.
        data: What the recipe is meant for; printed, never enforced, so that it runs on any folder of class folders.
        model: What is trained.
        augment: What is done to a batch.
        noise: What the network gets beside the picture.
        train: How it is trained.
    """

    id: str
    title: str
    model: ModelPart
    data: str = "any folder of class folders"
    augment: AugmentPart = field(default_factory=AugmentPart)
    noise: NoisePart = field(default_factory=NoisePart)
    train: TrainPart = field(default_factory=TrainPart)

    def __post_init__(self) -> None:
        good = self.id and all(c.islower() or c.isdigit() or c == "-" for c in self.id) and self.id.isascii()
        _require(bool(good), "id must be lower-case letters, digits and hyphens", self.id)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the values that decide the result, hexadecimal."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def model_spec(self, num_classes: int) -> ModelSpec:
        """The network that this recipe trains on data of ``num_classes`` classes."""
        part, extra = self.model, self.noise.channels
        return ModelSpec(
            part.backbone,
            part.attention,
            num_classes,
            {**part.backbone_options, **({"in_channels": 3 + extra} if extra else {})},
            part.attention_options,
            InputSpec(size=(part.size, part.size), noise=self.noise.to_spec()),
        )


def _fits(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is list:
        return isinstance(value, list) and all(_fits(v, get_args(hint)[0]) for v in value)
    if origin is dict:
        return isinstance(value, dict)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _fill(kind: type[Any], values: Any, where: str) -> Any:
    """Make the dataclass ``kind`` from a TOML table, checking names and types on the way."""
    _require(isinstance(values, Mapping), f"{where or 'the file'} must be a table", values)
    hints = get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(kind)]
    made: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{where}.{key}" if where else key
        if key not in known:
            raise UserError(f"recipe: unknown key {path!r}; {nearest(key, known)}")
        if dataclasses.is_dataclass(hints[key]):
            made[key] = _fill(hints[key], value, path)  # type: ignore[arg-type]
            continue
        _require(_fits(value, hints[key]), f"{path} must be {getattr(hints[key], '__name__', hints[key])}", value)
        made[key] = float(value) if hints[key] is float else value
    for f in dataclasses.fields(kind):
        needed = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        _require(not needed or f.name in made, f"{where + '.' if where else ''}{f.name} is missing", sorted(made))
    return kind(**made)


def _find(source: str | Path) -> Path:
    path, bundled = Path(source), {p.stem: p for p in BUNDLED.glob("*.toml")}
    if path.is_file():
        return path
    if str(source) not in bundled:
        raise UserError(f"no recipe {str(source)!r}: neither a file nor a bundled recipe; {nearest(source, bundled)}")
    return bundled[str(source)]


def _read(source: str | Path, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of a recipe laid over those of the bundled recipe that it extends."""
    path = _find(source)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"{path.name} cannot be read as a recipe (TOML): {error}") from error
    base = values.pop("extends", None)
    if base is None:
        return values
    _require(isinstance(base, str) and base not in (*seen, path.stem), "extends must name another recipe", base)
    below = _read(base, (*seen, path.stem))
    for key, value in values.items():
        both = isinstance(value, dict) and isinstance(below.get(key), dict)
        below[key] = below[key] | value if both else value
    return below


def load_recipe(source: str | Path) -> Recipe:
    """Read a recipe from a TOML file, or one of the bundled recipes by its name.

    ``extends = "name"`` takes everything that a file does not say from a bundled recipe, so that the networks of one
    family are trained alike.

    Raises:
        UserError: There is no such recipe, it is no TOML, or a key or value is not allowed.
    """
    recipe: Recipe = _fill(Recipe, _read(source), "")
    return recipe
