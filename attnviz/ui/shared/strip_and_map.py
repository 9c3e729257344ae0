"""What stands around the chosen gate: prediction, the strip of all gates, the map of all channel gates, the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from types import MappingProxyType
from typing import Any

import numpy as np

from attnviz.core.colour_maps import CMAP
from attnviz.core.types import Analysis, GateRecord, PreparedImage
from attnviz.models.checkpoints import Card
from attnviz.render.colour import colourise, scale_for
from attnviz.render.drawings import Drawn
from attnviz.render.drawings import view as shape_of
from attnviz.render.figures.gate_strip import profile, reduced, seen
from attnviz.render.overlay import overlay
from attnviz.render.svg.bars import top_bars
from attnviz.ui.networks.store import IMAGENET
from attnviz.ui.shared.sample_buttons import data_url
from attnviz.ui.shared.text import in_words, kind_name, plain, say
from attnviz.ui.shared.view import View

TILE = 96
"""Pixels of a tile's picture."""
WIDEST = 10
"""Most tiles in a row on a wide screen."""
NARROWEST = 6
"""Tiles that fit in a row, however few there are."""


OTHERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"softmax": ("sigmoid",), "unseen": ("softmax", "sigmoid"), "number": ("sigmoid",)}
)
"""Note on what is assumed of a network's numbers -> names of ``SCORES`` that they may be as well: offered beside it."""


def prediction_html(view: View, card: Card) -> str:
    """The five most probable classes, and beside them how far they can be trusted."""
    metrics, language = card.metrics, view.language
    count = len(card.labels)
    translated = {plain("knows", count=count): say("knows", language, count=count)}
    limits = [translated.get(limit, escape(limit)) for limit in card.limits]
    if not limits:
        many, imagenet = {"count": f"{count:,}"}, card.data.get("name") == IMAGENET
        limits.append(say("knows_imagenet", language, **many) if imagenet else say("knows_any", language, **many))
    if "top1" in metrics and "total" in metrics:
        limits.append(say("accuracy", language, top1=metrics["top1"], total=f"{metrics['total']:,}"))
    elif "top1" in metrics:
        limits.append(say("accuracy_only", language, top1=metrics["top1"]))
    if "foreign" in metrics:
        limits.append(say("sure_foreign", language, confidence=f"{metrics['foreign']['confidence']:.0f}"))
    return answer_html(view.analysis, limits, language)


def answer_html(analysis: Analysis, limits: Sequence[str], language: str) -> str:
    """The five most probable classes, what else they may be where that is assumed, and sentences on how far they hold.

    Args:
        analysis: Whose answer it is.
        limits: The sentences, escaped; those of the analysis itself come first.
        language: Of whoever reads it.
    """
    named, assumed = in_words(analysis, language), {note.key for note in analysis.assumed}
    others = "".join(
        f'<details class="av-other"><summary>{say(f"scores_{name}", language)}</summary>'
        f"{top_bars(replace(named, scores=name))}</details>"
        for key, names in OTHERS.items()
        if key in assumed
        for name in names
    )
    bars = f'<div role="group" aria-label="{say("prediction_alt", language)}">{top_bars(named)}</div>'
    return bars + others + limits_html([*notes_of(analysis, language), *limits])


def notes_of(analysis: Analysis, language: str) -> list[str]:
    """What must be said beside an answer, escaped: about the photograph, and what is assumed about the network."""
    return [say(f"note_{note.key}", language, **note.values) for note in analysis.notes]


def limits_html(lines: Sequence[str]) -> str:
    """Sentences below an answer; nothing where there is none."""
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f'<ul class="av-limits">{items}</ul>' if items else ""


def gate_choices(analysis: Analysis, language: str) -> list[tuple[str, str]]:
    """All gates in the order in which they act, as (what people see, name)."""
    choices = []
    for number, record in enumerate(analysis.gates, 1):
        site = record.site
        about = {"number": number, "name": site.name, "kind": kind_name(site.kind, language)}
        about["shape"] = shape_of(record).shape
        choices.append((plain("gate_choice", language, **about), site.name))
    return choices


def _profile(shown: Drawn, image: PreparedImage, cmap: str) -> str:
    scale = scale_for(shown.values, shown.mode)
    points = profile(shown.values, scale, (0.0, 0.0), (100.0, 100.0))
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points.tolist())
    return (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="{text}"/><path d="M0 50H100" class="av-half"/></svg>'
    )


def _mask(shown: Drawn, image: PreparedImage, cmap: str) -> str:
    scale = scale_for(shown.values, shown.mode)
    return _image(overlay(image, reduced(shown.values, TILE), opacity=0.65, cmap=cmap, scale=scale))


def _matrix(shown: Drawn, image: PreparedImage, cmap: str) -> str:
    scale = scale_for(shown.values, shown.mode)
    return _image(colourise(reduced(shown.values, TILE), scale, None if scale.mode == "diverging" else cmap))


def _words(shown: Drawn, image: PreparedImage, cmap: str) -> str:
    return f'<span class="av-words">{escape(shown.text)}</span>'


def _image(picture: Any) -> str:
    return f'<img src="{data_url(picture)}" alt="" width="{TILE}" height="{TILE}">'


STYLES: Mapping[str, Callable[[Drawn, PreparedImage, str], str]] = MappingProxyType(
    {"profile": _profile, "mask": _mask, "matrix": _matrix, "words": _words}
)
"""How each style of ``render.drawings`` is drawn in a tile."""


def _tile(number: int, record: GateRecord, image: PreparedImage, pressed: bool, language: str) -> str:
    shown, site = shape_of(record), record.site
    mean = f"{np.nanmean(record.values):.2f}" if record.values.size else "–"
    kind = kind_name(site.kind, language)
    about = {"number": number, "name": site.name, "kind": kind, "shape": shown.shape, "mean": mean}
    title = say("tile", language, **about)
    return (
        f'<button type="button" data-pick="{escape(site.name)}" aria-pressed="{str(pressed).lower()}" title="{title}" '
        f'aria-label="{title}">{STYLES[shown.style](shown, image, CMAP)}'
        f"<span>{number} {escape(kind)}</span><span>{escape(shown.shape)}</span></button>"
    )


def strip_html(analysis: Analysis, gate: str | None, language: str) -> str:
    """All gates from the first layer to the last, one button each; ``gate`` is the one that is chosen."""
    if not analysis.gates:
        parts = analysis.facts.get("contents")
        contents = say("contents", language, parts=parts) if parts else ""
        return f"<p>{say('no_gates', language)} {contents}</p>"
    small = seen(analysis.image)
    records = enumerate(analysis.gates, 1)
    tiles = "".join(_tile(i, record, small, record.site.name == gate, language) for i, record in records)
    count = len(analysis.gates)
    columns = max(NARROWEST, -(-count // -(-count // WIDEST)))  # rows as even as they can be
    return f'<div class="av-strip" style="--av-columns:{columns}">{tiles}</div>'


def head_html(key: str, language: str = "en") -> str:
    """A heading below the page's title."""
    return f"<h2>{say(key, language)}</h2>"
