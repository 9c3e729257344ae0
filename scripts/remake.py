"""What follows from values in ``results/``, computed again: ``python -m scripts.remake [--noise-data FOLDER]``.

Intervals, tests and ratios are functions of the accuracies of every seed, which the files hold; no network is trained.
With the test images of the noise experiment the gates of its published networks are asked as well, each with its
channels in the orders that it was trained with.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from attnviz.core.errors import UserError
from attnviz.images.noise_channels import suppression
from attnviz.models.results import FOLDER, read_results, write_results
from attnviz.training.experiments.noise_effects import recovery
from attnviz.training.experiments.pairs import comparisons

PAIRS = ("densenet", "vgg", "stn", "last")
GATED = ("noise-attention", "noise-permuted")


def of_pair(report: dict[str, Any]) -> dict[str, Any]:
    """A report of a network with and without attention."""
    return {**report, **comparisons(report["rows"])}


def of_noise(report: dict[str, Any]) -> dict[str, Any]:
    """A report of the noise experiment, without what asked permuted networks in one fixed order."""
    top1 = [row["top1"]["values"] for row in report["rows"]]
    permuted = {name for name, recipe in report["recipes"].items() if recipe["noise"]["permute"]}
    made = {**report, "recovery": recovery(*top1[:3])}
    made["gates"] = {
        name: row for name, row in report["gates"].items() if name not in permuted or "median_best_ratio" in row
    }
    if permuted & made["gates"].keys():
        return made
    for key in ("kinds", "strengths"):
        made[key] = {
            level: {name: row for name, row in rows.items() if name not in permuted}
            for level, rows in report[key].items()
        }
    return made


def published(folder: Path, report: dict[str, Any]) -> dict[str, Any]:
    """What the published gates let in of every test image.

    Raises:
        UserError: These are other images than those of the experiment.
    """
    from attnviz.core.input_spec import NoiseSpec
    from attnviz.models.locator import load
    from attnviz.training.data import load_images
    from attnviz.training.experiments.noise_probe import ask_as_trained, probe

    networks = [probe(load(name)) for name in GATED]
    images = load_images(folder, "val", networks[0].loaded.spec.input)
    if images.fingerprint != report["data"]["fingerprint"]:
        raise UserError(f"{folder} holds other test images than those of the experiment")
    trained = networks[0].loaded.spec.input.noise or NoiseSpec()
    made = {}
    for name, answer in zip(GATED, ask_as_trained(networks, images, range(len(images)), trained), strict=True):
        scores = [float(f"{score:.4g}") for score in answer.by_content()]
        opened = {key: float(f"{value:.4g}") for key, value in answer.opened().items()}
        made[name] = {"images": len(images), "top1": answer.accuracy, "scores": scores, **opened}
        made[name]["ratio_of_means"] = float(f"{suppression(answer.by_content()):.4g}")
    return made


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--noise-data", type=Path, help="folder with the test images of the noise experiment")
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the files (default: the bundled ones)")
    args = parser.parse_args()
    for name in PAIRS:
        if (report := read_results(name, args.results)) is not None:
            write_results(args.results / f"{name}.json", of_pair(report))
    if (report := read_results("noise", args.results)) is not None:
        made = of_noise(report)
        if args.noise_data is not None:
            made = {**made, "published": published(args.noise_data, report), "run": made["run"]}
        write_results(args.results / "noise.json", made)


if __name__ == "__main__":
    main()
