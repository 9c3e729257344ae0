"""The noise lab's pictures: six channels with their scores, and the networks' predictions."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from attnviz.core.input_spec import NoiseSpec
from attnviz.core.intervals import half_interval
from attnviz.core.types import Bytes, Floats
from attnviz.images.noise_channels import OPEN, best_ratio, suppression
from attnviz.render.svg.bars import top_bars
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import address_html
from attnviz.ui.shared.code import code_html, photo_lines
from attnviz.ui.shared.gate_html import help_html
from attnviz.ui.shared.sample_buttons import data_url
from attnviz.ui.shared.text import in_words, input_channel_name, network_title, note_html, plain, say
from attnviz.ui.tabs.noise_lab.state import Lab

MOST_TIMES = 1000
"""Ratios above are not told apart: the noise's score is near 0, and its last digits mean nothing."""
SPREAD = 2.5
"""Standard deviations of normalised values from black to white."""


def grey(channel: Floats) -> Bytes:
    """One normalised channel as a grey picture on a fixed scale: (H, W) float32 -> (H, W, 3) uint8."""
    unit = np.clip((channel + SPREAD) / (2 * SPREAD), 0, 1)
    return np.repeat((unit * 255 + 0.5).astype(np.uint8)[..., None], 3, axis=2)


def short(value: float) -> str:
    """A score: three decimals, or two digits where they would all be zero."""
    return f"{value:.3f}" if value >= 0.01 else f"{value:.1e}".replace("e-0", "e-")


def ratio_text(ratio: float) -> str:
    """How many times, without digits that mean nothing."""
    return f"{ratio:.2g}" if ratio < 1 else f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"


def _times(ratio: float) -> str:
    """A ratio of one picture's scores; where noise is near 0, its last digits mean nothing."""
    return ratio_text(ratio) if ratio < MOST_TIMES else f"> {MOST_TIMES:,}"


def _bar(score: float, mean: Floats | None) -> str:
    mark = ""
    if mean is not None:
        middle, sd = float(mean.mean()), float(mean.std())
        low, high = max(0.0, middle - sd), min(1.0, middle + sd)
        mark = (
            f'<b style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></b>'
            f'<s style="left:{100 * middle:.2f}%"></s>'
        )
    return f'<div class="nl-bar" aria-hidden="true"><i style="width:{100 * score:.2f}%"></i>{mark}</div>'


def _arrow(way: str, place: int, name: str, last: int, language: str) -> str:
    title = say(f"noise_{way}", language, name=name)
    off = " disabled" if place == (0 if way == "left" else last) else ""
    sign = "◀" if way == "left" else "▶"
    return f'<button type="button" data-pick="{way}:{place}" title="{title}" aria-label="{title}"{off}>{sign}</button>'


def _tile(lab: Lab, place: int) -> str:
    shown, language = lab.shown, lab.language
    channel = shown.order[place]
    name = input_channel_name(channel, language)
    alt = say("noise_picture_alt", language, name=name, position=place)
    picture = data_url(grey(shown.channels[place]), "png")
    score = float(lab.scores[place])
    mean = None if lab.mean is None else lab.mean[:, place]
    below = "" if mean is None else f"<small>{_mean(mean, language)}</small>"
    last = len(shown.order) - 1
    return (
        f'<li class="nl-tile nl-{"noise" if channel > 2 else f"colour{channel}"}">'
        f'<div class="nl-name"><strong>{escape(name)}</strong>'
        f"<small>{say('noise_position', language, position=place)}</small></div>"
        f'<img src="{picture}" alt="{alt}" width="96" height="96">'
        f"{_bar(score, mean)}<span>{say('noise_score', language, score=short(score))}</span>{below}"
        f'<div class="nl-move">{_arrow("left", place, name, last, language)}'
        f"{_arrow('right', place, name, last, language)}</div></li>"
    )


def _mean(mean: Floats, language: str) -> str:
    return say("noise_mean", language, mean=short(float(mean.mean())), sd=short(float(mean.std())))


