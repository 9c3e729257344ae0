"""A walk through a module as markup: the list of steps, and a page for each, of which the script shows one at a time.

All steps are sent at once, so that going from one to the next needs no server: a teacher's clicker must not wait.
"""

from __future__ import annotations

import re
from html import escape

from attnviz.attention import ATTENTION
from attnviz.attention.description import description_of
from attnviz.core.step_values import Walk, Weight
from attnviz.render.colour import Scale
from attnviz.render.svg.step_pictures import kernel_planes, number_table, plane_url, said, signed_bars, worked
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.text import TEXTS, network_title, note_html, plain, say
from attnviz.ui.tabs.inside_gate.state import LAYER, Inspection, Subject, type_name
from attnviz.ui.tabs.inside_gate.step_html import DRAW, StepScene, panel, ramp, step_title

MOST_NUMBERS = 64
"""Cells of a matrix up to which its numbers are printed."""
CLOSE = 1e-6
"""Largest relative distance between the last step and the module's own output that counts as the same."""


def notice_html(look: Inspection, store: Store) -> str:
    """What is looked at, and whether a network learned it."""
    language, subject = look.language, look.subject
    name = escape(type_name(subject.attention, language))
    network = network_title(store.card(subject.model).title, language)
    place = look.walk.place or plain("pixels", language)
    if subject.trained:
        return note_html("trained_note", language, network=network)
    by_hand = f"fixed_{subject.attention}"
    own_words = description_of(ATTENTION[subject.attention]).set_by_hand
    set_by_hand = plain(by_hand, language) if by_hand in TEXTS else own_words
    more = f" {escape(set_by_hand)}" if set_by_hand else ""
    clip = f" {say('clip_note', language)}" if subject.volume else ""
    key = "untrained_pixels" if not look.walk.place else "untrained_note"
    where_from = say(key, language, network=network, place=place)
    flag = f"<strong>{say('untrained_flag', language)}</strong>"
    return f'<p class="av-untrained">{flag} {name}. {where_from}{more}{clip}</p>'


def shape_text(axes: tuple[str, ...], shape: tuple[int, ...]) -> str:
    """``"C × H × W = 32 × 16 × 16"``; an axis without a name is only its number."""
    letters = " × ".join(str(n) if axis == "·" else axis for axis, n in zip(axes, shape, strict=True))
    numbers = " × ".join(map(str, shape))
    return numbers if letters == numbers else f"{letters} = {numbers}"


def _place(scene: StepScene) -> str:
    """Which number is followed at this step."""
    follow, axes, language = scene.look.follow, scene.step.axes, scene.language
    parts = [say("at_channel", language, channel=follow.channel)] if "C" in axes else []
    parts += [say("at_slice", language, slice=follow.slice)] if "D" in axes else []
    parts += [say("at_place", language, row=follow.row, column=follow.column)] if {"H", "W"} <= set(axes) else []
    return ", ".join(parts)


def _told(scene: StepScene, walk: Walk) -> str:
    """The formula with the followed numbers; of weights between places, where the followed place looks most."""
    step, follow = walk.steps[scene.index], scene.look.follow
    if "H′" not in step.axes or "H" not in step.axes:
        return worked(walk.steps, scene.index, follow)
    values = follow.at(step)
    plane = values if values.ndim == 2 else values[0]
    row, column = divmod(int(plane.argmax()), plane.shape[1])
    numbers = {"highest": said(float(plane.max())), "total": said(float(plane.sum()))}
    return plain("pair_worked", scene.language, row=row, column=column, **numbers)


def worked_html(scene: StepScene) -> str:
    """The formula with the followed numbers, and what it was before a change."""
    look = scene.look
    text = _told(scene, look.walk)
    if not text:
        return ""
    where = _place(scene)
    before = ""
    if look.before is not None:
        earlier = _told(scene, look.before)
        same = say("as_before", scene.language) if earlier == text else say("it_was", scene.language, worked=earlier)
        before = f'<span class="av-was">{same}</span>'
    head = f"{where}: " if where else ""
    return f'<p class="av-worked"><span>{head}</span><strong>{escape(text)}</strong> {before}</p>'


def weight_html(scene: StepScene, weight: Weight) -> str:
    """Learned numbers of a step: printed where they are few, else as colours or bars."""
    values, language = weight.values, scene.language
    title = f"{weight.name}: {shape_text(weight.axes, weight.values.shape)}"
    if values.size == 1:
        return panel(f"{weight.name} = {said(float(values.ravel()[0]))}", "")
    largest = float(abs(values).max()) or 1.0
    scale = Scale(-largest, largest, "diverging")
    if values.ndim >= 3:
        names = tuple(scene.row_name(row) for row in ("mean", "max"))
        tables = "".join(panel(name, number_table(map_, scale)) for name, map_ in kernel_planes(values, names).items())
        return f'<div class="av-panels av-kernel" role="group" aria-label="{escape(title)}">{tables}</div>{ramp(scale)}'
    if values.ndim == 1 and values.size > 15:
        alt = escape(title)
        bars = f'<div class="av-row-bars" role="img" aria-label="{alt}">{signed_bars(values, scale, None, 70)}</div>'
        return panel(title, bars, "av-full")
    matrix = values if values.ndim == 2 else values[None]
    if matrix.size <= MOST_NUMBERS and matrix.shape[1] <= 15:
        return panel(title, number_table(matrix, scale))
    alt = say("weight_alt", language, name=weight.name)
    # a matrix lies down, whatever it is: a tall thin one would push everything else off the screen
    lying = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    turned = "" if lying is matrix else f" {plain('turned', language)}"
    image = f'<img src="{plane_url(lying, scale)}" alt="{alt}" class="av-matrix" style="--av-rows:{lying.shape[0]}">'
    return panel(title + turned, image + ramp(scale), "av-full")


