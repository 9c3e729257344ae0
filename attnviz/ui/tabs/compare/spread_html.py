"""Several photographs through one network: does the gate depend on the image at all?"""

from __future__ import annotations

import numpy as np

from attnviz.render.masks import mask_of, scores_of
from attnviz.render.shared_scales import spread
from attnviz.ui.shared.text import say
from attnviz.ui.tabs.compare.state import Comparison, Look


def spread_html(comparison: Comparison, look: Look) -> str:
    """How much mask and bars vary from photograph to photograph; empty for other comparisons."""
    if comparison.wanted.mode != "photographs" or len(comparison.rows) < 2:
        return ""
    language = comparison.language
    masks = [mask_of(row.gates, look.depth, comparison.query, row.aspect) for row in comparison.rows]
    scores = [scores_of(row.gates, look.depth) for row in comparison.rows]
    lines = []
    for pictures, key in (([m for m in masks if m], "mask"), ([s for s in scores if s], "scores")):
        if len(pictures) < 2 or len({np.shape(f.values) for f in pictures}) > 1:
            continue
        between, within = spread([f.values for f in pictures])
        about = {"gate": pictures[0].gate, "between": f"{between:.3f}", "within": f"{within:.3f}"}
        sentence = say(f"choice_spread_{key}", language, **about)
        lines.append(f"<p>{sentence}</p>")
    if not lines:
        return ""
    lines.append(f"<p>{say('cmp_spread_how', language, count=len(comparison.rows))}</p>")
    return f'<section class="av-spread"><h3>{say("cmp_spread", language)}</h3>{"".join(lines)}</section>'
