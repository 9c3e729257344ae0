"""How a gate is shown in notebooks: HTML that holds everything it needs, without a script."""

from __future__ import annotations

import base64
from html import escape

from attnviz.core.types import GateRecord
from attnviz.render.colour import caption, colourise, scale_for
from attnviz.render.drawings import view
from attnviz.render.figures.bars import channel_bars
from attnviz.render.figures.style import encode, to_png

SIDE = 320
"""Most pixels of a picture's side."""


def _image(data: bytes, kind: str, alt: str, style: str = "") -> str:
    text = base64.b64encode(data).decode()
    return f'<img src="data:image/{kind};base64,{text}" alt="{escape(alt)}" style="max-width:100%;{style}">'


def _figure(picture: str, words: str) -> str:
    note = f'<figcaption style="font-size:12px;opacity:.75">{escape(words)}</figcaption>'
    return f'<figure style="margin:0">{picture}{note}</figure>'


def _drawn(record: GateRecord) -> str:
    """One gate without a photograph: a picture, bars or words."""
    site, shown = record.site, view(record)
    title = f"{site.name} · {site.kind} {shown.shape}"
    if shown.style == "words":
        return _figure(f"<pre>{escape(shown.text)}</pre>", title)
    scale = scale_for(shown.values, shown.mode)
    words = f"{title} · {caption(shown.values, scale)}"
    if shown.style == "profile" and shown.mode == "fixed":
        return _figure(
            _image(to_png(channel_bars(shown.values, size=(6.0, 2.6))), "png", f"Channel scores of {words}"), words
        )
    rows = shown.values if shown.values.ndim == 2 else shown.values[None]
    style = f"width:{SIDE}px;min-height:24px;image-rendering:pixelated"
    return _figure(_image(encode(colourise(rows, scale, None), "png"), "png", words, style), words)


def gate_html(record: GateRecord) -> str:
    """A gate as self-contained HTML: its picture, name, kind, shape, and minimum, mean and maximum."""
    return f'<div class="attnviz">{_drawn(record)}</div>'
