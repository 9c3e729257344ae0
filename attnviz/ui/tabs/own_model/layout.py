"""The components of the tab of a visitor's own network, and what is drawn only there."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from attnviz.images.decode import MAX_BYTES
from attnviz.models.limits import limits_for
from attnviz.models.untrusted import LONGEST, WEIGHTS
from attnviz.ui.networks.visitor_models import About, PageWish
from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared import viewer_host
from attnviz.ui.shared.page import Page, Picker, picker, script
from attnviz.ui.shared.strip_and_map import answer_html, head_html
from attnviz.ui.shared.text import kind_name, label, note_html, phrased, plain, say
from attnviz.ui.shared.view import View

FIELDS = ("mean", "std", "window", "shown")
"""Fields of a ``ModelCard`` that are written as numbers with commas between."""
SCORES = ("softmax", "sigmoid", "probabilities", "logits")
LONGEST_FIELD = 800
"""Characters of such a field: numbers of 64 channels."""
FIRST = "timm:seresnet18"
"""What the field for a name begins with; nothing is fetched unless somebody asks for it."""
SUGGESTED = (
    FIRST,
    "torchvision:efficientnet_b0",
    "torchvision:mobilenet_v3_small",
    "timm:skresnet18",
    "timm:ecaresnet26t",
    "timm:gcresnet33ts",
    "timm:resnest14d",
    "timm:botnet26t_256",
    "timm:coatnet_0_rw_224",
)


@dataclass(frozen=True)
class OwnModelParts:
    """What events read or write; ``titles`` are headings and sentences that stand still, by the key of their text."""

    state: gr.State
    picker: Picker
    name: gr.Textbox
    suggested: gr.HTML
    weights: gr.Radio
    file: gr.File
    labels: gr.File
    given: gr.Accordion
    mean: gr.Textbox
    std: gr.Textbox
    window: gr.Textbox
    shown: gr.Textbox
    scores: gr.Dropdown
    picture: gr.File
    find: gr.Button
    found: gr.HTML
    prediction: gr.HTML
    view: gr.HTML
    selected: gr.Textbox
    list: gr.HTML
    titles: dict[str, gr.HTML]

    @property
    def fields(self) -> dict[str, gr.Textbox]:
        """Those of ``FIELDS``."""
        return {name: getattr(self, name) for name in FIELDS}


def suggested_html() -> str:
    """Names to begin with, as buttons."""
    style = (
        "font-size:12px;padding:4px 8px;border:1px solid var(--av-line);border-radius:6px;background:none;color:inherit"
    )
    names = "".join(f'<button type="button" data-pick="{name}" style="{style}">{name}</button>' for name in SUGGESTED)
    return f'<div class="av-note" style="display:flex;flex-wrap:wrap;gap:6px">{names}</div>'


def still_html(key: str, language: str) -> str:
    """A heading, or the sentence that introduces the tab."""
    return note_html(key, language) if key == "own_intro" else head_html(key, language)


def layout(page: Page) -> OwnModelParts:
    """Lay the tab out; the first network is loaded when it is opened."""
    parts: dict[str, Any] = {"titles": {}, "state": gr.State(None, time_to_live=KEEP_SECONDS)}

    def title(key: str) -> None:
        # a heading comes with what stands below it; until then only the introduction is there
        parts["titles"][key] = gr.HTML(still_html(key, "en") if key == "own_intro" else "", elem_id=f"own-title-{key}")

    title("own_intro")
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            parts["name"] = gr.Textbox(
                FIRST, label=label("own_name"), max_lines=1, max_length=LONGEST, elem_id="own-name"
            )
            parts["suggested"] = gr.HTML(suggested_html(), js_on_load=script("pick"), elem_id="own-suggested")
            choices = [(label(f"own_{weights}"), weights) for weights in ("untrained", "published", "file")]
            parts["weights"] = gr.Radio(choices, value="untrained", label=label("own_weights"), elem_id="own-weights")
            limits = limits_for(page.store.public)
            endings = ", ".join(limits.suffixes)
            parts["file"] = gr.File(
                label=plain("own_upload", endings=endings, limit=limits.file_bytes // 2**20),
                file_types=list(limits.suffixes),
                visible=False,
                height=140,
                elem_id="own-file",
            )
            parts["labels"] = gr.File(
                label=plain("own_labels"), file_types=[".txt", ".json"], visible=False, height=120, elem_id="own-labels"
            )
            parts |= _given()
            parts["find"] = gr.Button(label("own_find"), variant="primary", elem_id="own-find")
            parts["picker"] = picker(page.opening, "own-", 200)
            title("prediction")
            parts["prediction"] = gr.HTML(elem_id="own-prediction")
        with gr.Column(scale=8, min_width=300):
            parts["found"] = gr.HTML(note_html("own_wait"), elem_id="own-found", elem_classes="av-main")
            host = viewer_host.make("own-view", asks=True, shared=page.chosen)
            parts["view"], parts["selected"] = host.component, host.selected
    title("own_list")
    parts["list"] = gr.HTML(elem_id="own-list")
    return OwnModelParts(**parts)


def _given() -> dict[str, Any]:
    """What is said of a network in a file where it does not say that itself, and a picture of other channels."""
    with gr.Accordion(label("own_given"), open=False, visible=False, elem_id="own-given") as given:
        fields = {
            name: gr.Textbox(
                "", label=label(f"own_{name}"), max_lines=1, max_length=LONGEST_FIELD, elem_id=f"own-{name}"
            )
            for name in FIELDS
        }
        choices = [(label(f"own_scores_{name or 'unsaid'}"), name) for name in ("", *SCORES)]
        scores = gr.Dropdown(choices, value="", label=label("own_scores"), elem_id="own-scores")
        text = plain("own_picture", limit=MAX_BYTES // 2**20)
        picture = gr.File(label=text, file_types=[".tif", ".tiff", ".npy"], height=120, elem_id="own-picture")
    return {"given": given, **fields, "scores": scores, "picture": picture}


def found_html(view: View, about: About) -> str:
    """What was found, and how far it may be trusted."""
    numbers = {"count": len(about.sites), "parameters": f"{about.parameters:,}", "macs": f"{about.macs:,}"}
    text = say("own_found", view.language, name=view.analysis.model, **numbers)
    random = say("own_random", view.language) if about.wish.weights == "untrained" else ""
    example = say("own_example", view.language) if isinstance(about.wish, PageWish) else ""
    return f'<p role="status"><strong>{text}</strong></p><p class="av-note">{random}{example}</p>'


def guess_html(view: View, about: About) -> str:
    """The five most probable classes, and what they are."""
    if about.wish.weights == "untrained":
        note = say("own_random", view.language)
    elif about.wish.weights == "file" and about.numbered:
        note = say("own_numbered", view.language, count=f"{about.classes:,}")
    else:
        note = say("knows_any", view.language, count=f"{about.classes:,}")
    return answer_html(view.analysis, [note], view.language)


def list_html(view: View, about: About) -> str:
    """All gates as a table: name, kind, shape, how they are read."""
    if not about.sites:
        return ""
    language = view.language
    heads = "".join(f"<th>{say(f'own_col_{key}', language)}</th>" for key in ("number", "name", "kind", "shape", "how"))
    rows = []
    for number, site in enumerate(about.sites, 1):
        shape = "×".join(map(str, site.shape))
        how = (
            escape(phrased(site.how, "own_how_", language)) if site.name in about.shown else say("own_large", language)
        )
        cells = (str(number), escape(site.name), escape(kind_name(site.kind, language)), shape, how)
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    table = f"<table class=av-pairs><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="av-table" tabindex="0" style="overflow-x:auto;font-size:13px">{table}</div>'


def wanted_weights(value: object) -> str:
    """What a browser sent for the weights; checked where it is used."""
    return value if isinstance(value, str) and value in WEIGHTS else repr(value)[:60]
