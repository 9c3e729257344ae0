"""What a network is given, read from how somebody else describes it: a spec, a configuration or a transform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from attnviz.core.checks import choice, is_whole
from attnviz.core.errors import UserError, nearest
from attnviz.core.input_spec import INTERPOLATIONS, InputSpec
from attnviz.core.types import Bytes

Transform = Callable[[Bytes], Tensor]
"""(H, W, 3) uint8, the part of the photograph that the network sees -> (C, H, W), its input."""

_WANTED = (
    "an InputSpec, a transform of torchvision, a configuration of timm (input_size, mean, std), or a function from "
    "a Pillow image to a tensor (C, H, W)"
)
_FITS: Mapping[int, str] = {1: "crop", 2: "squash"}
"""What a resize does, by how many numbers it is given: the shorter side, or height and width."""
_NEEDED = ("input_size", "mean", "std")
"""What a configuration must say."""
_NUMBERED: Mapping[str, str] = {str(mode.value): mode.name.lower() for mode in Image.Resampling}
"""Pillow's numbers for a way of resizing."""
_SAME = 0.95
"""Least correlation of a test picture with what a function makes of it, where that keeps the frame."""


@dataclass
class _Steps:
    """What the steps of a ``Compose`` have said so far; ``resized`` is the shorter side or (height, width)."""

    resized: tuple[int, ...] = ()
    cropped: tuple[int, ...] = ()
    scaled: bool = False
    colours: int = 3
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    interpolation: str = "bicubic"


def _sides(value: Any) -> tuple[int, ...]:
    return tuple(int(v) for v in value) if isinstance(value, Iterable) else (int(value),)


def _resize(step: Any, steps: _Steps) -> bool:
    steps.resized = _sides(step.size)
    steps.interpolation = _interpolation(getattr(step, "interpolation", None))
    return not steps.cropped and getattr(step, "max_size", None) is None


def _crop(step: Any, steps: _Steps) -> bool:
    steps.cropped = _sides(step.size)
    return True


def _scale(step: Any, steps: _Steps) -> bool:
    steps.scaled = getattr(step, "scale", True) is not False
    return True


def _normalise(step: Any, steps: _Steps) -> bool:
    steps.mean, steps.std = (
        tuple(torch.as_tensor(values, dtype=torch.float64).flatten().tolist())  # timm's are tensors (3, 1, 1)
        for values in (step.mean, step.std)
    )
    return len(steps.mean) == len(steps.std)


def _grey(step: Any, steps: _Steps) -> bool:
    steps.colours = step.num_output_channels
    return steps.colours == 1


def _nothing(step: Any, steps: _Steps) -> bool:
    return True


_STEPS: Mapping[str, Callable[[Any, _Steps], bool]] = {
    "Resize": _resize,
    "CenterCrop": _crop,
    "ToTensor": _scale,
    "MaybeToTensor": _scale,
    "ConvertImageDtype": _scale,
    "ToDtype": _scale,
    "PILToTensor": _nothing,
    "MaybePILToTensor": _nothing,
    "ToImage": _nothing,
    "Normalize": _normalise,
    "Grayscale": _grey,
}
"""Steps of torchvision's and timm's transforms by the name of their class; each says whether it was understood."""


def _of_compose(transform: Any) -> InputSpec | None:
    """A ``Compose`` of known steps; ``None`` where one is not known, or the steps are no centred crop of a size."""
    steps = _Steps()
    for step in transform.transforms:
        rule = _STEPS.get(type(step).__name__)
        try:
            if rule is None or not rule(step, steps):
                return None
        except (AttributeError, TypeError, ValueError):  # another library's step of the same name
            return None
    frame = _frame(steps.resized, steps.cropped) if steps.scaled else None
    if frame is None:
        return None
    size, share, fit = frame
    values = _each(steps.mean, steps.colours), _each(steps.std, steps.colours)
    return InputSpec(size, share, *values, fit=fit, interpolation=steps.interpolation)


