"""The tables of the experiment with attention types in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.audit.ablation import REPLACEMENTS
from attnviz.core.intervals import half_interval, welch
from attnviz.core.numbers import signed
from attnviz.training.experiments.markdown import MEAN, grid, p_text, plus_minus

Row = Mapping[str, Any]
HEADS = {"mean": "mean gate", "shuffle": "gates swapped between images", "neutral": "neutral (also changes the scale)"}


def table(report: Mapping[str, Any]) -> str:
    """All tables of a report."""
    rows = report["rows"]
    classes = grid(
        ("network", *rows[0]["per_class"]),
        [(f"`{row['name']}`", *(f"{share:.1f}" for share in row["per_class"].values())) for row in rows],
    )
    return "\n\n".join(part for part in (accuracy(rows), gates_matter(rows), focus(rows), classes) if part)


def accuracy(rows: Sequence[Row]) -> str:
    """Accuracy and cost, in the order of the rows; with several seeds, the difference to the network without gates."""
    head = ["network", "", "parameters", "MACs (millions)", f"top-1 in %, {MEAN}"]
    cells = [
        [
            f"`{row['name']}`",
            row["title"],
            f"{row['parameters']:,}",
            f"{row['macs'] / 1e6:.1f}",
            plus_minus(row["top1"]),
        ]
        for row in rows
    ]
    plain = next((row for row in rows if row["attention"] == "none" and row["top1"]["n"] > 1), None)
    if plain is None:
        return grid(head, cells)
    for row, line in zip(rows, cells, strict=True):
        line.append("" if row is plain or row["top1"]["n"] < 2 else _beside(plain, row))
    return grid([*head, f"beside `{plain['name']}` (Welch's 95 % interval)"], cells)


def _beside(plain: Row, row: Row) -> str:
    """How much better a network is than the one without gates, and how sure that is."""
    difference = welch(plain["top1"]["values"], row["top1"]["values"])
    return f"{signed(difference.value)} ({signed(difference.low)} to {signed(difference.high)}, {p_text(difference.p)})"


def gates_matter(rows: Sequence[Row]) -> str:
    """What happens to the accuracy when all gates are replaced; empty where no network has gates."""
    gated = [row for row in rows if row["ablations"][0]["gates"]]
    if not gated:
        return ""
    cells = [
        (f"`{row['name']}`", _gates(row), _top1(row), *(_change(row, name) for name in REPLACEMENTS)) for row in gated
    ]
    head = ("network", "gates", "top-1 in %", *(HEADS[name] for name in REPLACEMENTS))
    return f"{grid(head, cells)}\n\n{_note(gated)}"


def _note(rows: Sequence[Row]) -> str:
    """How the table of replacements is to be read."""
    first = rows[0]["ablations"][0]
    tests = sum(len(row["ablations"]) for row in rows) * len(REPLACEMENTS)
    every = [ablation["images"] for row in rows for ablation in row["ablations"]]
    counts = sorted({f"{images['count']:,} of {images['of']:,}" for images in every})
    return (
        "Change of accuracy in points when all gates of a network are replaced at once, on "
        f"{' or '.join(counts)} validation images, with the 95 % interval of a bootstrap over images "
        "(± half a 95 % t interval over seeds where there are several); bold where McNemar's exact test gives less "
        f"than 5 % (of {tests} such tests, chance alone would give about {0.05 * tests:.1f}). In brackets: "
        "answers changed. Mean gate: the mean over the validation set, the same for every image. Swapped: every gate "
        f"moved to another image of a batch of {first['batch']}, all to the same one. Past the first layer "
        "it is no gate that any image has by itself: it was computed from features that swapped gates had changed."
    )


def focus(rows: Sequence[Row]) -> str:
    """Where spatial masks lie; empty where no network has any."""
    spatial = [row for row in rows if row.get("focus")]
    if not spatial:
        return ""
    head = ("network", "its masks, mean", "gate with the least and the most", "centre map", "random maps")
    objects = len(spatial[0]["focus"][0]["objects"])
    return (
        f"{grid(head, [_masks(row) for row in spatial])}\n\n"
        "Share of a spatial mask's energy inside the object over the object's share of the area (1: no more than an "
        f"even mask), mean over {objects} objects of the rendered sample scenes: too few to tell small differences."
    )


def _masks(row: Row) -> tuple[str, ...]:
    seeds, first = row["focus"], row["focus"][0]
    means = {name: statistics.fmean(v for each in seeds for v in each["gates"][name]) for name in first["gates"]}
    low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    return (
        f"`{row['name']}`",
        f"{statistics.fmean(each['mean'] for each in seeds):.2f}",
        f"{means[low]:.2f} ({low}), {means[high]:.2f} ({high})",
        f"{first['centre']:.2f}",
        f"{first['random']:.2f} ± {first['random_sd']:.2f}",
    )


def _gates(row: Row) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in row["ablations"][0]["gates"].items())


def _top1(row: Row) -> str:
    return f"{statistics.fmean(ablation['top1'] for ablation in row['ablations']):.2f}"


def _change(row: Row, name: str) -> str:
    """One cell: the change, its interval (one seed) or that over seeds, and how many answers changed."""
    effects = [each[name] for each in row["ablations"]]
    changes, changed = [each["change"] for each in effects], statistics.fmean(each["changed"] for each in effects)
    beyond, text = sum(each["beyond_chance"] for each in effects), signed(statistics.fmean(changes))
    bold = f"**{text}**" if beyond == len(effects) else text
    if len(effects) == 1:
        low, high = effects[0]["interval"]
        return f"{bold} ({signed(low)} to {signed(high)}) [{changed:.1f} %]"
    return f"{bold} ± {half_interval(changes):.2f}, beyond chance in {beyond} of {len(effects)} [{changed:.1f} %]"
