"""The components of the Explore tab and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from attnviz.ui.networks.store import Store
from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared.about_network import about_html
from attnviz.ui.shared.gate_html import PICTURE_CMAPS, Settings, scores_html
from attnviz.ui.shared.gate_picture import picture_html
from attnviz.ui.shared.page import Photo, picker, script
from attnviz.ui.shared.strip_and_map import gate_choices, head_html, heading_html, map_html, prediction_html, strip_html
from attnviz.ui.shared.text import label
from attnviz.ui.shared.view import View
from attnviz.ui.tabs.explore.link import link_html


@dataclass(frozen=True)
class Parts:
    """What events read or write; ``titles`` are the headings, by the key of their text."""

    state: gr.State
    photo: gr.Image
    samples: gr.HTML
    model: gr.Dropdown
    prediction: gr.HTML
    about: gr.HTML
    gate: gr.Dropdown
    strip: gr.HTML
    heading: gr.HTML
    scores: gr.HTML
    channels: gr.Row
    channel: gr.Number
    picture: gr.HTML
    opacity: gr.Slider
    cmap: gr.Dropdown
    scale: gr.Radio
    cells: gr.Radio
    order: gr.Radio
    map: gr.HTML
    link: gr.HTML
    export: gr.Button
    file: gr.DownloadButton
    titles: dict[str, gr.HTML]


def layout(store: Store, view: View) -> Parts:
    """Lay the tab out, with a view already in it."""
    made: dict[str, Any] = {"titles": {}, "state": gr.State(None, time_to_live=KEEP_SECONDS)}
    settings = Settings()
    with gr.Row(equal_height=False, elem_id="explore"):
        with gr.Column(scale=4, min_width=300):
            _input(made, store, view)
        with gr.Column(scale=8, min_width=300):
            _gates(made, view, settings)
            _chosen(made, view, settings)
    _title(made, "map")
    made["map"] = gr.HTML(map_html(view, settings), js_on_load=script("pick"), elem_id="map")
    _take(made, view)
    return Parts(**made)


def _title(made: dict[str, Any], key: str) -> None:
    made["titles"][key] = gr.HTML(head_html(key), elem_id=f"title-{key}")


def _input(made: dict[str, Any], store: Store, view: View) -> None:
    _title(made, "photograph")
    chosen = picker(Photo(view.sample, view.path))
    made["photo"], made["samples"] = chosen.image, chosen.samples
    choices = [(store.title(name), name) for name in store.choices]
    made["model"] = gr.Dropdown(choices, value=view.analysis.model, label=label("model"), elem_id="model")
    _title(made, "prediction")
    card = store.card(view.analysis.model)
    made["prediction"] = gr.HTML(prediction_html(view, card), elem_id="prediction")
    made["about"] = gr.HTML(about_html(card, view.language), elem_id="about")


def _gates(made: dict[str, Any], view: View, settings: Settings) -> None:
    _title(made, "gates")
    made["strip"] = gr.HTML(strip_html(view, settings), js_on_load=script("pick"), elem_id="strip")


def _chosen(made: dict[str, Any], view: View, settings: Settings) -> None:
    made["heading"] = gr.HTML(heading_html(view), elem_id="heading")
    made["scores"] = gr.HTML(scores_html(view, settings), js_on_load=script("bars"), elem_id="scores")
    with gr.Row(visible=view.scored, elem_id="channels") as made["channels"]:
        made["order"] = gr.Radio(
            [(label("order_index"), "index"), (label("order_sorted"), "sorted")],
            value=settings.order,
            label=label("order"),
            elem_id="order",
        )
        number = view.channel.channel if view.channel else 0
        made["channel"] = gr.Number(number, precision=0, label=label("channel"), elem_id="channel", min_width=100)
    made["picture"] = gr.HTML(picture_html(view, settings), js_on_load=script("ask"), elem_id="picture")
    with gr.Row(elem_classes="av-look"):
        made["gate"] = gr.Dropdown(
            gate_choices(view), value=view.gate, label=label("gate"), elem_id="gate", scale=2, min_width=260
        )
        made["opacity"] = gr.Slider(0, 1, 0.55, step=0.05, label=label("opacity"), elem_id="opacity", min_width=160)
    with gr.Row(elem_classes="av-look"):
        made["cmap"] = gr.Dropdown(
            list(PICTURE_CMAPS), value=settings.cmap, label=label("cmap"), elem_id="cmap", min_width=120
        )
        made["scale"] = gr.Radio(
            [(label("scale_fixed"), "fixed"), (label("scale_stretch"), "stretch")],
            value=settings.scale,
            label=label("scale"),
            elem_id="scale",
            min_width=170,
        )
        made["cells"] = gr.Radio(
            [(label("cells_nearest"), "nearest"), (label("cells_bilinear"), "bilinear")],
            value=settings.cells,
            label=label("cells"),
            elem_id="cells",
            min_width=170,
        )


def _take(made: dict[str, Any], view: View) -> None:
    _title(made, "take")
    made["export"] = gr.Button(label("export"), variant="secondary", size="md", elem_id="export")
    made["link"] = gr.HTML(link_html(view), elem_id="link")
    made["file"] = gr.DownloadButton(label("files"), elem_id="file", elem_classes="av-hidden")
