"""The large picture of the chosen gate: one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

import numpy as np

from attnviz.core.gate_map import mask_for
from attnviz.core.registry import Registry
from attnviz.render.colour import GATE_SCALE, cmap_for, scale_for
from attnviz.render.figures.gate_strip import reduced
from attnviz.render.svg.step_pictures import grid_path, number_table, plane_url
from attnviz.ui.shared.bars_html import asking, bars_html, marker, told_of
from attnviz.ui.shared.gate_html import (
    Settings,
    channel_figure,
    figure,
    frame,
    help_html,
    layers,
    legend,
    mask_figure,
    seen,
)
from attnviz.ui.shared.text import plain, say
from attnviz.ui.shared.usual_range import usual_html
from attnviz.ui.shared.view import View

MOST_BRANCHES = 8
"""Branches up to which each has bars of its own."""
MOST_ROWS = 256
"""Rows and columns of a matrix up to which each has a pixel of its own."""
HELP: Mapping[str, str] = {"query": "pairwise", "pooled": "pooled"}
"""What is explained below a map that is no mask, by how it came out of its gate."""
_GRID = 13
"""Lines of a sampling grid in each direction."""


def _channel(view: View, settings: Settings) -> str:
    shown = "" if view.channel is None else channel_figure(view, settings)
    return shown + help_html("scores", view.language)


def _spatial(view: View, settings: Settings) -> str:
    if view.record.values.ndim != 4:
        return _matrix(view, settings)
    return mask_figure(view, settings) + help_html("mask", view.language)


def _places(view: View, settings: Settings) -> str:
    """A gate with a weight per place, whatever else it has, over the photograph; as a matrix where it has none."""
    image, language = view.analysis.image, view.language
    aspect = image.network.shape[0] / image.network.shape[1]
    mask = mask_for(view.record, view.analysis.gates, view.query, aspect)
    if mask is None:
        return _matrix(view, settings)
    scale = scale_for(mask.values, mask.scale(settings.scale))
    cmap = cmap_for(scale, settings.cmap)
    told, how = told_of(mask.values, scale), say(f"choice_how_{mask.how}", language)
    size = {"height": mask.values.shape[0], "width": mask.values.shape[1]}
    alt = plain("mask_alt", language, gate=view.gate, caption=told, **size)
    picture = layers(image, mask.values, scale, cmap, settings.cells, alt, on_top=marker(mask, image))
    lines = [how, escape(told), usual_html(view), seen(image, language)]
    drawn = figure(asking(mask, picture, language), legend(scale, cmap, language), lines, language)
    return drawn + help_html(HELP.get(mask.how, "mask"), language)


def _branch(view: View, settings: Settings) -> str:
    """The weights of each branch as bars, one a channel."""
    inner, language = view.record.values[0], view.language
    rows = inner.reshape(len(inner), -1)
    if rows.shape[1] == 1 or len(rows) > MOST_BRANCHES:
        return _matrix(view, settings)
    drawn = []
    for number, row in enumerate(rows):
        of = {"number": number, "count": row.size, "caption": told_of(row, GATE_SCALE)}
        title = say("branch_title", language, number=number, mean=f"{np.nanmean(row):.3f}")
        bars = bars_html(row, GATE_SCALE, "index", plain("branch_alt", language, **of))
        drawn.append(f'<figure class="av-figure av-branch"><figcaption>{title}</figcaption>{bars}</figure>')
    return f'{"".join(drawn)}<p class="av-note">{say("branch_note", language)}</p>{usual_html(view)}'


def _added(view: View, settings: Settings) -> str:
    """What is added to each channel, as bars about zero."""
    values, language = view.record.values[0], view.language
    row = values.reshape(len(values), -1).mean(1)
    scale = scale_for(np.append(row, np.float32(0)), "features")
    told = told_of(row, scale)
    alt = plain("added_alt", language, count=row.size, caption=told)
    bars = bars_html(row, scale, "index", alt)
    note = f'<p class="av-note">{say("added_note", language)} {escape(told)}</p>'
    return f'<figure class="av-figure">{bars}</figure>{note}{usual_html(view)}'


def _matrix(view: View, settings: Settings) -> str:
    """The numbers as they are, a row for each that asks."""
    values, language = view.record.values, view.language
    pairs = view.record.site.traits.has_pairs and values.ndim >= 3
    whole = values.reshape(-1, *values.shape[-2:]).mean(0) if pairs else values[0].reshape(values.shape[1], -1)
    matrix = reduced(whole, MOST_ROWS)
    scale = scale_for(matrix, "stretch" if pairs else settings.scale)
    cmap = cmap_for(scale, settings.cmap)
    told, size = told_of(whole, scale), {"rows": whole.shape[0], "columns": whole.shape[1]}
    alt = escape(plain("matrix_alt", language, gate=view.gate, caption=told, **size))
    ratio = f"aspect-ratio:{matrix.shape[1]}/{max(matrix.shape[0], matrix.shape[1] // 6)}"
    image = f'<img src="{plane_url(matrix, scale, cmap)}" alt="{alt}" class="av-matrix-large" style="{ratio}">'
    lines = [
        say("matrix_note", language) if pairs else say("matrix_plain", language, **size),
        escape(told),
        say("matrix_reduced", language) if matrix.shape != whole.shape else "",
    ]
    text = "".join(f"<div>{line}</div>" for line in lines if line)
    ramp = legend(scale, cmap, language)
    return f'<figure class="av-figure">{image}{ramp}<figcaption>{text}</figcaption></figure>{usual_html(view)}'


def _geometric(view: View, settings: Settings) -> str:
    """The grid on which a spatial transformer reads the photograph, and the six numbers."""
    image, language = view.analysis.image, view.language
    theta = view.record.values.reshape(-1, view.record.values.shape[-1])
    scale = scale_for(theta, "features")
    table = f'<div class="av-theta">{number_table(theta, scale)}</div>'
    if theta.shape != (2, 3):
        return table + usual_html(view)
    across, down = np.meshgrid(*[np.linspace(-1, 1, _GRID)] * 2)
    path = grid_path(np.stack([across, down, np.ones_like(across)], -1) @ theta.T)
    grid = (
        f'<svg class="av-grid" style="{frame(image)}" viewBox="0 0 100 100" preserveAspectRatio="none" '
        f'aria-hidden="true"><path d="{path}" class="av-halo"/><path d="{path}"/></svg>'
    )
    numbers = " ".join(f"{v:.2f}" for v in theta.ravel().tolist())
    alt = plain("theta_alt", language, caption=numbers)
    picture = layers(image, np.zeros((1, 1), np.float32), GATE_SCALE, "gray", "nearest", alt, on_top=grid)
    note = f"<div>{say('theta_note', language)}</div>"
    return f'<figure class="av-figure av-plain">{picture}{table}<figcaption>{note}</figcaption></figure>'


PICTURES: Registry[Callable[[View, Settings], str]] = Registry(
    "picture of a kind of gate",
    (
        ("channel", "attnviz.ui.shared.gate_picture:_channel"),
        ("spatial", "attnviz.ui.shared.gate_picture:_spatial"),
        ("strip", "attnviz.ui.shared.gate_picture:_places"),
        ("branch", "attnviz.ui.shared.gate_picture:_branch"),
        ("full", "attnviz.ui.shared.gate_picture:_places"),
        ("pairwise", "attnviz.ui.shared.gate_picture:_places"),
        ("added", "attnviz.ui.shared.gate_picture:_added"),
        ("geometric", "attnviz.ui.shared.gate_picture:_geometric"),
    ),
)
"""How each kind of gate is shown large; the keys are those of ``attnviz.core.kinds.KINDS``."""


def picture_html(view: View, settings: Settings) -> str:
    """The picture of the chosen gate, whatever its kind, and the help that belongs to it."""
    record = view.record
    if record is None:
        return f"<p>{say('no_gates', view.language)}</p>"
    if not np.isfinite(record.values).any():
        return f"<p>{say('no_values', view.language)}</p>"
    return PICTURES[record.site.kind](view, settings)