def _frame(resized: tuple[int, ...], cropped: tuple[int, ...]) -> tuple[tuple[int, int], float, str] | None:
    """Size, share and fit of a resize and a centred crop; ``None`` where no spec says the same.

    That is where a crop takes another share of the height than of the width, or is larger than what it is of.
    """
    size = cropped * (2 if len(cropped) == 1 else 1) or resized
    if len(size) != 2 or len(resized) not in _FITS:
        return None
    whole = resized * (2 if len(resized) == 1 else 1)
    height, width = size
    shorter = len(resized) == 1  # then the other side depends on the photograph
    if height > whole[0] or width > whole[1] or height * whole[1] != width * whole[0] or (shorter and height != width):
        return None
    return (height, width), height / whole[0], _FITS[len(resized)]


def _each(values: tuple[float, ...], colours: int) -> tuple[float, ...]:
    """One number stands for every channel, as in ``Normalize((0.5,), (0.5,))``."""
    return values * colours if len(values) == 1 else values


def _interpolation(mode: Any, usual: str = "bilinear") -> str:
    """A name of ``INTERPOLATIONS`` for what torchvision, Pillow and timm call it; torchvision's own is bilinear."""
    value = getattr(mode, "value", mode)
    name = usual if value is None or value == "" else str(value).lower()
    name = _NUMBERED.get(name, {"nearest-exact": "nearest", "random": "bicubic"}.get(name, name))
    choice("interpolation", name, INTERPOLATIONS)
    return name


def _of_preset(transform: Any) -> InputSpec | None:
    """The ``ImageClassification`` of torchvision, which comes with its weights."""
    frame = _frame(_sides(transform.resize_size), _sides(transform.crop_size))
    if frame is None:
        return None
    size, share, fit = frame
    mode = _interpolation(getattr(transform, "interpolation", None))
    return InputSpec(size, share, tuple(transform.mean), tuple(transform.std), fit=fit, interpolation=mode)


_MODES: Mapping[str, str] = {"center": "crop", "squash": "squash"}
"""timm's ``crop_mode`` -> a name of ``attnviz.core.input_spec.FITS``."""


def _of_config(config: Mapping[str, Any]) -> InputSpec:
    """A data configuration of timm."""
    size, mean, std = (_listed(config.get(key)) for key in _NEEDED)
    if len(size) != 3 or not all(map(is_whole, size)) or not mean or not std:
        got = ", ".join(f"{key}={config[key]!r}" if key in _NEEDED else str(key) for key in config)
        raise UserError(f"a configuration needs input_size (C, H, W), mean and std; got {got[:300]}")
    mode = config.get("crop_mode") or "center"
    if not isinstance(mode, str) or mode not in _MODES:
        raise UserError(f"a configuration with crop_mode {mode!r} cannot be followed; {nearest(mode, _MODES)}")
    channels, height, width = map(int, size)
    crop = 1.0 if config.get("crop_pct") is None else config["crop_pct"]
    kept = _interpolation(config.get("interpolation"), "bicubic")
    values = _each(mean, channels), _each(std, channels)
    return InputSpec((height, width), crop, *values, fit=_MODES[mode], interpolation=kept)


def _listed(value: Any) -> tuple[Any, ...]:
    """Several values, or one; nothing where there is none."""
    several = isinstance(value, Iterable) and not isinstance(value, (str, Mapping))
    return tuple(value) if several else () if value is None else (value,)


def _called(function: Callable[[Any], Any], pixels: Bytes) -> Tensor:
    """(H, W, 3) uint8 -> (C, H, W) as the function makes it."""
    try:
        result = function(Image.fromarray(pixels))
        values = torch.as_tensor(result)
    except Exception as error:  # the function is somebody else's: it may raise anything
        raise UserError(
            f"the transform fails on a Pillow image of {pixels.shape[1]}×{pixels.shape[0]} pixels: "
            f"{type(error).__name__}: {error}; transform must be {_WANTED}"
        ) from error
    values = values[0] if values.ndim == 4 and values.shape[0] == 1 else values
    if values.ndim != 3 or not values.is_floating_point():
        raise UserError(
            f"the transform must give a tensor (C, H, W) of floats, got {tuple(values.shape)} {values.dtype}"
        )
    return values


