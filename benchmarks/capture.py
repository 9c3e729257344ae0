"""What reading gates costs: capture / plain forward, search time, and Grad-CAM of other tools for comparison.

``python -m benchmarks.capture [--repeats 20] [--models seresnet50 ...] [--out results/capture.json]``. Every ratio
is a median over pairs that were measured one right after the other, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import nn

from attnviz.checkpoints import checkpoint_ids, load
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.models import ModelSpec, build

LIGHT = ("seresnet50", "efficientnet_b0", "mobilenetv3_large_100", "skresnet18")
HEAVY = {"gcresnet50t": 224, "coatnet_0_rw_224": 224, "botnet26t_256": 256}
"""Models with full or pairwise gates, for which megabytes matter too."""


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def ratio(plain: Callable[[], object], other: Callable[[], object], repeats: int) -> dict[str, float]:
    """Median and quartiles of other / plain over pairs, the order changing from pair to pair."""
    plain(), other()
    ratios, times = [], []
    for number in range(repeats):
        if number % 2:
            b = seconds(other)
            a = seconds(plain)
        else:
            a = seconds(plain)
            b = seconds(other)
        ratios.append(b / a)
        times.append(a)
    low, middle, high = statistics.quantiles(ratios, n=4)
    return {
        "median_ratio": round(middle, 4),
        "quartiles": [round(low, 4), round(high, 4)],
        "plain_ms": round(1000 * statistics.median(times), 2),
        "pairs": repeats,
    }


def measure(model: nn.Module, side: int, repeats: int, batches: tuple[int, ...] = (1, 16)) -> dict[str, object]:
    """Search time and the ratio for every batch size; ``self`` is plain against plain, which shows the noise."""
    started = time.perf_counter()
    sites = find_gates(model, torch.zeros(1, 3, side, side))
    result: dict[str, object] = {
        "side": side,
        "search_ms": round(1000 * (time.perf_counter() - started), 1),
        "kinds": {k: sum(s.kind == k for s in sites) for k in sorted({s.kind for s in sites})},
        "how": sorted({s.place.op for s in sites if s.place}),
    }
    for batch in batches:
        x = torch.randn(batch, 3, side, side)

        def plain(x: torch.Tensor = x) -> object:
            return model(x)

        def captured(x: torch.Tensor = x) -> object:
            with capture(model, sites) as tape:
                model(x)
            return tape

        with torch.inference_mode():
            row = ratio(plain, captured, repeats if batch == 1 else max(5, repeats // 3))
            row["self"] = ratio(plain, plain, repeats if batch == 1 else 5)["median_ratio"]
            tape = captured()
            row["megabytes"] = round(sum(c.values.nbytes for c in tape.values()) / 2**20, 3)
        result[f"batch_{batch}"] = row
    return result


def others(model: nn.Module, layer: nn.Module, repeats: int) -> dict[str, object]:
    """Grad-CAM of torch-cam and pytorch-grad-cam where they are installed, on the same model and picture."""
    x = torch.randn(1, 3, 224, 224)
    found: dict[str, object] = {}

    def plain() -> object:
        with torch.inference_mode():
            return model(x)

    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        with GradCAM(model=model, target_layers=[layer]) as cam:
            found["pytorch-grad-cam"] = ratio(plain, lambda: cam(x, [ClassifierOutputTarget(0)]), repeats)
    except ImportError:
        found["pytorch-grad-cam"] = "not installed"
    try:
        from torchcam.methods import GradCAM as TorchCam

        with TorchCam(model, layer) as extractor:
            found["torch-cam"] = ratio(plain, lambda: extractor(0, model(x)), repeats)
    except ImportError:
        found["torch-cam"] = "not installed"
    return found


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


def main() -> None:
    """Measure; print JSON, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--models", nargs="*", default=[*LIGHT, *HEAVY])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    import timm

    results: dict[str, object] = {}
    for name in checkpoint_ids():
        loaded = load(name)
        results[f"checkpoint {name}"] = measure(loaded.module, loaded.spec.input.size[0], args.repeats)
    if not checkpoint_ids():
        for kind in ("se", "cbam"):
            model = build(ModelSpec("compact-resnet", kind, 10)).eval()
            results[f"compact-resnet {kind}, untrained"] = measure(model, 128, args.repeats)
    for name in args.models:
        heavy = name in HEAVY
        model = timm.create_model(name).eval()
        results[name] = measure(model, HEAVY.get(name, 224), args.repeats, (1,) if heavy else (1, 16))
        if name == "seresnet50":
            results["Grad-CAM on seresnet50"] = others(model, model.layer4[-1], max(5, args.repeats // 3))
    text = json.dumps({"machine": machine(), "results": results}, indent=1)
    if args.out:
        args.out.write_text(f"{text}\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
