"""How each kind of step is drawn: one function a kind turns a step into panels of markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape

import numpy as np

from attnviz.analysis.step_by_step import PIXELS, frames
from attnviz.core.step_values import AXES, Step
from attnviz.core.types import Floats, PreparedImage
from attnviz.render.colour import GATE_SCALE, Scale, caption, cmap_for, scale_for, shared_scale
from attnviz.render.overlay import overlay
from attnviz.render.svg.step_pictures import (
    MOST_MAPS,
    grid_path,
    number_table,
    plane_url,
    rgb_url,
    said,
    sheet,
    signed_bars,
    url,
)
from attnviz.ui.shared.gate_html import gradient
from attnviz.ui.shared.text import TEXTS, plain, say
from attnviz.ui.shared.text import drawn as worded
from attnviz.ui.tabs.inside_gate.state import Inspection

FEW = 8
"""Numbers up to which they are printed above their bars."""


@dataclass(frozen=True)
class StepScene:
    """One step of what a visitor looks at.

    Attributes:
        look: The walk.
        index: Which step.
    """

    look: Inspection
    index: int

    @property
    def step(self) -> Step:
        """The step."""
        return self.look.walk.steps[self.index]

    @property
    def language(self) -> str:
        """Of the texts."""
        return self.look.language

    @property
    def title(self) -> str:
        """What the step is called; not escaped."""
        return step_title(self.step, self.language)

    @property
    def words(self) -> str:
        """What happens, for readers; not escaped. A step without a text of its own has its title alone."""
        key = f"step_{self.step.key}_text"
        return plain(key, self.language) if key in TEXTS else ""

    @cached_property
    def source(self) -> Step:
        """The features that this step changes: the last ones before it."""
        earlier = [s for s in self.look.walk.steps[: self.index] if s.kind == "features"]
        return earlier[-1] if earlier else self.look.walk.steps[0]

    @cached_property
    def picture(self) -> PreparedImage:
        """What the network was given, as a photograph of its own; the chosen slice of a clip."""
        whole = self.look.image
        if self.look.subject.volume:
            return frames(whole)[self.look.follow.slice]
        high, wide = whole.network.shape[:2]
        return replace(whole, pixels=whole.network, box=(0, 0, wide, high))

    def row_name(self, name: str) -> str:
        """What the rows of a step are called; not escaped."""
        key = f"row_{name}"
        return plain(key, self.language) if key in TEXTS else name


def step_title(step: Step, language: str = "en") -> str:
    """What a step is called: by the table of texts, else in the module's own words."""
    key = f"step_{step.key}"
    return plain(key, language) if key in TEXTS else step.does


def ramp(scale: Scale, cmap: str | None = None) -> str:
    """The colours of a scale with the numbers at its ends."""
    low, high = (escape(end) for end in scale.ends)
    colours = gradient(cmap_for(scale, cmap))
    return (
        f'<div class="av-legend av-ramped"><span>{low}</span>'
        f'<span class="av-ramp" style="background:{colours}"></span><span>{high}</span></div>'
    )


def panel(title: str, inner: str, css: str = "") -> str:
    """A picture with its name above."""
    return f'<figure class="av-panel {css}"><figcaption>{escape(title)}</figcaption>{inner}</figure>'


def _cross(scene: StepScene, shape: tuple[int, ...]) -> str:
    """The followed place as a frame on a picture, in per cent."""
    rows, columns = shape
    row, column = min(scene.look.follow.row, rows - 1), min(scene.look.follow.column, columns - 1)
    place = (100 * column / columns, 100 * row / rows, 100 / columns, 100 / rows)
    style = "left:{:.3f}%;top:{:.3f}%;width:{:.3f}%;height:{:.3f}%".format(*place)
    return f'<span class="av-cross" style="{style}"></span>'


def plane(scene: StepScene, title: str, values: Floats, scale: Scale, *, cells: bool = True, source: str = "") -> str:
    """One map, large; a click on a cell follows that place."""
    alt = escape(f"{scene.title}, {title}: {worded(caption(values, scale), scene.language)}")
    shape = values.shape
    size = f"--av-shape:{shape[1] / shape[0]:.4f};aspect-ratio:{shape[1]}/{shape[0]}"
    place = f' data-rows="{shape[0]}" data-wide="{shape[1]}"' if cells else ""
    smooth = " av-smooth" if source else ""
    image = f'<img src="{source or plane_url(values, scale)}" alt="{alt}" class="av-cells{smooth}">'
    inner = f'<div class="av-plane" style="{size}"{place}>{image}{_cross(scene, shape) if cells else ""}</div>'
    return panel(title, inner)


