"""Does a channel gate on the input shut out channels that carry nothing, and does that win accuracy back?"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from attnviz.audit.walk import draw
from attnviz.core.errors import UserError
from attnviz.core.input_spec import NoiseSpec
from attnviz.core.numbers import significant
from attnviz.images.noise_channels import NOISES, suppression
from attnviz.training.data import ImageSet, load_images
from attnviz.training.experiments import Experiment
from attnviz.training.experiments.noise_effects import effects, recovery
from attnviz.training.experiments.noise_probe import Answer, Probed, ask, ask_as_trained, moments, probe
from attnviz.training.experiments.noise_table import table
from attnviz.training.experiments.paired import on_same_images
from attnviz.training.experiments.runs import Run, spread

FAMILIES = {
    "compact": ("noise-rgb", "noise-plain", "noise-attention", "noise-permuted"),
    "even": ("noise-rgb-even", "noise-plain-even", "noise-attention-even", "noise-permuted-even"),
    "mobilenet": ("mobilenet", "mobilenet-noise", "mobilenet-noise-attention", "mobilenet-noise-permuted"),
    "mobilenet-64": (
        "mobilenet-64",
        "mobilenet-64-noise",
        "mobilenet-64-noise-attention",
        "mobilenet-64-noise-permuted",
    ),
}
"""Networks -> the recipes without noise, with noise, with noise and gate, and the same with positions permuted."""
SCORED = 64
"""Random images over which a gate's scores are averaged, as in the reference."""
OPENED = ("weakest_ratio", "best_ratio", "colours", "noise")
"""What is said of every gate image by image; see ``Answer.opened``."""
STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
REFERENCE = {
    "network": "MobileNetV2 at 112 px, one run: another network and size than the compact ones",
    "top1": {"rgb": 84.53, "noise": 83.73, "attention": 84.34},
    "suppression": 131,
    "recovered": 0.76,
}


def measure(runs: Sequence[Run], data: Path, count: int) -> dict[str, Any]:
    """Everything about the runs of one family.

    Args:
        runs: Finished runs, of any rows and seeds.
        data: Folder with the validation split.
        count: Random images of it for other noises, strengths and positions.

    Raises:
        UserError: ``count`` is no number of images.
    """
    images = load_images(data, "val", runs[0].card.spec.input)
    if not SCORED <= count <= len(images):
        raise UserError(f"--images must be in {SCORED}..{len(images)}, got {count}")
    chosen = draw(len(images), count)
    family = next(family for family in FAMILIES.values() if all(run.row in family for run in runs))
    rgb, noise, attention, _ = family
    top1 = {row: [run.card.metrics["top1"] for run in runs if run.row == row] for row in family}
    noisy = [run for run in runs if run.network.spec.input.noise is not None]
    report: dict[str, Any] = {
        "reference": REFERENCE,
        "rows": [{"recipe": row, **_top1(runs, row)} for row in family if top1[row]],
        "recovery": recovery(top1[rgb], top1[noise], top1[attention]),
        "same_images": on_same_images(runs, [(noise, rgb), (attention, noise), (attention, rgb)], data),
        "moments": moments(images, chosen[:SCORED], runs[0].network),
        "images": {"count": count, "seed": 0, "of": len(images)},
    }
    if not noisy:
        return report
    asked = [probe(run.network) for run in noisy]
    trained = noisy[0].network.spec.input.noise or NoiseSpec()
    kinds = {kind: NoiseSpec(trained.channels, kind, trained.strength) for kind in NOISES}
    levels = sorted({*STRENGTHS, trained.strength})
    strengths = {f"{s:g}": NoiseSpec(trained.channels, trained.kind, s) for s in levels}
    return {
        **report,
        "gates": _gates(noisy, ask_as_trained(asked, images, chosen[:SCORED], strengths[f"{trained.strength:g}"])),
        "kinds": {name: _summary(noisy, ask_as_trained(asked, images, chosen, spec)) for name, spec in kinds.items()},
        "strengths": {
            name: _summary(noisy, ask_as_trained(asked, images, chosen, spec)) for name, spec in strengths.items()
        },
        "positions": _positions(noisy, asked, images, chosen),
    }


