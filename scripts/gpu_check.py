"""What a GPU has to show, in ten minutes: ``python -m scripts.gpu_check --data CIFAR --out FOLDER``.

It needs torch, torchvision, lightning, timm and safetensors with what these bring, and neither gradio, captum nor a
network. In order: gates on the device beside those on the CPU; what reading gates costs; how many photographs a second
an audit reads; and the reference recipe of CIFAR-10 (MobileNetV2, 112 pixels, batch 32, 20 epochs) for five rows, one
after the other in order of worth. Each part writes a file into FOLDER, and is left out where its file is there: the
same command goes on where it stopped. ``--device cpu --tiny`` tries all of it with made-up pictures.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from attnviz.analysis.analyser import Analyser
from attnviz.audit.network import AuditedNetwork as Reader
from attnviz.core.errors import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral
from attnviz.models.checkpoints import checkpoint_ids
from attnviz.models.locator import load
from attnviz.models.results import write_results
from attnviz.training.data import load_images
from attnviz.training.recipe import load_recipe, read_value
from scripts.graphed_training import train

ROWS = ("mobilenet", "mobilenet-last", "mobilenet-noise", "mobilenet-noise-attention", "mobilenet-control")
"""Recipes of the reference, the most telling first."""
FOREIGN = ("timm:seresnet50", "timm:efficientnet_b0", "timm:skresnet18")
NEAR = 2e-3
"""How far gates of the device may be from the CPU's, without TF32."""


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes:
        device: Where it computes.
        data: Folder with ``train/<class>/…`` and ``val/<class>/…``.
        out: For results.
        tiny: Whether a try is enough.
        until: ``time.monotonic()`` at which training stops.
    """

    device: torch.device
    data: Path
    out: Path
    tiny: bool
    until: float


def synchronised(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def correct(plan: Plan) -> dict[str, Any]:
    """Every bundled network: gates beside the CPU's; reading changes nothing; an edit acts; hooks are gone."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    rows = {}
    for name in checkpoint_ids()[: 2 if plan.tiny else None]:
        there, here = (load(name, device=device) for device in (plan.device, torch.device("cpu")))
        x = here.example() + torch.rand(here.example().shape, generator=torch.Generator().manual_seed(0))
        values = []
        for network in (here, there):
            device = next(network.module.parameters()).device
            sites = find_gates(network)
            with torch.inference_mode(), capture(network.module, sites) as tape:
                logits = network.module(x.to(device))
            values.append((sites, logits.cpu(), {site.name: tape[site.name].values.cpu() for site in sites}))
        (sites, _, ours), (_, logits, theirs) = values
        with torch.inference_mode():
            plain = there.module(x.to(plan.device)).cpu()
            changed = plain
            if sites:
                with edit(there.module, {sites[0].name: neutral()}):
                    changed = there.module(x.to(plan.device)).cpu()
        away = max((float((ours[key] - theirs[key]).abs().max()) for key in ours), default=0.0)
        hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in there.module.modules())
        rows[name] = {
            "largest_difference": away,
            "logits_unchanged_by_reading": bool(torch.equal(plain, logits)),
            "an_edit_acts": bool(not sites or not torch.equal(changed, plain)),
            "hooks_left": hooks,
        }
    wrong = [
        name
        for name, one in rows.items()
        if one["largest_difference"] > NEAR or not one["an_edit_acts"] or one["hooks_left"]
        or not one["logits_unchanged_by_reading"]
    ]  # fmt: skip
    return {"networks": rows, "wrong": wrong}


def capturing(plan: Plan) -> dict[str, Any]:
    """Captured / plain forward, the median over turns in which both run, for batches of 1 and 32."""
    turns, batches = (3, (1,)) if plan.tiny else (60, (1, 32))
    rows: dict[str, Any] = {}
    for name in ("cbam", *(FOREIGN[:1] if plan.tiny else FOREIGN)):
        network = load(name, device=plan.device, pretrained=not name.startswith("timm:"))
        sites, shape = find_gates(network), network.example().shape[1:]
        for batch in batches:
            x = torch.rand(batch, *shape, device=plan.device)

            def plain(x: torch.Tensor = x, module: Any = network.module) -> None:
                module(x)

            def captured(x: torch.Tensor = x, module: Any = network.module, sites: Any = sites) -> None:
                with capture(module, sites):
                    module(x)

            with torch.inference_mode():
                taken = [[_seconds(run, plan.device) for run in (plain, captured)] for _ in range(turns + 2)][2:]
            rows[f"{name}, batch {batch}"] = {
                "ratio": round(statistics.median(b / a for a, b in taken), 3),
                "plain_ms": round(1000 * statistics.median(a for a, _ in taken), 3),
            }
    return rows


