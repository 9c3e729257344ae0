"""Image folders, decoded once and kept as uint8."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from attnviz.core.colour_maps import LUMA
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.images.decode import open_photograph
from attnviz.images.folders import file_digest, fingerprint, list_images, readable, split_folder
from attnviz.images.noise_channels import append_noise
from attnviz.images.prepare import prepare


@dataclass(frozen=True)
class ImageSet:
    """Decoded images of one split.

    Attributes:
        images: (N, 3, H, W) uint8, of every image what the network shall see.
        targets: (N,) int64.
        labels: K class names in the order of ``targets``.
        fingerprint: SHA-256 over names and bytes of all files; two sets with the same one are the same data.
        skipped: Why each file that could not be read was left out.
    """

    images: Tensor
    targets: Tensor
    labels: tuple[str, ...]
    fingerprint: str
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.targets)

    def describe(self) -> dict[str, Any]:
        """What a card says about a split."""
        left_out = {"skipped": len(self.skipped)} if self.skipped else {}
        return {"images": len(self), "fingerprint": self.fingerprint, **left_out}


def load_images(
    root: str | Path, split: str, spec: InputSpec, workers: int = 4, skip_unreadable: bool = False
) -> ImageSet:
    """Decode a split of ``root/<split>/<class>/<image>`` into memory.

    Args:
        root: Folder of the data set.
        split: ``"train"`` or ``"val"``.
        spec: What the network wants: its size, ``fit`` and ``crop_fraction`` decide what is kept of every image, as in
            ``attnviz.images.prepare.prepare``; values are not normalised here.
        workers: Threads that decode; Pillow releases the interpreter lock while it does.
        skip_unreadable: Leave out files that cannot be read instead of refusing the folder.

    Raises:
        UserError: The folder is not laid out like this, files cannot be read (they are counted, and up to ten are
            named), or a class has none that can.
    """
    folder = split_folder(Path(root), split)
    classes, files = list_images(folder)
    images = torch.empty((len(files), 3, *spec.size), dtype=torch.uint8)

    def decode(index: int) -> tuple[bytes, str | None]:
        path = files[index][0]
        name = path.relative_to(folder).as_posix()
        try:
            data = path.read_bytes()
            prepared = prepare(open_photograph(data), spec, display_side=max(spec.size))
        except (UserError, OSError) as error:
            return b"", f"{name}: {error.strerror if isinstance(error, OSError) else error}"
        images[index] = torch.from_numpy(prepared.network.copy()).permute(2, 0, 1)
        return file_digest(name, data), None

    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(decode, range(len(files))))
    bad = tuple(problem for _, problem in results if problem)
    if bad and not skip_unreadable:
        more = f"; and {len(bad) - 10} more" if len(bad) > 10 else ""
        raise UserError(
            f"{len(bad)} of {len(files)} images in {folder} cannot be read: {'; '.join(bad[:10])}{more} "
            "(--skip-unreadable leaves them out)"
        )
    good = [i for i, (_, problem) in enumerate(results) if not problem]
    targets = torch.tensor([files[i][1] for i in good], dtype=torch.int64)
    empty = [name for i, name in enumerate(classes) if not bool((targets == i).any())]
    if empty:
        raise UserError(f"no image of class {', '.join(empty)} in {folder} can be read")
    digest = fingerprint(results[i][0] for i in good)
    return ImageSet(images[good] if bad else images, targets, readable(classes), digest, bad)


def normalise_batch(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(N, 3, H, W) uint8, or float in [0, 255] -> float32, normalised; grey where there is one mean."""
    shape = (1, len(mean), 1, 1)
    if len(mean) == 1:
        luma = torch.tensor(LUMA, device=images.device).view(1, 3, 1, 1)
        images = (images.float() * luma).sum(1, keepdim=True)
    scale = torch.tensor(std, device=images.device).view(shape) * 255
    shift = torch.tensor(mean, device=images.device).view(shape) * 255
    return (images.float() - shift) / scale


def prepare_batch(images: Tensor, spec: InputSpec, generator: Generator | None = None, first: int = 0) -> Tensor:
    """What a network is given for a batch: normalised, with its channels of noise if it wants any.

    Args:
        images: (N, 3, H, W) uint8, or float in [0, 255].
        spec: What the network wants.
        generator: For noise that is drawn afresh; without one it is that of ``spec.noise.seed``.
        first: Number of the first image in its split, which decides its noise where there is no ``generator``.

    Returns:
        (N, 3 or more, H, W) float32.
    """
    x = normalise_batch(images, spec.mean, spec.std)
    return x if spec.noise is None else append_noise(x, spec.noise, generator, first)[0]
