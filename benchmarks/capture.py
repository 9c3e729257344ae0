"""What reading gates costs: captured / plain forward, search time, megabytes, and Grad-CAM of other tools beside it.

``python -m benchmarks.capture [--quick] [--models seresnet50 ...] [--out results/capture.json]`` takes about five
minutes on two CPU cores, ``--quick`` one. A turn is two plain passes and a captured one in any order, and the time of
the captured one is divided by each of theirs: a machine that is busy, or gets slower, slows all three alike. ``self``
is one plain pass divided by the other: how far from 1 a ratio can be without any reason. Every turn opens and closes a
capture.

The process keeps the memory that it frees: otherwise the system takes and gives the megabytes of large gates in every
pass or in none, as it happens, and the same pass takes 8 or 15 ms.

Networks of timm have random weights: what is timed does not depend on them. Grad-CAM needs ``torchcam`` and
``grad-cam`` (requirements-dev.txt); without them it is left out.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from attnviz.core.kinds import KINDS
from attnviz.core.sites import GateSite
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.log import log_gates
from attnviz.models.checkpoints import checkpoint_ids, load
from attnviz.models.machine import keep_memory
from attnviz.models.results import add_force, check_results, write_results
from attnviz.models.spec import ModelSpec, build

OWN_LIMIT, FOREIGN_LIMIT = 1.05, 1.10
LIMITED = {name for name, kind in KINDS.items() if kind.has_scores or kind.per_place}
"""Kinds for which the first limit holds; the others are larger, or found in another way, and only reported."""
FOREIGN = ("seresnet50", "efficientnet_b0", "mobilenetv3_large_100", "skresnet18")
HEAVY = {"gcresnet50t": 224, "coatnet_0_rw_224": 224, "botnet26t_256": 256, "ghostnetv2_100": 224}
"""timm networks with full, pairwise or added gates, and the side of their input."""
HEAVY_TYPES = ("simam", "self-attention", "danet")
"""Types of attnviz with full or pairwise gates, in an untrained compact ResNet at 128 pixels."""
LOGGED, EVERY = ("noise-attention", "se-30"), 100
"""Bundled networks that are trained with a log of their gates, and from one logged step to the next."""

Run = Callable[[], object]


def seconds(run: Run) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def ratio(plain: Run, other: Run, budget: float, limit: float | None = None) -> dict[str, Any]:
    """Median and quartiles of other / plain over turns of two plain passes and one other, in any order.

    Args:
        plain: The plain forward pass.
        other: What it is compared with.
        budget: Seconds to spend; at least 7 turns are taken, 3 within a second.
        limit: The highest median that is good enough, if there is one.
    """
    plain(), other()
    ratios, same, times = [], [], []
    order = random.Random(0)
    started, fewest = time.perf_counter(), 7 if budget > 1 else 3
    while len(times) < fewest or time.perf_counter() - started < budget:
        turn = [0, 1, 2]
        order.shuffle(turn)  # a fixed one can fall in step with the slices that the system gives to other processes
        took = {number: seconds(other if number == 2 else plain) for number in turn}
        ratios += [took[2] / took[0], took[2] / took[1]]
        same.append(took[1] / took[0])
        times.append(took[0])
    low, median, high = statistics.quantiles(ratios, n=4)
    found = {
        "median_ratio": round(median, 4),
        "quartiles": [round(low, 4), round(high, 4)],
        "self": round(statistics.median(same), 4),
        "plain_ms": round(1000 * statistics.median(times), 2),
        "turns": len(times),
    }
    return found if limit is None else {**found, "limit": limit, "within": median <= limit}


def measure(
    model: nn.Module,
    shape: Sequence[int],
    budget: float,
    batches: Sequence[int] = (1,),
    limit: float | None = None,
    limited: Collection[str] = KINDS,
) -> dict[str, Any]:
    """Search time, kinds and the ratio for every batch size; ``shape`` is (C, H, W).

    ``limit`` holds where all gates are of the kinds in ``limited``.
    """
    started = time.perf_counter()
    sites = find_gates(model, torch.zeros(1, *shape))
    result: dict[str, Any] = {
        "input": list(shape),
        "search_ms": round(1000 * (time.perf_counter() - started), 1),
        "kinds": {k: sum(s.kind == k for s in sites) for k in sorted({s.kind for s in sites})},
        "how": sorted({s.place.op for s in sites if s.place}),
        "compiler_loaded": "torch._dynamo" in sys.modules,  # then opening a capture takes some 20 µs more
    }
    limit = limit if set(result["kinds"]) <= set(limited) else None
    for batch in batches:
        x = torch.randn(batch, *shape)
        captured = capturing(model, x, sites)
        with torch.inference_mode():
            row = ratio(lambda x=x: model(x), captured, budget, limit)
            row["megabytes"] = round(sum(seen.values.nbytes for seen in captured().values()) / 2**20, 3)
        result[f"batch_{batch}"] = row
    return result


def capturing(model: nn.Module, x: torch.Tensor, sites: Sequence[GateSite]) -> Callable[[], dict[str, Any]]:
    """A forward pass with all gates captured."""

    def run() -> dict[str, Any]:
        with capture(model, sites) as tape:
            model(x)
        return tape

    return run


def beside_grad_cam(model: nn.Module, layer: nn.Module, budget: float) -> dict[str, Any]:
    """All gates, and Grad-CAM of two other tools where they are installed, on the same network and picture."""
    x = torch.randn(1, 3, 224, 224)

    def plain() -> object:
        with torch.inference_mode():
            return model(x)

    def gates() -> object:
        with torch.inference_mode():
            return captured()

    captured = capturing(model, x, find_gates(model, x))
    found: dict[str, Any] = {"attnviz, all gates": ratio(plain, gates, budget)}
    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        with GradCAM(model=model, target_layers=[layer]) as cam:
            found["pytorch-grad-cam"] = ratio(plain, lambda: cam(x, [ClassifierOutputTarget(0)]), budget)
    except ImportError:
        found["pytorch-grad-cam"] = "not installed"
    try:
        from torchcam.methods import GradCAM as TorchCam

        with TorchCam(model, layer) as extractor:
            found["torch-cam"] = ratio(plain, lambda: extractor(0, model(x)), budget)
    except ImportError:
        found["torch-cam"] = "not installed"
    return found


def training_with_log(name: str, every: int, budget: float) -> dict[str, Any]:
    """``every`` training steps of a bundled network, one of which is logged, divided by as many without a log.

    There are two copies of the network, of which one is logged all the time.
    """
    loaded = load(name)
    given, plain = loaded.spec.input, loaded.module.train().requires_grad_(True)
    x, logged = torch.randn(2, given.channels, *given.size), copy.deepcopy(plain)

    def steps(model: nn.Module) -> None:
        for _ in range(every):
            model.zero_grad()
            model(x).sum().backward()

    with log_gates(logged, x, every):
        return {"every": every, **ratio(lambda: steps(plain), lambda: steps(logged), budget)}


def machine() -> dict[str, object]:
    """What the figures depend on: versions, hardware, commit, command."""
    cpu = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")]
    versions = {}
    for package in ("torch", "timm", "torchcam", "grad-cam"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return {
        **versions,
        "python": platform.python_version(),
        "cpu": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load average": [round(load, 1) for load in os.getloadavg()],
        "commit": asked.stdout.strip(),
        "command": " ".join(["python -m benchmarks.capture", *sys.argv[1:]]),
    }


def our_networks(budget: float, batches: Sequence[int]) -> dict[str, Any]:
    """Bundled checkpoints that have gates, and types with large gates."""
    found = {}
    for name in checkpoint_ids():
        loaded = load(name)
        if loaded.spec.attention != "none":
            given = loaded.spec.input
            shape = (given.channels, *given.size)
            found[f"checkpoint {name}"] = measure(loaded.module, shape, budget, batches, OWN_LIMIT, LIMITED)
    for kind in HEAVY_TYPES:
        model = build(ModelSpec("compact-resnet", kind, 10)).eval()
        found[f"compact-resnet {kind}, untrained"] = measure(model, (3, 128, 128), budget / 2)
    return found


def main() -> None:
    """Measure; print JSON, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the turns, batch 2 instead of 16")
    parser.add_argument("--models", nargs="*", default=[*FOREIGN, *HEAVY], help="networks of timm")
    parser.add_argument("--out", type=Path, help="a file for the JSON")
    add_force(parser)
    args = parser.parse_args()
    settings = {"quick": args.quick, "models": args.models}
    if args.out:
        check_results(args.out, settings, args.force)
    warnings.simplefilter("ignore")
    keep_memory()
    budget, started, facts = (1.0 if args.quick else 10.0), time.perf_counter(), machine()
    batches = (1, 2) if args.quick else (1, 16)
    results = our_networks(budget, batches)
    for name in LOGGED[: 1 if args.quick else None]:
        results[f"training with log_gates, {name}"] = training_with_log(name, EVERY, budget)
    import timm  # not earlier: it loads torch's compiler, which everybody who loads a checkpoint only is spared

    for name in args.models:
        side = HEAVY.get(name)
        model = timm.create_model(name).eval()
        if side:
            results[name] = measure(model, (3, side, side), budget / 2)
        else:
            results[name] = measure(model, (3, 224, 224), budget, batches, FOREIGN_LIMIT)
        if name == "seresnet50":
            results["beside Grad-CAM, seresnet50"] = beside_grad_cam(model, model.layer4[-1], budget)
    told = {"machine": facts, "minutes": round((time.perf_counter() - started) / 60, 1), "results": results}
    if args.out:
        write_results(args.out, told, settings, args.force)
    else:
        print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