def _verdict(lab: Lab) -> str:
    """Which channels the gate lets in, and how colours and noise compare: in this picture, and over many."""
    shown, language = lab.shown, lab.language
    by_content = np.argsort(shown.order)
    scores = lab.scores[by_content]
    text = _opened(scores, language) + " " + _compared(scores, language)
    if lab.mean is not None:
        over = _ratios(lab.mean.mean(0)[by_content])
        text += " " + say("noise_ratio_mean", language, count=len(lab.mean), **over)
    return f'<p class="nl-verdict" aria-live="polite">{text}</p>'


def _opened(scores: Floats, language: str) -> str:
    """One sentence of four: all in, all out, the colours alone, or which are in and which are out."""
    names = [input_channel_name(channel, language) for channel in range(len(scores))]
    is_open = [score >= OPEN for score in scores.tolist()]
    if all(is_open) or not any(is_open):
        return say("noise_all_in" if all(is_open) else "noise_all_out", language, count=len(names))
    comma = plain("noise_comma", language)
    sides = {
        key: comma.join(name for name, let_in in zip(names, is_open, strict=True) if let_in == side)
        for key, side in (("let_in", True), ("shut", False))
    }
    return say("noise_opened", language, **sides)


def _compared(scores: Floats, language: str) -> str:
    """The colours against the noise: which way round, so that no number is read backwards."""
    weakest, best = suppression(scores), best_ratio(scores)
    if not float(scores[3:].max()) > 0:
        return say("noise_ratio_none", language)
    if best < 1:
        return say("noise_ratio_below", language, times=_times(1 / best) if best > 0 else "∞")
    ratios = {"weakest": _times(weakest), "best": _times(best)}
    key = "noise_ratio_mixed" if weakest < 1 else "noise_ratio"
    return say("noise_ratio_even" if ratios["weakest"] == ratios["best"] else key, language, **ratios)


def link_html(lab: Lab) -> str:
    """An address that brings everything back, and the same in Python."""
    noise, photo = lab.noise, lab.photo
    query = {
        "sample": None if photo.path else photo.sample,
        "network": lab.gate,
        "noise": noise.kind,
        "strength": f"{noise.strength:g}",
        "seed": noise.seed,
        "places": "".join(map(str, noise.order)),
    }
    code = code_html(python_of(lab), lab.language, own=photo.path is not None)
    return address_html("noise", query, lab.language, "link_note" if photo.path else "") + code


def python_of(lab: Lab) -> list[str]:
    """The lines that give the scores."""
    needed, photograph = photo_lines(lab.photo)
    noise = lab.noise
    return [
        "import attnviz",
        "from attnviz.analysis.analyser import Analyser",
        "from attnviz.analysis.noise_lab import look",
        "from attnviz.core.input_spec import NoiseSpec",
        *needed,
        "",
        f"analyser = Analyser(attnviz.load({lab.gate!r}))",
        f"photograph = attnviz.open_photograph({photograph})",
        "image = attnviz.prepare(photograph, analyser.loaded.spec.input)",
        f"noise = NoiseSpec({noise.channels}, {noise.kind!r}, {noise.strength:g}, {noise.order}, seed={noise.seed})",
        "print(look(analyser, image, noise).scores)",
    ]


def _ratios(scores: Floats) -> dict[str, str]:
    return {"weakest": ratio_text(suppression(scores)), "best": ratio_text(best_ratio(scores))}


def intro_html(trained: NoiseSpec, language: str) -> str:
    """What this is about, and with which noise the networks were trained."""
    kind = plain(f"noise_{trained.kind}", language)
    how = say("noise_trained", language, kind=kind, strength=f"{trained.strength:g}")
    return f'<p class="av-note">{say("noise_intro", language)} {how}</p>'


def channels_html(lab: Lab) -> str:
    """All channels in their order, each with its picture, its score and two buttons that move it."""
    language = lab.language
    tiles = "".join(_tile(lab, place) for place in range(len(lab.shown.order)))
    hint = say("noise_channels_hint_alone", language)
    if lab.mean is not None:
        hint = say("noise_channels_hint", language, count=len(lab.mean))
    return (
        f"<h2>{say('noise_channels', language)}</h2>{_verdict(lab)}"
        f'<ol class="nl-channels">{tiles}</ol><p class="av-note">{hint}</p>{help_html("noise", language)}'
    )


