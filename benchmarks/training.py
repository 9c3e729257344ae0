"""Images a second of the training engine against a plain PyTorch loop on the same network, pictures and machine.

The plain loop is what one writes by hand: ``ImageFolder``, a ``DataLoader`` with one worker for every core (pinned
memory on a GPU), torchvision's random resized crop, flip, colour jitter and normalisation, and SGD. It gets
channels_last, and bf16 where that is faster for it. It keeps no average of weights and mixes no images, which the
engine does if the recipe says so. Both run in turns, an epoch of a few images each, and medians are compared.

    python -m benchmarks.training --data FOLDER --recipe noise-rgb --out results/training.json

On a machine that does other things too, processor time tells more than the clock: with all cores busy the images a
second are the cores divided by the processor time of an image. So that is measured as well, workers included.

An existing file of results gets one more case, or the same case anew.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from torch.utils.data import DataLoader
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

from attnviz.images.folders import list_images, split_folder
from attnviz.models.results import add_force
from attnviz.models.spec import build
from attnviz.training.data import load_images
from attnviz.training.loop import Trainer
from attnviz.training.recipe import Recipe, load_recipe
from benchmarks.cases import add_case, machine

KEEP = 64
"""Validation images that are linked; they are not measured."""


class Silent:
    """A progress bar that shows nothing."""

    def update(self, count: int) -> None:
        pass

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:
        pass


def link(data: Path, count: int, folder: Path) -> None:
    """Take ``count`` training images of every class alike, by symbolic links."""
    for split, wanted in (("train", count), ("val", KEEP)):
        source = split_folder(data, split)
        classes, files = list_images(source)
        for index, name in enumerate(classes):
            (folder / split / name).mkdir(parents=True)
            mine = [path for path, target in files if target == index][: max(1, wanted // len(classes))]
            for path in mine:
                (folder / split / name / path.name).symlink_to(path.resolve())


def processor_time() -> float:
    """Seconds of processor time that this process and the workers of all loaders have used."""
    ticks = os.sysconf("SC_CLK_TCK")
    workers = (Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split() for child in active_children())
    return time.process_time() + sum((int(fields[11]) + int(fields[12])) / ticks for fields in workers)


def timed(epoch: Callable[[], int]) -> tuple[float, float]:
    """Images a second, and processor milliseconds an image, of one epoch."""
    started, used = time.perf_counter(), processor_time()
    images = epoch()
    seconds = time.perf_counter() - started
    return images / seconds, 1000 * (processor_time() - used) / images


def engine(recipe: Recipe, data: Path, folder: Path) -> Callable[[], int]:
    """A function that trains an epoch and returns how many images it saw."""
    trainer = Trainer(recipe, data, folder)
    images = trainer.steps_per_epoch * recipe.train.batch_size

    def epoch() -> int:
        trainer.train_epoch(0, Silent())
        return images

    return epoch


def plain(recipe: Recipe, data: Path, device: torch.device, workers: int, bf16: bool) -> Callable[[], int]:
    """The same for the loop that one writes by hand."""
    part, size, made = recipe.augment, recipe.train.size_at(0), recipe.model_spec(10)
    steps: list[Any] = [
        T.RandomResizedCrop(size, (part.min_area, part.max_area), (1 / part.aspect, part.aspect)),
        *([T.RandomHorizontalFlip()] if part.flip else []),
        *([T.ColorJitter(part.colour, part.colour, part.colour)] if part.colour else []),
        T.ToTensor(),
        T.Normalize(made.input.mean, made.input.std),
    ]
    images = ImageFolder(str(data / "train"), T.Compose(steps))
    cuda = device.type == "cuda"
    loader = DataLoader(
        images,
        recipe.train.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        pin_memory=cuda,
        persistent_workers=workers > 0,
    )
    network = build(recipe.model_spec(len(images.classes))).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        network.parameters(),
        recipe.train.lr,
        recipe.train.momentum,
        weight_decay=recipe.train.weight_decay,
        nesterov=True,
    )
    network.train()

    def epoch() -> int:
        seen = 0
        for x, y in loader:
            x = x.to(device, non_blocking=True, memory_format=torch.channels_last)
            y = y.to(device, non_blocking=True)
            with torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext():
                loss = F.cross_entropy(network(x), y, label_smoothing=recipe.train.label_smoothing)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            seen += len(x)
        if cuda:
            torch.cuda.synchronize()
        return seen

    return epoch


def measure(recipe: Recipe, data: Path, count: int, rounds: int) -> dict[str, Any]:
    """Both in turns; the plain loop with the number format that is faster for it."""
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        link(data, count, folder / "data")
        mine = engine(recipe, folder / "data", folder / "run")
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        theirs = {bf16: plain(recipe, folder / "data", device, cores, bf16) for bf16 in (False, True)}
        timed(mine)
        # the first epoch starts the workers; the format is chosen by the second
        warm = {bf16: [timed(run), timed(run)][1] for bf16, run in theirs.items()}
        best = min(warm, key=lambda bf16: warm[bf16][1])
        pairs = [(timed(mine), timed(theirs[best])) for _ in range(rounds)]
        started = time.perf_counter()
        side = max(recipe.model.size, *(pixels for _, pixels in recipe.train.sizes))
        load_images(folder / "data", "train", dataclasses.replace(recipe.model.input(), size=(side, side)))
        decoding = (time.perf_counter() - started) / count
    ours, others = (statistics.median(pair[i][0] for pair in pairs) for i in (0, 1))
    cpu, their_cpu = (statistics.median(pair[i][1] for pair in pairs) for i in (0, 1))
    epochs = recipe.train.epochs
    return {
        "recipe": recipe.id,
        "size": recipe.train.size_at(0),
        "batch_size": recipe.train.batch_size,
        "images an epoch": count // recipe.train.batch_size * recipe.train.batch_size,
        "rounds": rounds,
        "engine": {
            "images_per_second": round(ours),
            "processor ms an image": round(cpu, 3),
            "precision": recipe.train.precision,
        },
        "plain": {
            "images_per_second": round(others),
            "processor ms an image": round(their_cpu, 3),
            "precision": "bf16" if best else "fp32",
            "workers": cores,
            "pinned": device.type == "cuda",
            "channels_last": True,
            "processor ms an image, tried": {"fp32": round(warm[False][1], 3), "bf16": round(warm[True][1], 3)},
        },
        "ratio": round(ours / others, 2),
        "ratio by processor time": round(their_cpu / cpu, 2),
        "ratios of the rounds": [round(a[0] / b[0], 2) for a, b in pairs],
        "by processor time": [round(b[1] / a[1], 2) for a, b in pairs],
        f"ratio with the decoding, once in {epochs} epochs": round(1 / (1 / ours + decoding / epochs) / others, 2),
    }


def main() -> None:
    """Measure one case and add it to the file."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="folder with train/<class>/… and val/<class>/…")
    options.add_argument("--recipe", default="noise-rgb")
    options.add_argument("--images", type=int, default=2560, help="in an epoch (default 2560)")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--note", default="", help="kept with the case: what else the machine was doing")
    options.add_argument("--out", type=Path)
    add_force(options)
    given = options.parse_args()
    started = time.perf_counter()
    case = measure(load_recipe(given.recipe), given.data, given.images, given.rounds)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    case |= {
        "command": f"python -m benchmarks.training --data FOLDER --recipe {given.recipe} --images {given.images} "
        f"--rounds {given.rounds}",
        "note": given.note,
        "run": {**machine(device, time.perf_counter() - started), "torchvision": torchvision.__version__},
    }
    add_case(given.out, case, given.force)


if __name__ == "__main__":
    main()
