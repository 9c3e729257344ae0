"""The components of the Explore tab and where they stand: the view, and beside it what it is a view of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from attnviz.core.input_spec import InputSpec
from attnviz.render.figures.style import DPI, PRINTED
from attnviz.ui.networks.store import Store
from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared import viewer_host
from attnviz.ui.shared.about_network import about_html
from attnviz.ui.shared.page import Page, Photo, picker
from attnviz.ui.shared.strip_and_map import head_html, prediction_html
from attnviz.ui.shared.text import label
from attnviz.ui.shared.view import View
from attnviz.ui.shared.view_document import document_of
from attnviz.ui.shared.viewer_host import ViewerHost
from attnviz.ui.tabs.explore import live
from attnviz.ui.tabs.explore.link import link_html

DENSITIES = (50, 600)
"""Least and most pixels per inch of pictures that are downloaded."""


@dataclass(frozen=True)
class ExploreParts:
    """What events read or write; ``titles`` are the headings, by the key of their text."""

    state: gr.State
    photo: gr.Image
    samples: gr.HTML
    live: gr.HTML
    bands: gr.Textbox
    model: gr.Dropdown
    prediction: gr.HTML
    about: gr.HTML
    view: gr.HTML
    selected: gr.Textbox
    link: gr.HTML
    kind: gr.Radio
    dpi: gr.Slider
    export: gr.Button
    file: gr.DownloadButton
    titles: dict[str, gr.HTML]


def layout(page: Page, view: View) -> ExploreParts:
    """Lay the tab out, with a view already in it."""
    store = page.store
    parts: dict[str, Any] = {"titles": {}, "state": gr.State(None, time_to_live=KEEP_SECONDS)}
    with gr.Row(equal_height=False, elem_id="explore"):
        with gr.Column(scale=3, min_width=240, elem_id="explore-input"):
            _input(parts, store, view)
        with gr.Column(scale=10, min_width=300, elem_id="explore-view"):
            host = viewer_host.make("view", document_of(store, view), asks=True, shared=page.chosen)
            parts |= _host(host)
            _take(parts, view)
    return ExploreParts(**parts)


def bands_of(view: View, given: InputSpec) -> dict[str, Any]:
    """The field with the channels that are shown, for networks that are given more than three."""
    shown = view.shown or given.shown or (0, 1, 2)
    return {"value": ",".join(map(str, shown)), "visible": given.colours > 3}


def _host(host: ViewerHost) -> dict[str, Any]:
    return {"view": host.component, "selected": host.selected}


def _title(parts: dict[str, Any], key: str) -> None:
    parts["titles"][key] = gr.HTML(head_html(key), elem_id=f"title-{key}")


def _input(parts: dict[str, Any], store: Store, view: View) -> None:
    choices = [(store.title(name), name) for name in store.choices]
    parts["model"] = gr.Dropdown(choices, value=view.analysis.model, label=label("model"), elem_id="model")
    parts["live"] = live.component()
    chosen = picker(Photo(view.sample, view.path), height=200)
    parts["photo"], parts["samples"] = chosen.image, chosen.samples
    card = store.card(view.analysis.model)
    parts["bands"] = gr.Textbox(**bands_of(view, card.spec.input), label=label("bands"), max_lines=1, elem_id="bands")
    _title(parts, "prediction")
    parts["prediction"] = gr.HTML(prediction_html(view, card), elem_id="prediction")
    parts["about"] = gr.HTML(about_html(card, view.language, store.audit(card.id)), elem_id="about")


def _take(parts: dict[str, Any], view: View) -> None:
    _title(parts, "take")
    with gr.Row(elem_id="export-how"):
        kinds = [(kind.upper(), kind) for kind in PRINTED]
        parts["kind"] = gr.Radio(
            kinds, value=PRINTED[0], label=label("export_kind"), elem_id="export-kind", min_width=220
        )
        parts["dpi"] = gr.Slider(*DENSITIES, DPI, step=10, label=label("dpi"), elem_id="export-dpi", min_width=220)
    parts["export"] = gr.Button(label("export"), variant="secondary", size="md", elem_id="export")
    parts["link"] = gr.HTML(link_html(view), elem_id="link")
    parts["file"] = gr.DownloadButton(label("files"), elem_id="file", elem_classes="av-hidden")