def _weights(scene: StepScene) -> str:
    weights = scene.step.weights
    if not weights:
        return ""
    key = "learned_numbers" if scene.look.walk.trained else "random_numbers"
    drawn = "".join(weight_html(scene, weight) for weight in weights)
    beside = " av-beside" if any(weight.values.ndim >= 3 for weight in weights) else ""
    return (
        f'<div class="av-weights{beside}"><h4>{say(key, scene.language)}</h4><div class="av-panels">{drawn}</div></div>'
    )


def _slices(scene: StepScene) -> str:
    """Buttons for the slices of a volume."""
    count = scene.look.walk.sizes.get("D", 1)
    if count == 1:
        return ""
    buttons = "".join(
        f'<button type="button" data-slice="{i}" aria-pressed="{"true" if i == scene.look.follow.slice else "false"}">'
        f"{i}</button>"
        for i in range(count)
    )
    return f'<div class="av-slices" role="group"><span>{say("slices", scene.language)}</span>{buttons}</div>'


def _symbols(formula: str) -> str:
    """A formula as markup."""
    return re.sub(r"_\{([^}]*)\}", r"<sub>\1</sub>", escape(formula))


def part_name(part: str, language: str) -> str:
    """What a part of a module is called: by the table of texts, else as the module calls it."""
    key = f"part_{part}"
    return plain(key, language) if key in TEXTS else part


def section_html(scene: StepScene) -> str:
    """One step: what happens, in words, in symbols, as a picture and with one number worked out."""
    step, language = scene.step, scene.language
    part = f'<span class="av-part">{escape(part_name(step.part, language))}</span>' if step.part else ""
    title = escape(scene.title)
    hidden = " hidden" if scene.index else ""
    symbols = (
        f'<p class="av-formula"><span class="av-math">{_symbols(step.formula)}</span>'
        f'<span class="av-size">{escape(shape_text(step.axes, step.shape))}</span></p>'
    )
    return (
        f'<section data-step="{step.key}" data-title="{title}"{hidden}>'
        f"<h3>{scene.index + 1}. {title} {part}</h3>"
        f'<p class="av-say">{escape(scene.words)}</p>{symbols}{worked_html(scene)}'
        f'{_slices(scene)}<div class="av-picture-row">{DRAW[step.kind](scene)}{_weights(scene)}</div></section>'
    )


def check_html(look: Inspection) -> str:
    """Whether the steps are what the module itself computed."""
    last = look.walk.steps[-1].values
    largest = max(float(abs(last).max()), 1.0)
    same = look.walk.difference <= CLOSE * largest
    key = "check_same" if same else "check_differs"
    return f'<p class="av-note av-check">{say(key, look.language, difference=said(look.walk.difference))}</p>'


def _list(look: Inspection) -> str:
    items = []
    for i, step in enumerate(look.walk.steps):
        current = ' aria-current="step"' if i == 0 else ""
        title = escape(step_title(step, look.language))
        name = f'title="{title}" aria-label="{i + 1}. {title}"'
        items.append(f'<button type="button" data-go="{i}" {name}{current}>{i + 1}</button>')
    return f'<nav class="av-steps" aria-label="{say("all_steps", look.language)}">{"".join(items)}</nav>'


def stage_html(look: Inspection) -> str:
    """All steps with their list and the buttons between them."""
    language = look.language
    sections = "".join(section_html(StepScene(look, i)) for i in range(len(look.walk.steps)))
    walk = escape(f"{look.subject.key}|{look.walk.place or LAYER}")
    where = say("step_of", language, here="{0}", count="{1}")
    move = (
        f'<div class="av-moves"><button type="button" data-move="-1">← {say("previous", language)}</button>'
        f"{_list(look)}"
        f'<button type="button" data-move="1" class="av-next">{say("next", language)} →</button></div>'
    )
    return (
        f'<div class="av-inside" tabindex="0" role="group" aria-label="{say("inside_stage", language)}" '
        f'data-walk="{walk}">{move}<p class="av-inside-spoken" aria-live="polite" data-text="{where}"></p>'
        f"{sections}{check_html(look)}</div>"
    )


def state_html(look: Inspection) -> str:
    """What is changed about the features, in words."""
    change, language = look.walk.change, look.language
    if change.nothing:
        return note_html("no_change", language)
    parts = []
    if change.channel is not None and change.factor != 1:
        parts.append(say("change_channel", language, channel=change.channel, factor=said(change.factor)))
    if change.region != "none":
        parts.append(say("change_region", language, region=plain(f"region_{change.region}", language)))
    return f'<p class="av-note"><strong>{say("changed", language)}</strong> {"; ".join(parts)}</p>'


def subject_choices(subjects: tuple[Subject, ...], store: Store, language: str) -> list[tuple[str, str]]:
    """Modules as (what people see, key)."""
    return [(subject.title(store, language), subject.key) for subject in subjects]


def place_choices(look: Inspection) -> list[tuple[str, str]]:
    """Places as (what people see, value)."""
    return [
        (f"{i} · {path}", path) if path else (plain("pixels", look.language), LAYER)
        for i, path in enumerate(look.places, 1)
    ]