def photograph(scene: StepScene, title: str, shape: tuple[int, ...] | None) -> str:
    """What the network was given; with a shape, the followed place is framed and can be chosen."""
    pixels = scene.picture.network
    high, wide = pixels.shape[:2]
    place = f' data-rows="{shape[0]}" data-wide="{shape[1]}"' if shape else ""
    size = f"--av-shape:{wide / high:.4f};aspect-ratio:{wide}/{high}"
    image = f'<img src="{url(pixels)}" alt="{escape(title)}" class="av-cells av-smooth">'
    cross = _cross(scene, shape) if shape else ""
    return panel(title, f'<div class="av-plane" style="{size}"{place}>{image}{cross}</div>')


def _is_picture(scene: StepScene, values: Floats) -> bool:
    return scene.look.walk.place == PIXELS and not scene.look.walk.trained and len(values) == 3


def _maps(scene: StepScene) -> str:
    """All maps on one sheet and the followed one large; features beside what they were."""
    step, follow = scene.step, scene.look.follow
    values = follow.at(step, "D")
    changed = step.kind == "features" and scene.index > 0
    before = follow.at(scene.source, "D") if changed else None
    scale = scale_for(values, "features") if before is None else shared_scale([values, before], "features")
    parts, followed = [], step.axes[0] == "C"
    number = follow.channel
    place = values.shape[1:] if step.axes[-2:] == ("H", "W") else None
    if scene.index == 0:
        parts.append(photograph(scene, plain("the_photograph", scene.language), place))
    if step.key == "sampled" and _is_picture(scene, values):
        unit = GATE_SCALE
        for title, what in (("before", scene.look.walk.steps[0].values), ("after", values)):
            name = plain(f"{title}_step", scene.language)
            parts.append(plane(scene, name, what[0], unit, cells=False, source=rgb_url(what)))
        return _row(parts)
    if followed:
        name = plain("followed", scene.language, channel=number)
        if before is not None:
            names = [f"{name}, {plain(f'{when}_step', scene.language)}" for when in ("before", "after")]
            parts += [plane(scene, names[0], before[number], scale), plane(scene, names[1], values[number], scale)]
        else:
            parts.append(plane(scene, name, values[number], scale, cells=place is not None))
    return _row([_sheet(scene, values[:MOST_MAPS], scale, followed), *parts]) + ramp(scale)


def _sheet(scene: StepScene, values: Floats, scale: Scale, followed: bool) -> str:
    drawn = sheet(values, scale)
    title = plain("all_maps", scene.language, count=len(values))
    style = "left:{:.3f}%;top:{:.3f}%;width:{:.3f}%;height:{:.3f}%"
    number = scene.look.follow.channel
    mark, picked = "", ""
    if followed:
        picked = f' data-columns="{drawn.columns}" data-count="{drawn.count}"'
        if number < drawn.count:
            mark = f'<span class="av-mark" style="{style.format(*drawn.box(number))}"></span>'
    alt = escape(f"{scene.title}: {worded(caption(values, scale), scene.language)}")
    image = f'<img src="{drawn.url}" alt="{alt}" width="{drawn.size[0]}" height="{drawn.size[1]}">'
    return panel(title, f'<div class="av-sheet"{picked}>{image}{mark}</div>', "av-wide")


def _row(parts: list[str]) -> str:
    return f'<div class="av-panels">{"".join(parts)}</div>'


def _planes(scene: StepScene) -> str:
    """A few maps side by side; of weights between places, those of the followed place."""
    step, follow = scene.step, scene.look.follow
    pairs = "H′" in step.axes
    values = follow.at(step, "D" + ("C" if "C" in step.axes else "") + ("HW" if pairs else ""))
    left = values if values.ndim == 3 else values[None]
    scale = scale_for(values, "features")
    cells = step.axes[-2:] == ("H", "W")
    names = [scene.row_name(row) for row in step.rows] or [""]
    if pairs:
        sizes = scene.look.walk.sizes
        where = plain("query_here", scene.language, row=follow.row, column=follow.column)
        parts = [photograph(scene, where, (sizes["H"], sizes["W"]))]
        looks = plain("fits" if step.key == "similarity" else "looks_at", scene.language)
        parts += [
            plane(scene, f"{looks} {name}".strip(), map_, scale, cells=False)
            for name, map_ in zip(names, left, strict=True)
        ]
        return _row(parts) + ramp(scale)
    titles = [name or plain("one_map", scene.language) for name in names]
    return _row([plane(scene, t, map_, scale, cells=cells) for t, map_ in zip(titles, left, strict=True)]) + ramp(scale)