def _top1(runs: Sequence[Run], row: str) -> dict[str, Any]:
    """Top-1 on the whole split, from the cards, and the seed whose accuracy is the median."""
    mine = sorted((run.card.metrics["top1"], run.seed) for run in runs if run.row == row)
    return {
        "seeds": [run.seed for run in runs if run.row == row],
        "top1": spread([run.card.metrics["top1"] for run in runs if run.row == row], 2),
        "median_seed": mine[(len(mine) - 1) // 2][1],
    }


def _gates(runs: Sequence[Run], answers: Sequence[Answer]) -> dict[str, Any]:
    """Scores of R, G, B and the noise for every run with a gate, what it opens, and the seed whose ratio is the median.

    Networks whose channels stood in a new order in every image are asked in such orders.
    """
    rows: dict[str, Any] = {}
    for run, answer in zip(runs, answers, strict=True):
        if answer.scores is not None:
            scores = answer.by_content()
            entry = {
                "seed": run.seed,
                "scores": [significant(s, 4) for s in scores],
                "ratio": significant(suppression(scores), 4),
                **{key: significant(value, 4) for key, value in answer.opened().items()},
            }
            rows.setdefault(run.row, {"runs": []})["runs"].append(entry)
    for row in rows.values():
        ratios = sorted((entry["ratio"], entry["seed"]) for entry in row["runs"])
        row["median_ratio"] = significant(statistics.median(ratio for ratio, _ in ratios), 4)
        for key in OPENED:
            row[f"median_{key}"] = significant(statistics.median(entry[key] for entry in row["runs"]), 4)
        row["median_seed"] = ratios[(len(ratios) - 1) // 2][1]
    return rows


def _summary(runs: Sequence[Run], answers: Sequence[Answer]) -> dict[str, Any]:
    """Recipe -> accuracy over seeds and, where there is a gate, how far it suppresses."""
    summary: dict[str, Any] = {}
    for row in dict.fromkeys(run.row for run in runs):
        mine = [answer for run, answer in zip(runs, answers, strict=True) if run.row == row]
        summary[row] = {"top1": spread([answer.accuracy for answer in mine], 2)}
        ratios = [significant(suppression(answer.by_content()), 4) for answer in mine if answer.scores is not None]
        if ratios:
            summary[row] |= {"median_ratio": significant(statistics.median(ratios), 4), "ratios": ratios}
    return summary


def _positions(runs: Sequence[Run], asked: Sequence[Probed], images: ImageSet, chosen: Sequence[int]) -> dict[str, Any]:
    """Every channel moved to every position, by turning the row of channels round."""
    noise = runs[0].network.spec.input.noise or NoiseSpec()
    total = 3 + noise.channels
    orders = [tuple((p - shift) % total for p in range(total)) for shift in range(total)]
    turned = [NoiseSpec(noise.channels, noise.kind, noise.strength, order=order) for order in orders]
    answers = [ask(asked, images, chosen, spec) for spec in turned]
    report: dict[str, Any] = {"orders": [list(order) for order in orders], "rows": {}}
    for row in dict.fromkeys(run.row for run in runs):
        mine = [i for i, run in enumerate(runs) if run.row == row]
        entry: dict[str, Any] = {
            "top1": [spread([by_run[i].accuracy for i in mine], 2) for by_run in answers],
        }
        if answers[0][mine[0]].scores is not None:
            entry["runs"] = [
                {"seed": runs[i].seed, **effects(torch.tensor([by_run[i].by_position() for by_run in answers]), orders)}
                for i in mine
            ]
        report["rows"][row] = entry
    return report


EXPERIMENT = Experiment(FAMILIES, measure, table)