def _test_picture(height: int, width: int) -> Bytes:
    """Grey blocks that look like no shifted, cropped or mirrored copy of themselves: (H, W, 3) uint8."""
    blocks = np.random.default_rng(0).integers(0, 256, (min(16, height // 2), min(16, width // 2)), dtype=np.uint8)
    rows = np.arange(height) * blocks.shape[0] // height
    columns = np.arange(width) * blocks.shape[1] // width
    return np.repeat(blocks[rows][:, columns, None], 3, axis=2)


def _as_it_is(function: Callable[[Any], Any]) -> tuple[InputSpec, Transform]:
    """A function that is not looked into, but tried: it must give one size, be repeatable and keep the frame."""
    height, width = _called(function, _test_picture(256, 256)).shape[1:]
    given = InputSpec((height, width), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    picture = _test_picture(height, width)
    first, second = (_called(function, picture) for _ in range(2))
    if first.shape[1:] != (height, width):
        raise UserError(
            f"the transform must give one size; it gave {height}×{width} for a picture of 256×256 pixels and "
            f"{first.shape[1]}×{first.shape[2]} for one of {height}×{width}"
        )
    if not torch.equal(first, second):
        raise UserError("the transform gives different values for the same picture: use the one for validation")
    wanted = picture[:, :, 0].ravel().astype(np.float64)
    planes = first.reshape(len(first), -1).double().cpu().numpy()
    likeness = max((abs(np.corrcoef(wanted, plane)[0, 1]) for plane in planes if plane.std() > 0), default=0.0)
    if likeness < _SAME:
        raise UserError(
            f"the transform cuts, shifts or mirrors the picture, so a mask could not be laid on the right pixels: a "
            f"picture of {height}×{width} pixels comes back changed. Give InputSpec(size, crop_fraction, mean, std) or "
            "leave out what cuts: attnviz gives the function the part that the network shall see"
        )
    return given, lambda pixels: _called(function, pixels)


def read_transform(transform: Any, model: Any = None) -> tuple[InputSpec, Transform | None]:
    """What a network wants to be given, from any of the usual descriptions.

    A ``Resize`` to (height, width) squeezes a photograph, and so does ``crop_mode = "squash"`` of timm: the spec then
    says ``fit="squash"``. The interpolation is read too; resizing is always antialiased, unless it is ``"nearest"``.

    Args:
        transform: An ``InputSpec``; a transform of torchvision or timm, whose size, mean and std are read; a
            configuration of timm, a mapping with ``input_size``, ``mean`` and ``std``; or a function that is used as it
            is: it gets a Pillow image, the part of the photograph that the network shall see in the network's own
            size, and gives its input, (C, H, W) floats. ``None`` takes what timm wrote into the model.
        model: Where to look if ``transform`` is ``None``.

    Returns:
        The spec, and the function where that makes the input by itself (mean and std then count for nothing).

    Raises:
        UserError: ``transform`` is none of these, or the function fails, gives no fixed size or cuts the picture.
    """
    if transform is None:
        transform = getattr(model, "pretrained_cfg", None)
        if not isinstance(transform, Mapping) or "input_size" not in transform:
            raise UserError(f"say what the network wants to be given: transform must be {_WANTED}")
    if isinstance(transform, InputSpec):
        return transform, None
    if isinstance(transform, Mapping):
        return _of_config(transform), None
    spec = None
    if all(hasattr(transform, name) for name in ("crop_size", "resize_size", "mean", "std")):
        spec = _of_preset(transform)
    elif hasattr(transform, "transforms"):
        spec = _of_compose(transform)
    if spec is not None:
        return spec, None
    if not callable(transform):
        raise UserError(f"transform must be {_WANTED}; got {type(transform).__name__}")
    return _as_it_is(transform)
