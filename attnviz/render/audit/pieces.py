"""Pieces of a report's page: numbers, tables, pictures, and the page around them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from attnviz.core.numbers import number
from attnviz.core.page_policy import hash_of
from attnviz.render.audit.style import STYLE


def join(parts: Iterable[Markup]) -> Markup:
    """Pieces one after the other."""
    return Markup("").join(parts)


def ends(pair: Sequence[float], digits: int = 1) -> str:
    """An interval."""
    return f"[{number(pair[0], digits)}, {number(pair[1], digits)}]"


def image(data: bytes, kind: str, text: str, width: float, height: float) -> Markup:
    """A picture inside the page."""
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return Markup('<img src="{}" alt="{}" width="{}" height="{}">').format(source, text, round(width), round(height))


def to_svg(figure: Figure) -> bytes:
    """A figure as SVG, the same bytes each time; text stays text."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "attnviz", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


TONES = {"would_do": "free", "follows_nothing": "free", "constant": "free", "would_not_do": "costs", "follows": "costs"}
"""Rules whose sentences say that a gate does not matter, or does."""


def tone_of(sentence: Mapping[str, str]) -> str:
    """``free`` or ``costs`` for a sentence that says that a gate does not matter or does, else ``plain``."""
    return TONES.get(sentence["rule"], "plain")


def reach_of(effects: Mapping[str, Mapping[str, Any]]) -> float:
    """Points that the longest whisker reaches; ``neutral``, which changes the scale too, does not decide it."""
    return max([1.0, *(abs(end) for name, one in effects.items() if name != "neutral" for end in one["interval"])])


def whisker(value: float, interval: Sequence[float], reach: float) -> Markup:
    """A dot with its interval on a line from −reach to +reach with 0 in the middle; what lies beyond is an arrow."""

    def at(number: float) -> str:
        return f"{60 + 56 * max(-1.0, min(1.0, number / reach)):.1f}"

    dot = Markup('<circle cx="{}" cy="7" r="3"/>').format(at(value))
    if abs(value) > reach:
        dot = Markup('<path d="M{} 7l{} -5v10z"/>').format(at(value), 6 if value < 0 else -6)
    return Markup(
        '<svg class="whisker" viewBox="0 0 120 14" width="120" height="14" aria-hidden="true"><line x1="60" x2="60" '
        'y1="0" y2="14" class="zero"/><line x1="{}" x2="{}" y1="7" y2="7" class="reach"/>{}</svg>'
    ).format(at(interval[0]), at(interval[1]), dot)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], label: str) -> Markup:
    """A table that scrolls by itself where it is wide; the first cell of a row names it."""
    head = join(Markup("<th scope=col>{}</th>").format(h) for h in heads)
    body = join(
        Markup("<tr><th scope=row>{}</th>{}</tr>").format(
            row[0], join(Markup("<td>{}</td>").format(c) for c in row[1:])
        )
        for row in rows
    )
    return Markup(
        '<div class="wide" tabindex="0" role="region" aria-label="{}"><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    ).format(label, head, body)


def page(title: str, body: Markup, language: str, script: str = "") -> str:
    """A page around its content; the one script that it may run is named by its hash, like its style sheet."""
    sources = {"img-src": "data:", "style-src": hash_of(STYLE), "base-uri": "'none'", "form-action": "'none'"}
    if script:
        sources["script-src"] = hash_of(script)
    policy = "; ".join(["default-src 'none'", *(f"{key} {value}" for key, value in sources.items())])
    end = Markup("<script>{}</script>").format(Markup(script)) if script else Markup("")  # noqa: S704 - our own
    return str(
        Markup(
            '<!DOCTYPE html>\n<html lang="{}" data-lang="{}"><head><meta charset="utf-8"><meta '
            'http-equiv="Content-Security-Policy" content="{}"><meta name="viewport" content="width=device-width, '
            'initial-scale=1"><title>{}</title><style>{}</style></head><body><main>{}</main>{}</body></html>\n'
        ).format(language, language, policy, title, Markup(STYLE), body, end)  # noqa: S704 - our own
    )