def _mask(scene: StepScene) -> str:
    """A mask in 0..1: its cells, and laid over what the network saw."""
    values = scene.look.follow.at(scene.step, "D")
    over = url(overlay(scene.picture, values, opacity=0.6, scale=GATE_SCALE))
    names = plain("the_mask", scene.language), plain("on_the_photograph", scene.language)
    return _row(
        [plane(scene, names[0], values, GATE_SCALE), plane(scene, names[1], values, GATE_SCALE, source=over)]
    ) + ramp(GATE_SCALE)


def _bars(scene: StepScene, fixed: Scale | None = None) -> str:
    """Numbers as bars, a row for each of ``rows``; a click follows that channel, row or column."""
    step, follow = scene.step, scene.look.follow
    lines = [axis for axis in step.axes if axis not in ("D", "·")]
    # a row of numbers for the followed channel, where the channel is not the only thing they differ by
    gone = "DC" if len(lines) > 1 else "D"
    values, axes = follow.at(step, gone), tuple(axis for axis in step.axes if axis not in gone)
    scale = fixed or scale_for(np.append(values.ravel(), 0), "stretch")  # 0 is where bars stand
    rows = values if values.ndim == 2 else values[None]
    names = [scene.row_name(row) for row in step.rows] or [""]
    name = AXES.get(axes[-1])
    chosen = min(getattr(follow, name), rows.shape[1] - 1) if name else None
    clicks = f' data-follow="{name}"' if name else ""
    drawn = []
    for title, row in zip(names, rows, strict=True):
        alt = escape(f"{title or scene.title}: {worded(caption(row, scale), scene.language)}")
        bars = signed_bars(row, scale, chosen, 150 if len(rows) == 1 else 110)
        ends = "".join(f"<span>{escape(end)}</span>" for end in reversed(scale.ends))
        shown = " · ".join(said(v) for v in row.tolist()) if row.size <= FEW else ""
        shown = shown if chosen is None else f"{chosen}: {said(float(row[chosen]))}"
        tag = f'<span class="av-chosen">{shown}</span>'
        inner = (
            f'<div class="av-stick"><div class="av-ends" aria-hidden="true">{ends}</div>'
            f'<div class="av-row-bars" role="img" aria-label="{alt}"{clicks}>{bars}</div></div>'
        )
        drawn.append(f'<figure class="av-panel av-full"><figcaption>{escape(title)} {tag}</figcaption>{inner}</figure>')
    return _row(drawn)


def _gate(scene: StepScene) -> str:
    """Weights in 0..1 as bars."""
    return _bars(scene, GATE_SCALE)


def _theta(scene: StepScene) -> str:
    """The six numbers of an affine map."""
    values = scene.step.values
    scale = scale_for(values, "features")
    return _row([panel("θ", f'<div class="av-big">{number_table(values, scale)}</div>')])


def _grid(scene: StepScene) -> str:
    """Where the output is read, drawn on the input."""
    first = scene.look.walk.steps[0].values
    scale = scale_for(first, "features")
    own = _is_picture(scene, first)
    source = rgb_url(first) if own else plane_url(first[scene.look.follow.channel], scale)
    path = grid_path(scene.step.values)
    alt = say("grid_alt", scene.language)
    high, wide = first.shape[1:]
    drawn = (
        f'<div class="av-plane av-gridded" style="--av-shape:{wide / high:.4f};aspect-ratio:{wide}/{high}">'
        f'<img src="{source}" alt="{alt}" class="av-cells{" av-smooth" if own else ""}">'
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{path}" class="av-halo"/><path d="{path}"/></svg></div>'
    )
    return _row([panel(plain("the_grid", scene.language), drawn)])


DRAW: Mapping[str, Callable[[StepScene], str]] = {
    "features": _maps,
    "maps": _maps,
    "planes": _planes,
    "mask": _mask,
    "bars": _bars,
    "gate": _gate,
    "theta": _theta,
    "grid": _grid,
}
"""How each of ``attnviz.core.step_values.KINDS`` is drawn."""