def auditing(plan: Plan) -> dict[str, Any]:
    """Photographs a second of an audit's reading pass, of tensors that are there already."""
    rows = {}
    for name, side in (("cbam", 128), ("timm:seresnet50", 224)):
        network = load(name, device=plan.device, pretrained=not name.startswith("timm:"))
        reader, batch, rounds = Reader(Analyser(network)), *((2, 1) if plan.tiny else (64, 20))
        pixels = np.random.default_rng(0).integers(0, 256, (batch, side, side, 3), np.uint8)
        numbers = np.arange(batch)
        reader.read(reader.input(pixels, numbers))
        started = time.perf_counter()
        for _ in range(rounds):
            reader.read(reader.input(pixels, numbers))
        synchronised(plan.device)
        rows[name] = {"photographs_per_second": round(rounds * batch / (time.perf_counter() - started), 1)}
    return rows


def training(plan: Plan, row: str) -> dict[str, Any]:
    """One row of the reference recipe."""
    small = ["model.size=32", "train.epochs=2", "train.batch_size=4", "train.sizes=[[0, 32]]"] if plan.tiny else []
    recipe = load_recipe(row, [read_value(text) for text in small])
    wanted = recipe.model.input()
    train_set, val_set = (load_images(plan.data, split, wanted, workers=16) for split in ("train", "val"))
    return train(recipe, train_set, val_set, plan.out, plan.device, plan.until, recipe.train.epochs)


def _seconds(run: Callable[[], None], device: torch.device) -> float:
    synchronised(device)
    started = time.perf_counter()
    run()
    synchronised(device)
    return time.perf_counter() - started


def machine(device: torch.device) -> dict[str, Any]:
    """What was measured on."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {"device": name, "torch": torch.__version__, "cuda": torch.version.cuda, "python": platform.python_version()}


def made_up(folder: Path) -> Path:
    """A data set of noise: two classes, eight pictures each to train with and two to measure with."""
    drawn = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 2)):
        for label in ("dark", "light"):
            place = folder / split / label
            place.mkdir(parents=True)
            for number in range(count):
                pixels = drawn.integers(0, 128, (32, 32, 3), np.uint8) + (127 if label == "light" else 0)
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")
    return folder


def parts() -> dict[str, Callable[[Plan], dict[str, Any]]]:
    """Everything in its order, by the name of its file."""
    rows = {f"training-{row}": lambda plan, row=row: training(plan, row) for row in ROWS}
    return {"correct": correct, "capturing": capturing, "auditing": auditing, **rows}


def run(plan: Plan) -> list[str]:
    """Do what is left to do; what is wrong."""
    wrong = []
    for name, part in parts().items():
        file = plan.out / f"{name}.json"
        kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        if kept and kept.get("epochs") == kept.get("of"):
            print(f"{name}: there already")
        elif name.startswith("training") and time.monotonic() > plan.until:
            print(f"{name}: no time is left; the same command goes on from here")
            continue
        else:
            started = time.monotonic()
            kept = part(plan)
            report = {"machine": machine(plan.device), "seconds": round(time.monotonic() - started, 1), **kept}
            write_results(file, report, {"tiny": plan.tiny}, force=True)
            print(f"{name}: {json.dumps(kept)}")
        wrong += [f"{name}: {one}" for one in kept.get("wrong", [])]
    return wrong


def main(argv: list[str] | None = None) -> int:
    """Check; 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="CIFAR-10 as train/<class>/… and val/<class>/…; made up with --tiny")
    parser.add_argument("--out", type=Path, required=True, help="folder for results")
    parser.add_argument("--device", default="cuda", help="cuda (default) or cpu")
    parser.add_argument("--tiny", action="store_true", help="only try all of it")
    parser.add_argument("--minutes", type=float, default=9.5, help="when training stops, for another time")
    args = parser.parse_args(argv)
    until = time.monotonic() + 60 * args.minutes
    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("gpu_check: there is no CUDA device here; --device cpu --tiny tries the script")
    if args.data is None and not args.tiny:
        raise SystemExit("gpu_check: --data names the folder with CIFAR-10")
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        data = made_up(Path(place)) if args.data is None else args.data
        try:
            wrong = run(Plan(torch.device(args.device), data, args.out, args.tiny, until))
        except UserError as error:
            raise SystemExit(f"gpu_check: {error}") from None
    print("\n".join(wrong) or "everything holds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
