"""What a file of weights, or a file beside it, says of its network: as Lightning, transformers and timm note it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attnviz.core.checks import is_number
from attnviz.core.input_spec import INTERPOLATIONS
from attnviz.core.model_card import MOST_MEAN, ModelCard
from attnviz.core.notes import Note

BESIDE = ("preprocessor_config.json", "config.json")
"""Files beside weights that transformers and timm write."""
MAX_BYTES = 4 * 2**20
HYPER = "hyper_parameters"
"""Where Lightning notes what a network was built with."""
TRAINING = ("callbacks", "loops", "optimizer", "optimizers", "optimizer_states", "lr_schedulers", "scheduler")
"""Parts of a checkpoint that are about its training."""
DEPTH = 3
"""Levels of a mapping that are looked through: ``{"data": {"transform": {"mean": …}}}``."""
CLASSES = ("num_classes", "n_classes", "nb_classes", "num_labels", "classes")
RESAMPLE = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
"""Pillow's numbers for a way of resizing, which transformers writes."""


@dataclass(frozen=True)
class Settings:
    """What a file says of its network.

    Attributes:
        card: Fields that were found and are what they should be.
        classes: Number of classes.
        arguments: What Lightning notes of how the network was built, for a factory that takes arguments so named.
        source: Names of the files that say it.
    """

    card: ModelCard = field(default_factory=ModelCard)
    classes: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""


def settings_of(values: Mapping[str, Any]) -> Settings:
    """What settings in a mapping, also in mappings inside it, say; what is no such value is left out.

    Where two say different things on one level, neither counts.
    """
    fields = {key: _first(values, names, read) for key, (names, read) in FIELDS.items()}
    mean, std = fields["mean"], fields["std"]
    if (mean is None) != (std is None) or (mean and std and len(mean) != len(std)):
        fields["mean"] = fields["std"] = None
    elif mean and std and max(*mean, *std) > MOST_MEAN:  # of values in 0..255
        fields["mean"], fields["std"] = tuple(v / 255 for v in mean), tuple(v / 255 for v in std)
    classes = _first(values, CLASSES, lambda value: value if type(value) is int and 1 <= value <= 100_000 else None)
    if classes is not None and fields["labels"] and len(fields["labels"]) != classes:
        fields["labels"] = None
    card = ModelCard(**{key: value for key, value in fields.items() if value is not None})
    return Settings(_framed(card, values), classes)


def settings_in(checkpoint: Any, name: str) -> Settings:
    """What a file of this name says that ``torch.save`` or Lightning wrote, besides its tensors."""
    if not isinstance(checkpoint, Mapping):
        return Settings()
    hyper = checkpoint.get(HYPER)
    if not isinstance(hyper, Mapping):
        kept = {key: value for key, value in checkpoint.items() if key not in TRAINING}
        return replace(settings_of(_plain(kept)), source=name)
    values = {"model": _plain(hyper), "data": _plain(checkpoint.get(f"datamodule_{HYPER}") or {})}
    return replace(settings_of(values), arguments=MappingProxyType(values["model"]), source=name)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping of plain values; an ``argparse.Namespace`` in it is a mapping too, and tensors are left out."""
    plain: dict[str, Any] = {}
    for key, value in values.items():
        inner = vars(value) if isinstance(value, Namespace) else value
        if isinstance(inner, Mapping):
            plain[str(key)] = _plain(inner)
        elif isinstance(inner, (str, int, float, bool, list, tuple, type(None))):
            plain[str(key)] = inner
    return plain


def settings_beside(file: Path) -> Settings:
    """What ``preprocessor_config.json`` and ``config.json`` beside a file of weights say."""
    values: dict[str, Any] = {}
    names = []
    for name in BESIDE:
        path = file.parent / name
        try:
            if path.is_file() and path.stat().st_size <= MAX_BYTES:
                read = json.loads(path.read_text(encoding="utf-8-sig"))
                values |= {key: value for key, value in read.items() if key not in values}
                names.append(name)
        except (OSError, ValueError, AttributeError, RecursionError):
            continue  # it is not about this file
    return replace(settings_of(values), source=" and ".join(names))


def laid_under(card: ModelCard, settings: Settings) -> tuple[ModelCard, dict[str, Any]]:
    """What somebody says laid over what a file says, and what of the file counts."""
    own = {key: getattr(settings.card, key) for key in card.__dataclass_fields__}
    used = {key: value for key, value in own.items() if value is not None and getattr(card, key) is None}
    if {"mean", "std"} & used.keys() and not {"mean", "std"} <= used.keys():
        used = {key: value for key, value in used.items() if key not in ("mean", "std")}
    return card.but(**used), used


def note_on(used: Mapping[str, Any], file: str) -> tuple[Note, ...]:
    """That these were read from a file."""
    if not used:
        return ()
    return (Note("read", {"file": file, "fields": "; ".join(f"{key} {_said(value)}" for key, value in used.items())}),)


def _said(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return f"({len(value)}: {', '.join(value[:3])}{' …' if len(value) > 3 else ''})"
    if isinstance(value, tuple):
        return ", ".join(f"{number:.4g}" for number in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:60]


def _levels(values: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    """The mapping, then the mappings in it, and so on."""
    level: list[Mapping[str, Any]] = [values]
    for _ in range(DEPTH):
        yield level
        level = [value for each in level for value in each.values() if isinstance(value, Mapping)]


def _first(values: Mapping[str, Any], names: tuple[str, ...], read: Callable[[Any], Any]) -> Any:
    """The value of the first of these names, on the highest level that has one."""
    for level in _levels(values):
        for name in names:
            every = {repr(v): v for each in level if name in each and (v := read(each[name])) is not None}
            if every:
                return next(iter(every.values())) if len(every) == 1 else None
    return None


def _size(value: Any) -> tuple[int, int] | None:
    """224, [224, 320], timm's [3, 224, 224], {"height": 224, "width": 224} or {"shortest_edge": 224}."""
    if isinstance(value, Mapping):
        sides = [value[key] for key in ("height", "width", "shortest_edge") if key in value]
    else:
        sides = list(value) if isinstance(value, (list, tuple)) else [value]
    sides = sides[1:] if len(sides) == 3 else sides
    sides = sides * 2 if len(sides) == 1 else sides
    fits = len(sides) == 2 and all(type(side) is int and 8 <= side <= 2048 for side in sides)
    return (sides[0], sides[1]) if fits else None


