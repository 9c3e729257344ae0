"""An ``Analysis`` as one JSON document, which is all that the interactive view is given.

Its form is ``document.schema.json`` beside this file. Small gates are in it whole, so that nothing is asked while they
are explored; of large ones what is drawn of them, or the reason why that is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import attnviz
from attnviz.core.class_map import ClassMap
from attnviz.core.gate_map import Mask, words_of
from attnviz.core.outline import Unit
from attnviz.core.scores import shown
from attnviz.core.types import Analysis, ChannelMap, GateRecord
from attnviz.viewer.gate_parts import Left, parts_of
from attnviz.viewer.packing import pack
from attnviz.viewer.photograph import jpeg, reduced
from attnviz.viewer.telling import first_gate

FORMAT, VERSION = "attnviz-view", 1
BUDGET = 150 * 1024
"""Bytes that a document should not exceed; the quality of its photograph is lowered for that."""
GATES = 512 * 1024
"""Characters that all gates together may take; what comes after is left out, and said."""
TOP = 5
"""Classes in the prediction."""
CELLS = 128
"""Most cells a side of the map of classes: five pixels of the photograph each."""


@dataclass(frozen=True, eq=False)
class Range:
    """Where the values of one gate usually lie.

    Attributes:
        low: (K,) float32, the 5 % quantile of each value; K is C for a gate over channels, 1 for a mask's mean.
        middle: (K,), the median.
        high: (K,), the 95 % quantile.
        images: Over how many photographs.
    """

    low: Any
    middle: Any
    high: Any
    images: int


def document(
    analysis: Analysis,
    *,
    title: str = "",
    usual: Mapping[str, Range] | None = None,
    effects: Mapping[str, float] | None = None,
    verdicts: Mapping[str, Mapping[str, Any]] | None = None,
    features: Iterable[ChannelMap] = (),
    labels: Mapping[str, str] | None = None,
    gate: str | None = None,
    photograph: str = "",
    classes: ClassMap | None = None,
) -> dict[str, Any]:
    """Everything that the view shows.

    Args:
        analysis: What one pass said.
        title: What people call the network; its id without it.
        usual: Where gates usually lie, by name.
        effects: How much gates matter, by name, as ``telling.first_gate`` takes it.
        verdicts: What an audit says of each gate alone, by name: ``photographs``, on how many it was tested, and
            ``sentences``, each with ``en``, ``zh`` and ``costs``, whether replacing the gate cost answers.
        features: Feature maps that shall be in it; others are asked from the host, where there is one.
        labels: Chinese names of classes, by label.
        gate: The gate to open with; the most telling one without it.
        photograph: What the photograph is called, such as a sample's name; for the lines that make the picture.
        classes: The class at every place, of a network that answers everywhere.

    Returns:
        Plain values, ``json.dumps`` of which is the document.

    Raises:
        UserError: There is no such gate.
    """
    opening = None if gate is None else _index(analysis, gate)
    gates, spent = [], 0
    for record in analysis.gates:
        entry = _gate(record, analysis, (usual or {}).get(record.site.name), GATES - spent)
        entry["verdict"] = (verdicts or {}).get(record.site.name)
        spent += len(json.dumps(entry))
        gates.append(entry)
    names = {record.site.name: i for i, record in enumerate(analysis.gates)}
    first = first_gate(analysis, effects)
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "model": {"id": analysis.model, "title": title or analysis.model},
        "prediction": _prediction(analysis, labels or {}),
        "notes": [{"key": note.key, "values": dict(note.values), "text": note.text} for note in analysis.notes],
        "network": {"input": list(analysis.image.network.shape[:2]), "units": _units(analysis.outline, names)},
        "features": [channel_map(each, names[each.site.name]) for each in features],
        "first": None if first is None else {"gate": first.gate, "rule": first.rule, "value": first.value},
        "open": opening if opening is not None else None if first is None else first.gate,
        "facts": {"attnviz": attnviz.__version__, **_plain(analysis.facts)},
    }
    whole["photograph"] = _photograph(analysis, BUDGET - spent - len(json.dumps(whole)), photograph)
    whole["gates"] = gates
    whole["classes"] = None if classes is None else _classes(classes, labels or {})
    return whole


def to_json(view: Mapping[str, Any]) -> str:
    """A document as text: the same for the same analysis, without a number that JSON does not have."""
    return json.dumps(view, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def channel_map(feature_map: ChannelMap, gate: int) -> dict[str, Any]:
    """One feature map as it stands in a document, or as a host sends it when it is asked for."""
    return {"gate": gate, "channel": int(feature_map.channel), "values": pack(feature_map.values, "f2")}


def asked_map(mask: Mask, gate: int) -> dict[str, Any]:
    """The map of one place that asks, as a host sends it."""
    return {"gate": gate, "query": mask.query, "values": pack(mask.values, "f2")}


def _index(analysis: Analysis, gate: str) -> int:
    record = analysis.gate(gate)
    return next(i for i, each in enumerate(analysis.gates) if each is record)


def _photograph(analysis: Analysis, budget: int, name: str) -> dict[str, Any]:
    pixels, box = reduced(analysis.image.pixels, analysis.image.box)
    height, width = pixels.shape[:2]
    return {
        "jpeg": jpeg(pixels, budget),
        "width": width,
        "height": height,
        "box": list(box),
        "original": list(analysis.image.original_size),
        "name": name,
    }


def _prediction(analysis: Analysis, labels: Mapping[str, str]) -> dict[str, Any]:
    top = [
        {"en": name, "zh": labels.get(name, name), "text": shown(number, analysis.scores)}
        for name, number in analysis.top(TOP)
    ]
    return {"top": top, "classes": len(analysis.labels), "scores": analysis.scores}


def _classes(class_map: ClassMap, labels: Mapping[str, str]) -> dict[str, Any]:
    """The class at every place: its position among the classes that there are, and its number."""
    rows, columns = (_spread(side) for side in class_map.classes.shape)
    seen, places = np.unique(class_map.classes[np.ix_(rows, columns)], return_inverse=True)
    names = [class_map.labels[index] for index in seen]
    means = [
        {"en": name, "zh": labels.get(name, name), "text": shown(mean, class_map.scores)}
        for name, mean in class_map.top(TOP)
    ]
    return {
        "places": pack(places.reshape(len(rows), -1).astype(np.float32), "f2" if len(seen) <= 2048 else "f4"),
        "values": pack(class_map.values[np.ix_(rows, columns)], "f2"),
        "names": [{"en": name, "zh": labels.get(name, name)} for name in names],
        "means": means,
    }


def _spread(side: int) -> Any:
    """At most ``CELLS`` of so many positions, each in the middle of what it stands for."""
    count = min(side, CELLS)
    return ((np.arange(count) + 0.5) * side / count).astype(int)


def _units(outline: Sequence[Unit], names: Mapping[str, int]) -> list[dict[str, Any]]:
    """The line; of a network that was not read as one, its gates in their order."""
    units = outline or ([Unit("", 0, False, False, (), tuple(names))] if names else [])
    return [
        {
            "name": unit.name,
            "layers": unit.layers,
            "block": unit.block,
            "shortcut": unit.shortcut,
            "shape": list(unit.shape),
            "gates": [names[name] for name in unit.gates if name in names],
        }
        for unit in units
    ]


def _gate(record: GateRecord, analysis: Analysis, usual: Range | None, room: int) -> dict[str, Any]:
    site, traits = record.site, record.site.traits
    entry: dict[str, Any] = {
        "name": site.name,
        "kind": site.kind,
        "words": dict(zip(("en", "zh"), words_of(site), strict=True)),
        "shape": list(site.shape),
        "features": list(site.features),
        "scored": traits.has_scores,
        "residual": traits.residual,
        "even": traits.even,
        "neutral": traits.neutral,
        "range": None if traits.range is None else list(traits.range),
        "parts": [],
        "left_out": None,
        "usual": None,
    }
    parts = parts_of(record, analysis)
    if isinstance(parts, Left):
        return {**entry, "left_out": parts.value}
    about, arrays = parts
    packed = {name: pack(values, kind) for name, (values, kind) in arrays.items()}
    if sum(len(each["data"]) for each in packed.values()) > room:
        return {**entry, "left_out": Left.CROWDED.value}
    if usual is not None:
        ends = {key: pack(getattr(usual, key), "f4") for key in ("low", "middle", "high")}
        entry["usual"] = {**ends, "images": usual.images}
    return {**entry, **about, **packed, "parts": list(packed)}


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Names, numbers and truths; nothing else has a place in a document."""
    return {key: value for key, value in facts.items() if isinstance(value, (str, int, float, bool))}
