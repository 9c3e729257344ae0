"""Every number of an audit as plain values, from the merged statistics of all blocks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from attnviz.audit.network import SUMMARY
from attnviz.audit.objects import MEASURES
from attnviz.audit.reading import EXTREMES, GateReading, bounds_of
from attnviz.audit.sentences import say_all
from attnviz.audit.statistics.base import Array, Doubles
from attnviz.audit.statistics.counts import Answers, Paired
from attnviz.audit.statistics.extremes import Extremes
from attnviz.audit.statistics.moments import CoMoments, Moments
from attnviz.audit.store import unpacked
from attnviz.audit.trials import RANKINGS, Change
from attnviz.audit.unusual import most_unusual
from attnviz.audit.work import Work
from attnviz.core.intervals import benjamini_hochberg, f_test_p, sign_test_p, wilson
from attnviz.core.types import GateSite

SCHEMA = 1
"""Version of ``summary.json``; a change of what a key means raises it."""
STILL = 0.01
"""An element whose values stay within this share of the gate's range never moves."""
SHOWN = 3
"""Channels of each gate whose photographs are named."""
STRONG = 0.3
"""From which |r| on a channel is said to follow its own strength."""
Values = dict[str, Any]


def summarise(work: Work) -> Values:
    """The whole summary."""
    reading, sites = work.reading, work.network.sites
    photographs, loaded = work.photographs, work.network.loaded
    paired = _paired(work)
    gates = [_gate(work, i, site, reading.gates[i], paired) for i, site in enumerate(sites)]
    _judge_channels(gates, reading.gates, photographs.labelled)
    report: Values = {
        "schema": SCHEMA,
        "model": {"name": loaded.name, "classes": len(loaded.labels), "gates": len(sites)},
        "data": {
            "photographs": int(reading.gates[0].values.count),
            "listed": len(photographs),
            "unreadable": [[photographs.names[n], why] for n, why in work.problems],
            "tested": len(work.choice.tests),
            "donors": len(work.choice.donors) if len(work.choice.tests) else 0,
            "labelled": photographs.labelled,
            "fingerprint": photographs.fingerprint,
        },
        "network": _network(reading.answers, work),
        "gates": gates,
        "together": {} if paired is None else _effects(paired, work.changes, ""),
        "knock_outs": [] if paired is None else _knock_outs(paired, work.changes),
        "objects": _objects(work),
        "unusual": most_unusual(work),
        "left_out": _left_out(work),
    }
    report["sentences"] = say_all(report)
    return report


def _paired(work: Work) -> Paired | None:
    parts = [unpacked(Paired, "paired", work.store.load("trial", number, "paired/")) for number in work.trials]
    return reduce(Paired.merge, parts) if parts else None


# effects ----------------------------------------------------------------------------------------------------------


def _effect(paired: Paired, number: int) -> Values:
    value, low, high = paired.difference(number)
    logit, logit_low, logit_high = paired.logit_difference(number)
    lost, won, count = int(paired.lost[number]), int(paired.won[number]), max(int(paired.count), 1)
    return {
        "points": _round(value),
        "interval": [_round(low), _round(high)],
        "lost": lost,
        "won": won,
        "p": float(f"{sign_test_p(lost, won):.3g}"),
        "changed": _round(100 * int(paired.changed[number]) / count),
        "logit": _round(logit),
        "logit_interval": [_round(logit_low), _round(logit_high)],
    }


def _effects(paired: Paired, changes: Sequence[Change], gate: str) -> Values:
    found = {c.what: _effect(paired, i) for i, c in enumerate(changes) if c.gate == gate and not c.k}
    own = found.get("own")
    if own is not None and not own["changed"]:
        own["interval"] = [0.0, 0.0]  # a check of the audit, and no sample of anything
    return found


def _knock_outs(paired: Paired, changes: Sequence[Change]) -> list[Values]:
    found = []
    at = {(c.what, c.k, c.draw): i for i, c in enumerate(changes) if c.k}
    for k in sorted({k for _, k, _ in at}):
        draws = [i for (what, n, _), i in at.items() if what == "random" and n == k]
        row: Values = {"k": k, **{ranking: _effect(paired, at[ranking, k, 0]) for ranking in RANKINGS}}
        row["random"] = _mean_effect(paired, draws, [])
        row["gate_against_low"] = _mean_effect(paired, [at["gate", k, 0]], [at["gate_low", k, 0]])
        row["product_against_random"] = _mean_effect(paired, [at["product", k, 0]], draws)
        found.append(row)
    return found


