"""Sample pictures: scenes rendered for this project, and photographs that other packages carry in their wheels.

Those photographs are read from the installed package, which is not imported for it. Nothing is downloaded. Pictures are
read when they are asked for, so importing this module costs nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnviz.core.data_folders import data_folder
from attnviz.core.errors import UserError, nearest
from attnviz.images.own_samples import opened, spread_over
from attnviz.images.sample_table import GRADIO, OWN, RENDERED, SAMPLES, SCIKIT_IMAGE, SCIKIT_LEARN, Sample

ASSETS = data_folder("assets")

_own: dict[str, Sample] = {}
"""Photographs of the folder that the app of this process was opened with."""


def use_own_samples(folder: Path | None) -> int:
    """Offer the photographs of a folder as samples of this process, in front of all others; ``None`` takes them away.

    Returns:
        How many photographs the folder holds, of which ``attnviz.images.own_samples.MOST`` are offered.

    Raises:
        UserError: The folder holds no photograph that can be opened.
    """
    files, count = ((), 0) if folder is None else spread_over(folder)
    _own.clear()
    for number, path in enumerate(files, 1):
        title = f"{path.parent.name}/{path.name}" if folder is not None and path.parent != folder else path.name
        sample = Sample(f"own-{number}", title[:80], title[:80], OWN, None, str(path), OWN)
        _own[sample.name] = sample
    return count


def offered() -> tuple[Sample, ...]:
    """All samples, in order: those of somebody's own folder, then ours."""
    return (*_own.values(), *SAMPLES)


def sample_names() -> tuple[str, ...]:
    """Names of all samples, in order: those of somebody's own folder, then ours."""
    return tuple(sample.name for sample in offered())


def data_set_of(labels: Collection[str]) -> str | None:
    """The data set of the first sample that shows one of these classes; ``None`` if no sample does."""
    return next((sample.data for sample in SAMPLES if sample.expected in labels), None)


def find_sample(name: str) -> Sample:
    """The row of one sample; an unknown name raises ``UserError`` naming the nearest ones."""
    for sample in offered():
        if sample.name == name:
            return sample
    raise UserError(f"unknown sample {name!r}; {nearest(name, sample_names())}")


def load_sample(name: str) -> Image.Image:
    """Read one sample.

    Args:
        name: A name out of ``sample_names()``.

    Returns:
        The whole picture, mode RGB.

    Raises:
        UserError: The name is unknown, or the picture is not installed.
    """
    return read_sample(find_sample(name))


def sample_source(name: str) -> Path | Image.Image:
    """What a network prepares of a sample: the file itself where it is somebody's own, for it may hold more."""
    sample = find_sample(name)
    return Path(sample.origin) if sample.source == OWN else read_sample(sample)


def read_sample(sample: Sample) -> Image.Image:
    """The whole picture of a row of the table, mode RGB; ``UserError`` where it is not installed."""
    return _LOADERS[sample.source](sample)


def sample_masks(name: str) -> dict[str, npt.NDArray[np.bool_]]:
    """Which pixels of a rendered sample show which object.

    Args:
        name: A name out of ``sample_names()``.

    Returns:
        Class -> (h, w) bool of the picture's size, True on the object; empty for photographs.

    Raises:
        UserError: The name is unknown, or the sample's files are not installed.
    """
    sample = find_sample(name)
    if sample.source != RENDERED:
        return {}
    _require(_picture(sample))
    masks = {}
    written = {sample.expected.replace(" ", "-"): sample.expected} if sample.expected else {}
    for path in sorted((ASSETS / "samples").glob(f"{sample.origin}.*.mask.png")):
        stem = path.name.removeprefix(f"{sample.origin}.").removesuffix(".mask.png")
        label = written.get(stem) or stem.replace("-", " ")
        with Image.open(path) as image:
            masks[label] = np.asarray(image.convert("L")) > 127
    return masks


def _picture(sample: Sample) -> Path:
    return ASSETS / "samples" / f"{sample.origin}.jpg"


def _require(path: Path) -> None:
    if not path.is_file():
        raise UserError(
            f"the sample picture {path.name} is not in {path.parent}; rendered samples come with the repository, "
            "not with the installed package: run from a checkout"
        )


def _rendered(sample: Sample) -> Image.Image:
    path = _picture(sample)
    _require(path)
    with Image.open(path) as image:
        return image.convert("RGB")


def _bundled(sample: Sample) -> Image.Image:
    """A photograph from scikit-image's wheel; only those are listed that it never has to download."""
    try:
        loaded = getattr(importlib.import_module("skimage.data"), sample.origin)()
    except Exception as error:  # without its files scikit-image asks for pooch or the network, in several ways
        raise UserError(
            f"the sample {sample.name!r} comes with scikit-image, which could not load it ({error}); "
            "install or update it: pip install scikit-image"
        ) from error
    pixels = loaded[0] if isinstance(loaded, tuple) else loaded  # a stereo pair: the left picture
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3], dtype=np.uint8))


def _packaged(package: str, sample: Sample) -> Image.Image:
    """A photograph that lies as a file in an installed package, which is not imported."""
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent / sample.origin if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        raise UserError(f"the sample {sample.name!r} comes with {sample.source}, which is not installed or lacks it")
    with Image.open(path) as image:
        return image.convert("RGB")


_LOADERS: Mapping[str, Callable[[Sample], Image.Image]] = {
    RENDERED: _rendered,
    SCIKIT_IMAGE: _bundled,
    SCIKIT_LEARN: partial(_packaged, "sklearn"),
    GRADIO: partial(_packaged, "gradio"),
    OWN: lambda sample: opened(Path(sample.origin)),
}
