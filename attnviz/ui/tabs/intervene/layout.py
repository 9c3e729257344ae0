"""The components of the Intervene tab and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from attnviz.gates.edits.replacements import SWAPS
from attnviz.ui.networks.store import Store
from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared.page import Photo, picker, script
from attnviz.ui.shared.sample_buttons import sample_choices
from attnviz.ui.shared.strip_and_map import head_html
from attnviz.ui.shared.text import label, plain, say
from attnviz.ui.tabs.intervene.html import MEASURES

ACTIONS = ("knock_out", "boost", "restore")
SCOPES = ("one", "all")
METHODS = ("alone", "greedy")


@dataclass(frozen=True)
class InterveneParts:
    """What events read or write; ``titles`` are the headings, by the key of their text."""

    state: gr.State
    found: gr.State
    photo: gr.Image
    samples: gr.HTML
    model: gr.Dropdown
    undo: gr.Button
    redo: gr.Button
    reset: gr.Button
    edits: gr.HTML
    take: gr.Button
    file: gr.DownloadButton
    upload: gr.UploadButton
    paste: gr.Textbox
    pasted: gr.Button
    headline: gr.HTML
    result: gr.HTML
    measure: gr.Radio
    gates: gr.HTML
    gate: gr.Dropdown
    editor: gr.Column
    channels: gr.Column
    action: gr.Radio
    factor: gr.Slider
    bars: gr.HTML
    order: gr.Radio
    k: gr.Number
    average: gr.Button
    alone: gr.HTML
    top: gr.Button
    random: gr.Button
    bottom: gr.Button
    invert: gr.Button
    range: gr.Textbox
    apply: gr.Button
    method: gr.Radio
    search: gr.Button
    stop: gr.Button
    matter: gr.Column
    searched: gr.HTML
    worst: gr.Button
    painting: gr.Column
    paint: gr.HTML
    value: gr.Slider
    size: gr.Radio
    fill: gr.Button
    swap: gr.Dropdown
    scope: gr.Radio
    seed: gr.Number
    other: gr.Dropdown
    replace: gr.Button
    help: gr.HTML
    titles: dict[str, gr.HTML]


def layout(store: Store, photo: Photo) -> InterveneParts:
    """Lay the tab out; it is filled when it is opened."""
    keep: dict[str, Any] = {"time_to_live": KEEP_SECONDS}
    parts: dict[str, Any] = {"titles": {}, "state": gr.State(None, **keep), "found": gr.State(None, **keep)}
    with gr.Row(equal_height=False, elem_id="intervene"):
        with gr.Column(scale=4, min_width=300):
            _input(parts, store, photo)
        with gr.Column(scale=8, min_width=300, elem_classes="av-main"):
            _verdict(parts)
            with gr.Column() as parts["editor"]:
                _gates(parts)
                _channels(parts)
                _painting(parts)
            _result(parts)
            _search(parts)
            _swap(parts)
            parts["help"] = gr.HTML("", elem_id="iv-help")
    return InterveneParts(**parts)


def _title(parts: dict[str, Any], key: str) -> None:
    parts["titles"][key] = gr.HTML(head_html(key), elem_id=f"title-{key}")


def _radio(title: Any, choices: list[tuple[Any, str]], name: str, **more: Any) -> gr.Radio:
    return gr.Radio(choices, value=choices[0][1], label=title, elem_id=name, **more)


def _button(text: Any, name: str, **more: Any) -> gr.Button:
    return gr.Button(text, size="md", elem_id=name, **{"min_width": 80, **more})


def _input(parts: dict[str, Any], store: Store, photo: Photo) -> None:
    chosen = picker(photo, "iv-", 220)
    parts["photo"], parts["samples"] = chosen.image, chosen.samples
    choices = [(store.title(name), name) for name in store.choices]
    parts["model"] = gr.Dropdown(choices, value=store.ids[0], label=label("model"), elem_id="iv-model")
    with gr.Column(elem_id="iv-kept"):
        _kept(parts)


def _kept(parts: dict[str, Any]) -> None:
    _title(parts, "iv_edits")
    parts["edits"] = gr.HTML("", js_on_load=script("pick"), elem_id="iv-edits")
    with gr.Row(elem_classes="av-tight"):
        parts["take"] = _button(label("iv_take"), "iv-take")
        parts["upload"] = gr.UploadButton(
            label("iv_upload"), file_types=[".json"], size="md", elem_id="iv-upload", min_width=80
        )
    parts["file"] = gr.DownloadButton(label("files"), elem_id="iv-file", elem_classes="av-hidden")
    with gr.Accordion(label("iv_paste_title"), open=False, elem_id="iv-paste-box"):
        parts["paste"] = gr.Textbox(label=label("iv_paste"), lines=3, max_lines=8, elem_id="iv-paste")
        parts["pasted"] = _button(label("iv_pasted"), "iv-pasted")


def _verdict(parts: dict[str, Any]) -> None:
    with gr.Row(equal_height=True, elem_id="iv-verdict"):
        parts["headline"] = gr.HTML(f"<p>{say('iv_wait')}</p>", elem_id="iv-headline", min_width=260)
        for name in ("undo", "redo", "reset"):
            parts[name] = gr.Button(
                label(f"iv_{name}"), size="sm", elem_id=f"iv-{name}", interactive=False, scale=0, min_width=76
            )


def _gates(parts: dict[str, Any]) -> None:
    parts["gates"] = gr.HTML("", js_on_load=script("pick"), elem_id="iv-gates")
    with gr.Row(equal_height=True, elem_classes="av-tight"):
        parts["gate"] = gr.Dropdown([], label=label("gate"), elem_id="iv-gate", scale=3, min_width=260)
        parts["average"] = _button(label("iv_average"), "iv-average", scale=1, min_width=120)
    parts["alone"] = gr.HTML("", elem_id="iv-alone")


def _channels(parts: dict[str, Any]) -> None:
    with gr.Column(visible=False, elem_id="iv-channels") as parts["channels"]:
        parts["bars"] = gr.HTML("", js_on_load=script("intervene_bars"), elem_id="iv-bars")
        with gr.Row(equal_height=True, elem_classes="av-tight"):
            parts["k"] = gr.Number(10, precision=0, label=label("iv_many"), elem_id="iv-k", min_width=90)
            for name in ("top", "random", "bottom", "invert"):
                parts[name] = _button(label(f"iv_{name}"), f"iv-{name}", min_width=90)
        with gr.Row():
            parts["action"] = _radio(
                label("iv_action"), [(label(f"iv_action_{x}"), x) for x in ACTIONS], "iv-action", scale=3, min_width=280
            )
            parts["factor"] = gr.Slider(
                0, 4, 2, step=0.05, label=label("iv_factor"), elem_id="iv-factor", scale=2, min_width=160
            )
        with gr.Row(equal_height=True, elem_classes="av-tight"):
            parts["range"] = gr.Textbox(
                label=label("iv_range"), placeholder="0-9, 17", elem_id="iv-range", scale=3, min_width=160
            )
            parts["apply"] = _button(label("iv_apply"), "iv-apply")
            parts["order"] = gr.Radio(
                [(label("order_index"), "index"), (label("order_sorted"), "sorted")],
                value="index",
                label=label("order"),
                elem_id="iv-order",
                scale=3,
                min_width=200,
            )


def _result(parts: dict[str, Any]) -> None:
    parts["result"] = gr.HTML("", elem_id="iv-result")
    parts["measure"] = _radio(
        label("iv_measure"), [(label(f"iv_measure_{x}"), x) for x in MEASURES], "iv-measure", container=False
    )


def _search(parts: dict[str, Any]) -> None:
    with gr.Column(visible=False, elem_id="iv-matter") as parts["matter"]:
        _title(parts, "iv_matter")
        with gr.Row(equal_height=True, elem_classes="av-tight"):
            parts["method"] = _radio(
                label("iv_method"), [(label(f"iv_method_{x}"), x) for x in METHODS], "iv-method", scale=3, min_width=240
            )
            parts["search"] = _button(label("iv_search"), "iv-search")
            parts["stop"] = _button(label("iv_stop"), "iv-stop", interactive=False)
        parts["searched"] = gr.HTML("", elem_id="iv-searched")
        parts["worst"] = _button(label("iv_worst"), "iv-worst", visible=False)


def _painting(parts: dict[str, Any]) -> None:
    with gr.Column(visible=False, elem_id="iv-painting") as parts["painting"]:
        parts["paint"] = gr.HTML("", js_on_load=script("intervene_paint"), elem_id="iv-paint")
        with gr.Row(equal_height=True, elem_classes="av-tight"):
            parts["value"] = gr.Slider(
                0, 1, 0, step=0.05, label=label("iv_value"), elem_id="iv-value", scale=3, min_width=160
            )
            parts["size"] = gr.Radio(
                [("1×1", 1), ("3×3", 3), ("5×5", 5)],
                value=1,
                label=label("iv_size"),
                elem_id="iv-size",
                interactive=True,
                scale=3,
                min_width=200,
            )
            parts["fill"] = _button(label("iv_fill"), "iv-fill")


def _swap(parts: dict[str, Any]) -> None:
    _title(parts, "iv_swap_title")
    with gr.Row(equal_height=True):
        choices = [(plain(f"iv_swap_{name}"), name) for name in SWAPS]  # in words of the network when it is opened
        parts["swap"] = gr.Dropdown(
            choices, value="neutral", label=label("iv_swap"), elem_id="iv-swap", scale=3, min_width=240
        )
        samples = sample_choices()
        parts["other"] = gr.Dropdown(
            samples,
            value=samples[-1][1],
            label=label("iv_other"),
            elem_id="iv-other",
            visible=False,
            scale=2,
            min_width=180,
        )
        parts["seed"] = gr.Number(
            0, precision=0, label=label("iv_seed"), elem_id="iv-seed", visible=False, scale=1, min_width=90
        )
    with gr.Row(equal_height=True, elem_classes="av-tight"):
        parts["scope"] = _radio(
            label("iv_scope"), [(label(f"iv_scope_{x}"), x) for x in SCOPES], "iv-scope", scale=3, min_width=220
        )
        parts["replace"] = _button(label("iv_replace"), "iv-replace")