def _mean_effect(paired: Paired, numbers: Sequence[int], against: Sequence[int]) -> Values:
    """Mean change of accuracy over changes, minus that over others, paired by photograph."""

    def mean(of: Sequence[int]) -> tuple[float, Doubles]:
        if not of:
            return 0.0, np.zeros(paired.points.shape[1])
        share = sum(int(paired.won[i] - paired.lost[i]) for i in of) / len(of) / max(int(paired.count), 1)
        return share, paired.points[list(of)].mean(0) / np.maximum(paired.weights, 1)

    (value, drawn), (less, less_drawn) = mean(numbers), mean(against)
    low, high = np.quantile(100 * (drawn - less_drawn), (0.025, 0.975))
    return {"points": _round(100 * (value - less)), "interval": [_round(float(low)), _round(float(high))]}


# gates ------------------------------------------------------------------------------------------------------------


def _gate(work: Work, number: int, site: GateSite, reading: GateReading, paired: Paired | None) -> Values:
    found: Values = {
        "name": site.name,
        "kind": site.kind,
        "shape": list(site.shape),
        "elements_kept": reading.values.means.shape[1] == int(np.prod(site.shape)),
        "variation": _variation(site, reading),
        "summary": {name: _round(float(v), 5) for name, v in zip(SUMMARY, reading.summary.mean, strict=True)},
        "gain": _gain(work, number),
        "classes": _classes(work, reading),
        "photographs": _photographs(work, reading),
        "alone": {} if paired is None else _effects(paired, work.changes, site.name),
    }
    return found


def _variation(site: GateSite, reading: GateReading) -> Values:
    values, counts, count = reading.values, reading.histogram.counts, max(reading.values.count, 1)
    between_elements = float(values.mean.var())
    between_classes = float(values.between.mean() / count)
    within_classes = float(values.within.mean() / count)
    total = max(between_elements + between_classes + within_classes, 1e-30)
    bounds = bounds_of(site)
    spread = float(values.high.max() - values.low.min())
    still = STILL * (bounds[1] - bounds[0] if bounds is not None and not site.traits.even else max(spread, 1e-12))
    inside: Values = {}
    if bounds == (0.0, 1.0):
        inside = {"below_0.01": _share(counts[0], counts), "above_0.99": _share(counts[-1], counts)}
    return {
        "mean": _round(float(values.mean.mean()), 5),
        "sd": _round(float(np.sqrt(total if total > 1e-29 else 0)), 6),
        "between_elements": _round(between_elements / total),
        "between_classes": _round(between_classes / total),
        "within_classes": _round(within_classes / total),
        "elements": int(values.means.shape[1]),
        "still": int((values.high - values.low <= still).sum()),
        **inside,
        "histogram": counts.tolist(),
    }


def _share(part: Any, counts: Array) -> float:
    return _round(float(part) / max(int(counts.sum()), 1), 5)


def _gain(work: Work, number: int) -> Values | None:
    """Correlation of each channel's gate with its own mean feature over the tested photographs."""
    at = f"gain/{number}/"
    stored = [arrays for block in work.trials if (arrays := work.store.load("trial", block, at))]
    if not stored:
        return None
    r = reduce(CoMoments.merge, (unpacked(CoMoments, at[:-1], arrays) for arrays in stored)).correlation()
    r = r[np.isfinite(r)]
    if not len(r):
        return None
    low, median, high = np.quantile(r, (0.25, 0.5, 0.75))
    return {
        "channels": len(r),
        "median": _round(float(median)),
        "quartiles": [_round(float(low)), _round(float(high))],
        "negative": _round(float((r <= -STRONG).mean())),
        "positive": _round(float((r >= STRONG).mean())),
        "r": [_round(float(value), 3) for value in r] if len(r) <= 4096 else [],
    }


def _classes(work: Work, reading: GateReading) -> Values:
    """Mean gate of every class, and the effect of the class on each element (η²)."""
    if not work.photographs.labelled:
        return {}
    values, labels = reading.values, work.network.loaded.labels
    eta = values.between / np.maximum(values.within + values.between, 1e-30)
    order = np.argsort(-eta, kind="stable")[:SHOWN]
    return {
        "means": {labels[k]: _round(float(m), 5) for k, m in zip(values.classes, values.means.mean(1), strict=True)},
        "strongest": [[int(i), _round(float(eta[i]))] for i in order],
        "median_eta2": _round(float(np.median(eta))),
    }


