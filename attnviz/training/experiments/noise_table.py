"""The tables of the noise experiment in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attnviz.training.experiments.markdown import MEAN, grid, plus_minus
from attnviz.training.experiments.paired import sentences


def table(report: Mapping[str, Any]) -> str:
    """All tables of a report."""
    reference = report["reference"]
    rows = grid(
        ("network", f"top-1 in %, {MEAN}", "median seed"),
        [(row["recipe"], plus_minus(row["top1"]), str(row["median_seed"])) for row in report["rows"]],
    )
    top1 = reference["top1"]
    said = (
        f"Reference ({reference['network']}): {top1['rgb']} / {top1['noise']} / {top1['attention']} %, suppression "
        f"{reference['suppression']}×, {100 * reference['recovered']:.0f} % won back."
    )
    parts = [rows, said, _recovery(report["recovery"]), *sentences(report.get("same_images", ()))]
    if "gates" in report:
        parts += [
            _gates(report["gates"]),
            _answers("noise", report["kinds"]),
            _answers("strength", report["strengths"]),
        ]
        parts.append(_positions(report["positions"]))
    return "\n\n".join(parts)


def _recovery(recovery: Mapping[str, Any]) -> str:
    cost = (
        f"Noise costs {recovery['cost']} points (Welch's 95 % interval {recovery['cost_interval'][0]} to "
        f"{recovery['cost_interval'][1]}); the gate wins {recovery['gain']}. "
        if "cost" in recovery
        else ""
    )
    if "why" in recovery:
        return f"{cost}What is won back is not reported: {recovery['why']}."
    low, high = recovery["interval"]
    ends = f"{100 * low:.0f} to {100 * high:.0f} %"
    return f"{cost}Won back: {100 * recovery['recovered']:.0f} % (Fieller's 95 % interval {ends})."


def _gates(gates: Mapping[str, Any]) -> str:
    head = ("network", "seed", "R", "G", "B", "noise", "suppression", "best colour over noise", "colours, noise open")
    rows = [
        (
            name,
            str(run["seed"]),
            *(f"{s:.3g}" for s in run["scores"][:3]),
            ", ".join(f"{s:.2g}" for s in run["scores"][3:]),
            f"{run['ratio']:.4g}×",
            *_opened(run),
        )
        for name, row in gates.items()
        for run in row["runs"]
    ]
    rows += [
        (name, "median", "", "", "", "", f"{row['median_ratio']:.4g}×", *_opened(row, "median_"))
        for name, row in gates.items()
    ]
    return grid(head, rows)


def _opened(gate: Mapping[str, Any], prefix: str = "") -> tuple[str, str]:
    """What a gate lets in, image by image; dashes where an older file does not say."""
    if f"{prefix}best_ratio" not in gate:
        return "–", "–"
    return f"{gate[f'{prefix}best_ratio']:.4g}×", f"{gate[f'{prefix}colours']:.2f}, {gate[f'{prefix}noise']:.3f}"


def _answers(what: str, answers: Mapping[str, Any]) -> str:
    names = list(next(iter(answers.values())))
    rows = [
        (name, *(plus_minus(one[row]["top1"]) + _ratio(one[row]) for row in names)) for name, one in answers.items()
    ]
    return grid((what, *names), rows)


def _ratio(answer: Mapping[str, Any]) -> str:
    return f", {answer['median_ratio']:.4g}×" if "median_ratio" in answer else ""


def _positions(positions: Mapping[str, Any]) -> str:
    names = list(positions["rows"])
    letters = [" ".join("RGB"[c] if c < 3 else "n" for c in order) for order in positions["orders"]]
    accuracy = grid(
        ("order", *names),
        [
            (order, *(plus_minus(positions["rows"][name]["top1"][i]) for name in names))
            for i, order in enumerate(letters)
        ],
    )
    rows = [
        (
            name,
            str(run["seed"]),
            f"{100 * run['explained_by_content']:.0f} %",
            f"{100 * run['explained_by_position']:.0f} %",
        )
        for name in names
        for run in positions["rows"][name].get("runs", [])
    ]
    return accuracy + "\n\n" + grid(("gate", "seed", "scores explained by content", "by position"), rows)
