"""The components of the Compare tab and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.render.masks import DEPTHS
from attnviz.render.shared_scales import CHOICES
from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared.page import Page, picker, script
from attnviz.ui.shared.sample_buttons import available, sample_choices
from attnviz.ui.shared.strip_and_map import head_html
from attnviz.ui.shared.text import TEXTS, label, plain, say
from attnviz.ui.tabs.compare.pair_html import MAPS
from attnviz.ui.tabs.compare.state import AT_FIRST, FEWEST, MODES, OWN, at_first
from attnviz.viewer.bundles import module_name


@dataclass(frozen=True)
class CompareParts:
    """What events read or write; ``titles`` are the headings, by the key of their text.

    ``parameters`` holds a control for each (method, parameter), ``settings`` the group of each method that has any.
    """

    state: gr.State
    mode: gr.Radio
    models: gr.Dropdown
    model: gr.Dropdown
    one: gr.Column
    photo: gr.Image
    samples: gr.HTML
    several: gr.Column
    shots: gr.CheckboxGroup
    uploads: gr.File
    choice: gr.Dropdown
    method: gr.Dropdown
    settings: dict[str, gr.Row]
    parameters: dict[tuple[str, str], Any]
    compute: gr.Button
    stop: gr.Button
    progress: gr.HTML
    notes: gr.HTML
    table: gr.HTML
    depth: gr.Dropdown
    scale: gr.Radio
    cells: gr.Radio
    order: gr.Radio
    opacity: gr.Slider
    help: gr.HTML
    first: gr.Dropdown
    second: gr.Dropdown
    what: gr.Radio
    pair: gr.HTML
    panel: gr.Accordion
    measure: gr.Button
    halt: gr.Button
    trust: gr.HTML
    export: gr.Button
    file: gr.DownloadButton
    titles: dict[str, gr.HTML]


def titled(key: str, otherwise: str) -> Any:
    """A label that the browser translates where there is a text for it; a new method has its own title."""
    return label(key) if key in TEXTS else otherwise


def layout(page: Page) -> CompareParts:
    """Lay the tab out; nothing is computed yet."""
    parts: dict[str, Any] = {"titles": {}, "state": gr.State(None, time_to_live=KEEP_SECONDS)}
    with gr.Row(equal_height=False, elem_id="compare-ask"):
        with gr.Column(scale=3, min_width=260):
            _choices(parts, page)
            _photographs(parts, page)
            _attribution(parts)
        with gr.Column(scale=9, min_width=280, elem_classes="av-main"):
            _title(parts, "cmp_side_by_side")
            parts["progress"] = gr.HTML("", elem_id="compare-progress")
            parts["table"] = gr.HTML(
                f"<p>{say('cmp_opening')}</p>",
                js_on_load=f"{script('ask')}\n{script('cells', viewer=module_name())}",
                elem_id="compare-table",
            )
            _look(parts)
            parts["notes"] = gr.HTML("", elem_id="compare-notes")
            parts["help"] = gr.HTML("", elem_id="compare-help")
            _pair(parts)
    with gr.Accordion(label("cmp_trust"), open=False, elem_id="compare-trust") as parts["panel"]:
        with gr.Row(elem_classes="av-buttons"):
            parts["measure"] = gr.Button(label("cmp_measure"), size="md", elem_id="compare-measure")
            parts["halt"] = gr.Button(label("cmp_stop"), size="md", elem_id="compare-halt", interactive=False)
        parts["trust"] = gr.HTML("", elem_id="compare-trust-figures")
    parts["export"] = gr.Button(label("cmp_export"), size="md", elem_id="compare-export")
    parts["file"] = gr.DownloadButton(label("files"), elem_id="compare-file", elem_classes="av-hidden")
    return CompareParts(**parts)


def _title(parts: dict[str, Any], key: str) -> None:
    parts["titles"][key] = gr.HTML(head_html(key))


def opening_mode(page: Page) -> str:
    """Networks where there are several, else the gates of the only one."""
    return "networks" if len(page.store.ids) >= FEWEST else "gates"


def _photographs(parts: dict[str, Any], page: Page) -> None:
    with gr.Column() as parts["one"]:
        chosen = picker(page.opening, "compare-", height=200)
        parts["photo"], parts["samples"] = chosen.image, chosen.samples
    with gr.Column(visible=False) as parts["several"]:
        parts["shots"] = gr.CheckboxGroup(
            sample_choices(),
            value=list(available()[:AT_FIRST]),
            label=label("cmp_shots"),
            elem_id="compare-shots",
        )
        parts["uploads"] = gr.File(
            file_count="multiple",
            file_types=["image"],
            label=label("cmp_uploads"),
            height=130,
            elem_id="compare-uploads",
        )


def _choices(parts: dict[str, Any], page: Page) -> None:
    mode = opening_mode(page)
    parts["mode"] = gr.Radio(
        [(label(f"choice_mode_{name}"), name) for name in MODES],
        value=mode,
        label=label("cmp_mode"),
        elem_id="compare-mode",
    )
    models = [(page.store.title(name), name) for name in page.store.choices]
    parts["models"] = gr.Dropdown(
        models,
        value=at_first(page.store),
        multiselect=True,
        label=label("cmp_networks"),
        visible=mode == "networks",
        elem_id="compare-models",
    )
    parts["model"] = gr.Dropdown(
        models,
        value=page.store.ids[0],
        label=label("model"),
        visible=mode != "networks",
        elem_id="compare-model",
    )


def _attribution(parts: dict[str, Any]) -> None:
    with gr.Row():
        parts["choice"] = gr.Dropdown(
            [(plain("cmp_own_class"), OWN)],  # the classes come with the first comparison
            value=OWN,
            label=label("cmp_class"),
            elem_id="compare-class",
            min_width=200,
        )
        methods = [(titled(f"choice_method_{name}", m.title), name) for name, m in ATTRIBUTIONS.items()]
        parts["method"] = gr.Dropdown(
            methods, value=next(iter(ATTRIBUTIONS)), label=label("cmp_method"), elem_id="compare-method", min_width=200
        )
    parts["settings"], parts["parameters"] = {}, {}
    for name, method in ATTRIBUTIONS.items():
        if method.parameters:
            with gr.Row(visible=name == next(iter(ATTRIBUTIONS))) as parts["settings"][name]:
                for parameter in method.parameters:
                    parts["parameters"][name, parameter.name] = control(name, parameter)
    with gr.Row(elem_classes="av-buttons"):
        parts["compute"] = gr.Button(label("cmp_compute"), variant="primary", size="md", elem_id="compare-compute")
        parts["stop"] = gr.Button(label("cmp_stop"), size="md", elem_id="compare-stop", interactive=False)


def control(method: str, parameter: Any) -> Any:
    """What a person sets a parameter of an attribution with."""
    title = titled(f"choice_parameter_{parameter.name}", parameter.title)
    place = {"label": title, "elem_id": f"compare-{method}-{parameter.name}"}
    if parameter.choices:
        words = [(titled(f"choice_word_{word}", word), word) for word in parameter.choices]
        return gr.Dropdown(words, value=parameter.default, min_width=180, **place)
    return gr.Slider(parameter.low, parameter.high, parameter.default, step=parameter.step, min_width=180, **place)


def _look(parts: dict[str, Any]) -> None:
    with gr.Accordion(label("cmp_look"), open=False, elem_id="compare-look"), gr.Row(elem_classes="av-looks"):
        parts["scale"] = gr.Radio(
            [(label(f"choice_scale_{name}"), name) for name in CHOICES],
            value="fixed",
            label=label("scale"),
            elem_id="compare-scale",
            min_width=240,
        )
        parts["depth"] = gr.Dropdown(
            [(label(f"choice_depth_{name}"), name) for name in DEPTHS],
            value="fine",
            label=label("cmp_depth"),
            elem_id="compare-depth",
            min_width=200,
        )
        parts["cells"] = gr.Radio(
            [(label("cells_nearest"), "nearest"), (label("cells_bilinear"), "bilinear")],
            value="nearest",
            label=label("cells"),
            elem_id="compare-cells",
            min_width=160,
        )
        parts["order"] = gr.Radio(
            [(label("order_index"), "index"), (label("order_sorted"), "sorted")],
            value="index",
            label=label("order"),
            elem_id="compare-order",
            min_width=190,
        )
        parts["opacity"] = gr.Slider(
            0, 1, 0.55, step=0.05, label=label("opacity"), elem_id="compare-opacity", min_width=160
        )


def _pair(parts: dict[str, Any]) -> None:
    _title(parts, "cmp_two")
    with gr.Row():
        for name in ("first", "second"):
            parts[name] = gr.Dropdown(
                [("1", 0)], value=0, label=label(f"choice_side_{name}"), elem_id=f"compare-{name}", min_width=160
            )
        parts["what"] = gr.Radio(
            [(label(f"choice_map_{name}"), name) for name in MAPS],
            value=MAPS[0],
            label=label("cmp_by"),
            elem_id="compare-what",
            min_width=180,
        )
    parts["pair"] = gr.HTML("", js_on_load=script("slide"), elem_id="compare-pair")


def visible(mode: str, method: str, parts: CompareParts) -> Mapping[Any, Any]:
    """Which controls are shown for a comparison and a method."""
    shown = {
        parts.models: gr.Dropdown(visible=mode == "networks"),
        parts.model: gr.Dropdown(visible=mode != "networks"),
        parts.one: gr.Column(visible=mode != "photographs"),
        parts.several: gr.Column(visible=mode == "photographs"),
    }
    return shown | {row: gr.Row(visible=name == method) for name, row in parts.settings.items()}