def _judge_channels(gates: list[Values], readings: Sequence[GateReading], labelled: bool) -> None:
    """How many elements of each gate differ between classes, all gates judged at once (Benjamini-Hochberg, 5 %)."""
    if not labelled:
        return
    p, sizes = [], []
    for reading in readings:
        values = reading.values
        between, within = len(values.classes) - 1, values.count - len(values.classes)
        if within < 1 or between < 1:
            return
        f = (values.between / between) / np.maximum(values.within / within, 1e-300)
        still = values.between <= 1e-18
        p += [1.0 if s else f_test_p(float(x), between, within) for x, s in zip(f, still, strict=True)]
        sizes.append(len(f))
    judged = np.array(benjamini_hochberg(p))
    for gate, part in zip(gates, np.split(judged, np.cumsum(sizes)[:-1]), strict=True):
        gate["classes"]["differ"] = int(part.sum())


def _photographs(work: Work, reading: GateReading) -> list[Values]:
    """Which photographs open the channels most and least that differ most between classes, or photographs."""
    if reading.most is None or reading.least is None:
        return []
    values = reading.values
    told = (
        values.between / np.maximum(values.within + values.between, 1e-30)
        if work.photographs.labelled
        else values.variance
    )
    found = []
    for channel in np.argsort(-told, kind="stable")[:SHOWN]:
        ends = {"most": (reading.most, 1), "least": (reading.least, -1)}
        found.append({"index": int(channel), **{k: _named(work, e, int(channel), s) for k, (e, s) in ends.items()}})
    return found


def _named(work: Work, extremes: Extremes, channel: int, sign: int) -> list[list[Any]]:
    pairs = zip(extremes.numbers[channel].tolist(), extremes.values[channel].tolist(), strict=True)
    return [[work.photographs.names[n], _round(sign * v, 5)] for n, v in pairs if n >= 0][:EXTREMES]


# the network, objects ---------------------------------------------------------------------------------------------


def _network(answers: Answers, work: Work) -> Values:
    count = max(int(answers.bin_images.sum()), 1)
    found: Values = {"confidence": _round(float(answers.bin_confidence.sum()) / count)}
    if not work.photographs.labelled:
        return found
    right, labels = int(answers.right.sum()), work.network.loaded.labels
    low, high = wilson(right, count)
    present = np.flatnonzero(answers.images)
    return {
        **found,
        "top1": _round(100 * right / count),
        "interval": [_round(100 * low), _round(100 * high)],
        "calibration_error": _round(answers.calibration_error),
        "classes": [
            {"name": labels[k], "images": int(answers.images[k]), "right": int(answers.right[k])} for k in present
        ],
        "calibration": [
            [int(n), int(r), _round(float(c), 2)]
            for n, r, c in zip(answers.bin_images, answers.bin_right, answers.bin_confidence, strict=True)
        ],
    }


def _objects(work: Work) -> list[Values]:
    found = []
    for number, site in enumerate(work.network.sites):
        stored = [a for block in work.trials if (a := work.store.load("trial", block, f"objects/{number}/"))]
        if not stored:
            continue
        total = reduce(Moments.merge, (unpacked(Moments, f"objects/{number}", arrays) for arrays in stored))
        if not total.count:
            continue
        half = 1.96 * np.sqrt(total.variance / int(total.count))
        rows = zip(MEASURES, total.mean, half, strict=True)
        found.append(
            {"gate": site.name, "photographs": int(total.count)}
            | {name: [_round(float(m)), _round(float(m - h)), _round(float(m + h))] for name, m, h in rows}
        )
    return found


def _left_out(work: Work) -> list[list[str]]:
    """What was not measured and why, each in English and Chinese."""
    found = []
    if work.photographs.left_out:
        found.append([work.photographs.left_out, "照片的类别未知或与网络的类别不符；需要类别的测试已略去。"])
    if work.changes:
        too_large = [site.name for site in work.network.sites if not work.sources.holds(site)]
        if too_large:
            names = ", ".join(too_large)
            found.append([f"too large to be replaced by values from elsewhere: {names}", f"太大，未作替换：{names}"])
        if work.settings.quick:
            found.append(["--quick: no gate alone, no channels knocked out", "--quick：未单独替换各门控，也未敲除通道"])
    elif not len(work.choice.tests):
        found.append(["no tests were asked for", "未要求测试"])
    if work.problems:
        count = len(work.problems)
        found.append([f"{count} files that cannot be read", f"{count} 个无法读取的文件"])
    return found


def _round(value: float, digits: int = 4) -> float:
    return round(value, digits)
