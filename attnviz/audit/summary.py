"""Every number of an audit as plain values, from the merged statistics of all blocks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from attnviz.audit.effects import Values, effects, knock_outs, paired_of
from attnviz.audit.network import SUMMARY
from attnviz.audit.objects import MEASURES, POINTING
from attnviz.audit.reading import EXTREMES, GateReading, bounds_of
from attnviz.audit.sentences import STRONG, say_all
from attnviz.audit.statistics.base import Array
from attnviz.audit.statistics.counts import Answers, Paired
from attnviz.audit.statistics.extremes import Extremes
from attnviz.audit.statistics.moments import CoMoments, Moments
from attnviz.audit.store import unpacked
from attnviz.audit.unusual import most_unusual
from attnviz.audit.work import Work
from attnviz.core.intervals import benjamini_hochberg, critical, f_test_p, wilson
from attnviz.core.sites import GateSite

SCHEMA = 1
"""Version of ``summary.json``; a change of what a key means raises it."""
STILL = 0.01
"""An element whose values stay within this share of the gate's range never moves."""
SHOWN = 3
"""Channels of each gate whose photographs are named."""


def summarise(work: Work) -> Values:
    """The whole summary."""
    reading, sites = work.reading, work.network.sites
    photographs, loaded = work.photographs, work.network.loaded
    paired = paired_of(work)
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
        "together": {} if paired is None else effects(paired, work.changes, ""),
        "knock_outs": [] if paired is None else knock_outs(paired, work.changes),
        "objects": (objects := _objects(work)),
        "unusual": most_unusual(work),
        "left_out": _left_out(work, objects),
    }
    report["sentences"] = say_all(report)
    return report


# gates ------------------------------------------------------------------------------------------------------------


def _gate(work: Work, number: int, site: GateSite, reading: GateReading, paired: Paired | None) -> Values:
    summary: Values = {
        "name": site.name,
        "kind": site.kind,
        "shape": list(site.shape),
        "replaced": paired is not None and work.sources.holds(site),
        "elements_kept": reading.values.means.shape[1] == int(np.prod(site.shape)),
        "variation": _variation(site, reading),
        "summary": {name: round(float(v), 5) for name, v in zip(SUMMARY, reading.summary.mean, strict=True)},
        "gain": _gain(work, number),
        "classes": _classes(work, reading),
        "photographs": _photographs(work, reading),
        "alone": {} if paired is None else effects(paired, work.changes, site.name),
    }
    return summary


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
        "mean": round(float(values.mean.mean()), 5),
        "sd": round(float(np.sqrt(total if total > 1e-29 else 0)), 6),
        "between_elements": round(between_elements / total, 4),
        "between_classes": round(between_classes / total, 4),
        "within_classes": round(within_classes / total, 4),
        "elements": int(values.means.shape[1]),
        "still": int((values.high - values.low <= still).sum()),
        **inside,
        "histogram": counts.tolist(),
    }


def _share(part: Any, counts: Array) -> float:
    return round(float(part) / max(int(counts.sum()), 1), 5)


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
        "median": round(float(median), 4),
        "quartiles": [round(float(low), 4), round(float(high), 4)],
        "negative": round(float((r <= -STRONG).mean()), 4),
        "positive": round(float((r >= STRONG).mean()), 4),
        "r": [round(float(value), 3) for value in r] if len(r) <= 4096 else [],
    }