def predictions_html(lab: Lab, store: Store) -> str:
    """The three most probable classes of every network, side by side."""
    cells = []
    for name, answer in lab.looks.items():
        card = store.card(name)
        note = [say("noise_without", lab.language)] if answer.noise is None else []
        if "top1" in card.metrics:
            total = f"{card.metrics.get('total', 0):,}"
            note.append(say("accuracy", lab.language, top1=card.metrics["top1"], total=total))
        top = top_bars(in_words(answer.analysis, lab.language), 3)
        cells.append(
            f'<section class="nl-net"><h3>{escape(network_title(card.title, lab.language))}</h3>{top}'
            f'<p class="av-note">{" · ".join(note)}</p></section>'
        )
    return f'<h2>{say("noise_predictions", lab.language)}</h2><div class="nl-nets">{"".join(cells)}</div>'


def table_html(results: Mapping[str, Any] | None, language: str) -> str:
    """The measured table, with what it says in words; empty where nothing was measured."""
    try:
        return _table(results, language) if results else ""
    except (KeyError, TypeError, ValueError, IndexError):  # a file of another version says nothing
        return ""


def _table(results: Mapping[str, Any], language: str) -> str:
    gates, rows = results.get("gates", {}), []
    for row in results["rows"]:
        top1, gate = row["top1"], gates.get(row["recipe"])
        half = f" ± {half_interval(top1['values']):.2f}" if top1["n"] > 1 else ""
        ratio = "–" if gate is None else f"{ratio_text(float(gate['median_ratio']))}×"
        name = escape(_network(results, row["recipe"], language))
        rows.append(
            f"<tr><th scope=row>{name}</th><td>{top1['mean']:.2f}{half} ({top1['n']:d})</td><td>{ratio}</td></tr>"
        )
    heads = "".join(f"<th scope=col>{say(f'noise_head_{h}', language)}</th>" for h in ("network", "top1", "ratio"))
    recovery = results["recovery"]
    if "recovered" in recovery:
        low, high = (f"{100 * v:.0f}" for v in recovery["interval"])
        share = f"{100 * recovery['recovered']:.0f}"
        note = say("noise_won_back", language, cost=recovery["cost"], share=share, low=low, high=high)
    elif "cost" in recovery:
        note = say("noise_not_won_back", language, cost=recovery["cost"], p=f"{recovery['p']:.2g}")
    else:
        note = say("noise_few_seeds", language)
    return (
        f"<h2>{say('noise_table', language)}</h2><table class=nl-table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
        f'<p class="av-note">{note}</p>{_positions(results, language)}{_published(results, language)}'
        f"{note_html('noise_reference', language)}"
    )


def _network(results: Mapping[str, Any], recipe: str, language: str) -> str:
    """What a measured network is given and has, without what all of them share; not escaped."""
    return network_title(str(results["recipes"][recipe]["title"]).partition(" · ")[0], language)


def _positions(results: Mapping[str, Any], language: str) -> str:
    """What of the scores' spread is explained by content and what by position, one sentence a network."""
    parts = []
    for name, row in results.get("positions", {}).get("rows", {}).items():
        runs = row.get("runs", [])
        if runs:
            title = _network(results, name, language)
            shares = {
                key: f"{100 * float(np.median([run[f'explained_by_{key}'] for run in runs])):.0f}"
                for key in ("content", "position")
            }
            parts.append(note_html("noise_follows", language, network=title, **shares))
    return "".join(parts)


def _published(results: Mapping[str, Any], language: str) -> str:
    """What the published gates let in of each image, in the orders that they were trained with."""
    parts = []
    for name, gate in results.get("published", {}).items():
        title = _network(results, name, language)
        values = {"colours": f"{gate['colours']:.2f}", "noise": f"{gate['noise']:.3f}", "count": f"{gate['images']:,}"}
        values |= {"best": ratio_text(gate["best_ratio"]), "weakest": ratio_text(gate["weakest_ratio"])}
        parts.append(note_html("noise_opens", language, network=title, **values))
    return "".join(parts)