def _numbers(value: Any) -> tuple[float, ...] | None:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if not values or not all(map(is_number, values)):
        return None
    return tuple(float(v) for v in values)


def _deviations(value: Any) -> tuple[float, ...] | None:
    values = _numbers(value)
    return values if values is not None and all(v > 0 for v in values) else None


def _labels(value: Any) -> tuple[str, ...] | None:
    """A list of names, or a mapping from numbers to names or back."""
    if isinstance(value, Mapping) and value:
        back = all(type(number) is int for number in value.values())
        pairs = {str(number): name for name, number in value.items()} if back else {str(k): v for k, v in value.items()}
        value = [pairs.get(str(i)) for i in range(len(pairs))]
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(name, str) for name in value):
        return None
    return tuple(value)


def _interpolation(value: Any) -> str | None:
    name = RESAMPLE[value] if type(value) is int and 0 <= value < len(RESAMPLE) else value
    return name if isinstance(name, str) and name in INTERPOLATIONS else None


FIELDS: Mapping[str, tuple[tuple[str, ...], Callable[[Any], Any]]] = {
    "size": (("crop_size", "size", "image_size", "img_size", "input_size", "resolution"), _size),
    "mean": (("mean", "image_mean", "img_mean", "norm_mean", "pixel_mean"), _numbers),
    "std": (("std", "image_std", "img_std", "norm_std", "pixel_std"), _deviations),
    "labels": (("labels", "class_names", "label_names", "classes", "id2label", "class_to_idx", "names"), _labels),
    "interpolation": (("interpolation", "resample"), _interpolation),
}
"""Field of a card -> the names that people give it, the likeliest first, and what reads its value."""


def _framed(card: ModelCard, values: Mapping[str, Any]) -> ModelCard:
    """How transformers brings a picture to its size: squeezed into height and width, or cut by the shorter side."""
    size, crop = values.get("size"), values.get("crop_size")
    if not isinstance(size, Mapping):
        return card
    if values.get("do_center_crop") and crop is not None:
        edge, side = size.get("shortest_edge"), _size(crop)
        share = min(side) / edge if type(edge) is int and side and edge >= min(side) else None
        return card.but(fit="crop", crop_fraction=share)
    card = card.but(size=_size(size))
    if "shortest_edge" in size:
        share = values.get("crop_pct")
        return card.but(fit="crop", crop_fraction=share if isinstance(share, float) and 0 < share <= 1 else None)
    return card.but(fit="squash")
