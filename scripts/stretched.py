"""What a network of a data set of squares makes of photographs that are none: cropped against squashed.

``python -m scripts.stretched --data FOLDER [--images 1000] [--out FILE]``: validation pictures stretched to 4:3 and
3:4, given to networks with both fits; accuracy, the pictures gained and lost, and the exact McNemar test of the two.
Besides, what the networks say with both fits to the photographs that installed packages carry.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from attnviz.core.input_spec import FITS
from attnviz.images.decode import open_photograph
from attnviz.images.folders import list_images, split_folder
from attnviz.images.prepare import prepare
from attnviz.images.sample_table import RENDERED, SAMPLES
from attnviz.images.samples import load_sample
from attnviz.models.checkpoints import load
from attnviz.models.network import Network
from attnviz.models.results import write_results
from attnviz.training.data import prepare_batch

NETWORKS = ("cbam", "none", "eca", "local-30", "vgg-local-15")
SHAPES = {"4:3": (171, 128), "3:4": (128, 171)}
"""Width and height in pixels of a picture that was 128 × 128."""
BATCH = 50


@torch.inference_mode()
def right(model: Network, photographs: Sequence[Image.Image], targets: Tensor, fit: str) -> Tensor:
    """(N,) bool: whether a network names the class of each photograph, which it is given with a fit."""
    spec = dataclasses.replace(model.spec.input, fit=fit)
    pixels = torch.stack([torch.from_numpy(prepare(p, spec).network.copy()).permute(2, 0, 1) for p in photographs])
    parts = [model.module(prepare_batch(part, spec)).argmax(1) for part in pixels.split(BATCH)]
    return torch.cat(parts) == targets


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided p of the exact test that gains and losses are alike likely."""
    pairs = gained + lost
    tail = sum(math.comb(pairs, i) for i in range(min(gained, lost) + 1)) / 2**pairs
    return min(1.0, 2 * tail)


def compare(model: Network, photographs: Sequence[Image.Image], targets: Tensor) -> dict[str, Any]:
    """Accuracy in percent of squares, and with both fits of the same pictures stretched."""
    row: dict[str, Any] = {"1:1": _percent(right(model, photographs, targets, "squash"))}
    for shape, size in SHAPES.items():
        stretched = [p.resize(size, Image.Resampling.BICUBIC) for p in photographs]
        crop, squash = (right(model, stretched, targets, fit) for fit in FITS)
        gained, lost = int((~crop & squash).sum()), int((crop & ~squash).sum())
        counts = {"crop": _percent(crop), "squash": _percent(squash), "gained": gained, "lost": lost}
        row[shape] = {**counts, "p": float(f"{mcnemar(gained, lost):.3g}")}
    return row


@torch.inference_mode()
def answers(model: Network, fit: str) -> dict[str, str]:
    """Label and confidence for each sample that is a photograph, and its class where the network knows one."""
    spec, said = dataclasses.replace(model.spec.input, fit=fit), {}
    for sample in SAMPLES:
        if sample.source == RENDERED:
            continue
        pixels = torch.from_numpy(prepare(load_sample(sample.name), spec).network.copy()).permute(2, 0, 1)[None]
        confidence, index = model.module(prepare_batch(pixels, spec)).softmax(1)[0].max(0)
        said[sample.name] = f"{model.labels[int(index)]} {100 * float(confidence):.0f} %"
    return said


def _percent(hits: Tensor) -> float:
    return round(100 * float(hits.float().mean()), 2)


def main() -> None:
    """Measure, print a row a network, and write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with val/<class>/…, pictures of 128 × 128")
    parser.add_argument("--images", type=int, default=1000, help="random pictures (default 1000)")
    parser.add_argument("--out", type=Path, help="file of results to write")
    args = parser.parse_args()
    _, files = list_images(split_folder(args.data, "val"))
    chosen = torch.randperm(len(files), generator=torch.Generator().manual_seed(0))[: args.images].tolist()
    photographs = [open_photograph(files[i][0]) for i in chosen]
    targets = torch.tensor([files[i][1] for i in chosen])
    rows = {}
    for name in NETWORKS:
        rows[name] = compare(load(name), photographs, targets)
        rows[name]["photographs"] = {fit: answers(load(name), fit) for fit in FITS}
        print(name, rows[name], flush=True)
    if args.out:
        report = {"command": "python -m scripts.stretched --data FOLDER", "rows": rows}
        write_results(args.out, report, {"images": len(chosen), "seed": 0, "networks": list(NETWORKS)})


if __name__ == "__main__":
    main()
