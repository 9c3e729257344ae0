"""How results are shown in notebooks: HTML that holds everything it needs, without a script.

``types`` names these functions in a table and knows nothing else of them, so a result can be shown wherever it comes
from, and matplotlib is imported when a notebook asks.
"""

from __future__ import annotations

import base64
from html import escape

import numpy as np

from attnviz.core.gate_map import HOW, mask_for
from attnviz.core.types import Analysis, GateRecord
from attnviz.render.colour import caption, colourise, scale_for
from attnviz.render.drawings import view
from attnviz.render.figures.bars import channel_bars
from attnviz.render.figures.gate_strip import gate_strip
from attnviz.render.figures.style import encode, fit, to_png
from attnviz.render.first_gate import default_gate
from attnviz.render.overlay import overlay
from attnviz.render.svg.bars import top_bars

SIDE = 320
"""Most pixels of a picture's side."""
MOST_TILES = 60
"""Gates in the strip; of more, every n-th is drawn."""


def _image(data: bytes, kind: str, alt: str, style: str = "") -> str:
    text = base64.b64encode(data).decode()
    return f'<img src="data:image/{kind};base64,{text}" alt="{escape(alt)}" style="max-width:100%;{style}">'


def _figure(picture: str, told: str) -> str:
    note = f'<figcaption style="font-size:12px;opacity:.75">{escape(told)}</figcaption>'
    return f'<figure style="margin:0">{picture}{note}</figure>'


def _over(record: GateRecord, analysis: Analysis) -> str | None:
    """A gate with a weight per place over the photograph, of pairwise weights those of the place in the middle."""
    height, width = analysis.image.network.shape[:2]
    mask = mask_for(record, analysis.gates, aspect=height / width) if np.isfinite(record.values).any() else None
    if mask is None:
        return None
    scale = scale_for(mask.values, mask.scale("fixed"))
    told = (
        f"{record.site.name} · {HOW[mask.how]} {'×'.join(map(str, mask.values.shape))} · {caption(mask.values, scale)}"
    )
    picture = fit(overlay(analysis.image, mask.values, scale=scale), SIDE)
    return _figure(_image(encode(picture), "jpeg", f"The photograph with the mask {told}"), told)


def _drawn(record: GateRecord) -> str:
    """One gate without a photograph: a picture, bars or words."""
    site, shown = record.site, view(record)
    title = f"{site.name} · {site.kind} {shown.shape}"
    if shown.style == "words":
        return _figure(f"<pre>{escape(shown.text)}</pre>", title)
    scale = scale_for(shown.values, shown.mode)
    told = f"{title} · {caption(shown.values, scale)}"
    if shown.style == "profile" and shown.mode == "fixed":
        return _figure(
            _image(to_png(channel_bars(shown.values, size=(6.0, 2.6))), "png", f"Channel scores of {told}"), told
        )
    rows = shown.values if shown.values.ndim == 2 else shown.values[None]
    style = f"width:{SIDE}px;min-height:24px;image-rendering:pixelated"
    return _figure(_image(encode(colourise(rows, scale, None), "png"), "png", told, style), told)


def gate_html(record: GateRecord) -> str:
    """A gate as self-contained HTML: its picture, name, kind, shape, and minimum, mean and maximum."""
    return f'<div class="attnviz">{_drawn(record)}</div>'


def _strip(analysis: Analysis) -> str:
    step = -(-len(analysis.gates) // MOST_TILES)
    gates = analysis.gates[::step]
    title = "All gates, first layer to last" if step == 1 else f"One in {step} of {len(analysis.gates)} gates"
    alt = f"{title}: " + ", ".join(f"{g.site.name} ({g.site.kind})" for g in gates)
    return _image(to_png(gate_strip(gates, analysis.image, title=title)), "png", alt)


def analysis_html(analysis: Analysis) -> str:
    """An analysis as self-contained HTML: the top five, the photograph with the first gate, the strip of all gates."""
    name, _ = default_gate(analysis)
    record = None if name is None else analysis.gate(name)
    if record is None:
        picture = _image(encode(fit(analysis.image.pixels, SIDE)), "jpeg", "The photograph")
        parts = analysis.facts.get("contents")
        had = f" Here is what it has: {parts}." if parts else ""
        chosen, strip = _figure(picture, f"This network has no attention gates.{had}"), ""
    else:
        chosen, strip = _over(record, analysis) or _drawn(record), _strip(analysis)
        if record.site.has_scores:  # the bars hold no photograph
            picture = _image(encode(fit(analysis.image.pixels, SIDE)), "jpeg", "The photograph")
            chosen = f"{_figure(picture, 'photograph')}{chosen}"
    notes = "".join(f'<p style="font-size:12px">{escape(note.text)}</p>' for note in analysis.notes)
    return (
        f'<div class="attnviz"><h4 style="margin:0 0 .5em">{escape(analysis.model)}</h4>'
        '<div style="display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start">'
        '<div role="group" aria-label="The five most probable classes" style="flex:0 1 280px">'
        f"{top_bars(analysis)}{notes}</div>"
        f"{chosen}</div>{strip}</div>"
    )
