"""The most probable classes as markup for the app: text is escaped, and colours follow light and dark pages."""

from __future__ import annotations

from html import escape

from attnviz.core.checks import whole
from attnviz.core.scores import SHARES, shown
from attnviz.core.types import Analysis

BAR, MARK = "var(--attnviz-bar,#0072b2)", "var(--attnviz-mark,#d55e00)"
"""Of what is shown, and of what is chosen in it."""


def top_bars(analysis: Analysis, k: int = 5) -> str:
    """The k most probable classes as an HTML list: label, per cent (or a plain number) and a bar; labels are escaped.

    Raises:
        UserError: ``k`` is no whole number of at least 1.
    """
    rows = []
    for label, probability in analysis.top(whole("k", k)):
        text = shown(probability, analysis.scores).replace(" ", "")
        share = text.rstrip("%") if analysis.scores in SHARES else "0"  # a number that is no share has no bar
        rows.append(
            '<li style="margin:0 0 .5em"><div style="display:flex;justify-content:space-between;gap:1em">'
            f'<span style="overflow-wrap:anywhere">{escape(label)}</span>'
            f'<span style="font-variant-numeric:tabular-nums">{text}</span></div>'
            '<div aria-hidden="true" style="height:.5em;border-radius:.25em;background:rgba(128,128,128,.25)">'
            f'<div style="height:100%;width:{share}%;border-radius:.25em;background:{BAR}"></div></div></li>'
        )
    return f'<ol class="attnviz-top" style="list-style:none;margin:0;padding:0">{"".join(rows)}</ol>'