def _classes(work: Work, reading: GateReading) -> Values:
    """Mean gate of every class, and the effect of the class on each element (η²)."""
    if not work.photographs.labelled:
        return {}
    values, labels = reading.values, work.network.loaded.labels
    eta = values.explained
    order = np.argsort(-eta, kind="stable")[:SHOWN]
    return {
        "means": {labels[k]: round(float(m), 5) for k, m in zip(values.classes, values.means.mean(1), strict=True)},
        "strongest": [[int(i), round(float(eta[i]), 4)] for i in order],
        "median_eta2": round(float(np.median(eta)), 4),
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
    telling = values.explained if work.photographs.labelled else values.variance
    rows = []
    for channel in np.argsort(-telling, kind="stable")[:SHOWN]:
        ends = {"most": (reading.most, 1), "least": (reading.least, -1)}
        rows.append({"index": int(channel), **{k: _named(work, e, int(channel), s) for k, (e, s) in ends.items()}})
    return rows


def _named(work: Work, extremes: Extremes, channel: int, sign: int) -> list[list[Any]]:
    pairs = zip(extremes.numbers[channel].tolist(), extremes.values[channel].tolist(), strict=True)
    return [[work.photographs.names[n], round(sign * v, 5)] for n, v in pairs if n >= 0][:EXTREMES]


# the network, objects ---------------------------------------------------------------------------------------------


def _network(answers: Answers, work: Work) -> Values:
    count = max(int(answers.bin_images.sum()), 1)
    summary: Values = {"confidence": round(float(answers.bin_confidence.sum()) / count, 4)}
    if not work.photographs.labelled:
        return summary
    right, labels = int(answers.right.sum()), work.network.loaded.labels
    low, high = wilson(right, count)
    present = np.flatnonzero(answers.images)
    return {
        **summary,
        "top1": round(100 * right / count, 4),
        "interval": [round(100 * low, 4), round(100 * high, 4)],
        "calibration_error": round(answers.calibration_error, 4),
        "classes": [
            {"name": labels[k], "images": int(answers.images[k]), "right": int(answers.right[k])} for k in present
        ],
        "calibration": [
            [int(n), int(r), round(float(c), 2)]
            for n, r, c in zip(answers.bin_images, answers.bin_right, answers.bin_confidence, strict=True)
        ],
    }


def _objects(work: Work) -> list[Values]:
    objects = []
    for number, site in enumerate(work.network.sites):
        stored = [a for block in work.readings if (a := work.store.load("reading", block, f"objects/{number}/"))]
        if not stored:
            continue
        total = reduce(Moments.merge, (unpacked(Moments, f"objects/{number}", arrays) for arrays in stored))
        count = int(total.count)
        if count < 2:
            continue
        half = critical(count - 1) * np.sqrt(total.variance / (count - 1))
        rows = {name: (m, m - h, m + h) for name, m, h in zip(MEASURES, total.mean, half, strict=True)}
        # a share of photographs
        rows |= {name: (m, *wilson(round(m * count), count)) for name, (m, *_) in rows.items() if name in POINTING}
        shown = {name: [round(float(end), 4) for end in ends] for name, ends in rows.items()}
        objects.append({"gate": site.name, "photographs": count, **shown})
    return objects


def _left_out(work: Work, objects: list[Values]) -> list[list[str]]:
    """What was not measured and why, each in English and Chinese."""
    reasons = []
    if work.photographs.left_out:
        reasons.append([work.photographs.left_out, "照片的类别未知或与网络的类别不符；需要类别的测试已略去。"])
    if work.changes:
        too_large = [site.name for site in work.network.sites if not work.sources.holds(site)]
        if too_large:
            names = ", ".join(too_large)
            reasons.append([f"too large to be replaced by values from elsewhere: {names}", f"太大，未作替换：{names}"])
        if work.settings.quick:
            reasons.append(["--quick: no gate alone, no channels knocked out", "--quick：未单独替换各门，也未敲除通道"])
    elif not len(work.choice.tests):
        reasons.append(["no tests were asked for", "未要求测试"])
    if work.settings.boxes is not None and not objects:
        reasons.append(
            [
                "objects: for fewer than two photographs one is known that covers a part of what the network sees, or "
                "no gate is a mask over places",
                "物体：已知物体且只覆盖网络所见一部分的照片不足两张，或没有空间掩码的门",
            ]
        )
    if work.problems:
        count = len(work.problems)
        reasons.append([f"{count} files that cannot be read", f"{count} 个无法读取的文件"])
    return reasons
