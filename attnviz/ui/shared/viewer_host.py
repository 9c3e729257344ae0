"""The interactive view on the page: a component that is given a document and tells what is chosen in it.

Gradio keeps the element as long as its template is constant, so a new document, another language or another choice
reaches the view as a property, without a reload.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from attnviz.core.gate_map import Mask
from attnviz.core.types import ChannelMap
from attnviz.ui.shared.page import script
from attnviz.viewer.bundles import module_name
from attnviz.viewer.document import asked_map, channel_map, to_json

CHOSEN = "() => JSON.stringify(window.attnvizSelected?.[{name}] ?? null)"
"""What is chosen, taken up in the browser: no request."""
SHARED = """() => {{
  const chosen = window.attnvizSelected?.[{name}];
  const field = document.querySelector('#chosen textarea, #chosen input')?.value || '{{}}';
  if (!chosen?.own || !chosen.gate) return field;
  return JSON.stringify({{ model: chosen.model, gate: chosen.gate, channel: chosen.channel }});
}}"""
"""What the visitor chose, for the field that other tabs read; what is chosen by itself is nobody's choice."""
KEYS = ("gate", "channel", "place", "look")
TOLD = (*KEYS, "own")
_TURNS = itertools.count()


@dataclass(frozen=True)
class ViewerHost:
    """A view on the page.

    Attributes:
        component: An output for ``shows``, ``picks`` and ``answers``. Never an input: it would send the
            document back. Its event ``select`` tells of every choice and every change of how things are drawn;
            Python need not listen. ``submit`` asks for a feature map, ``{"gate", "name", "channel"}``,
            or in a large pairwise gate for the map of another place, ``{"gate", "name", "place"}``.
        selected: A hidden field with what is chosen as JSON, kept up to date in the browser; an input for handlers that
            must know, read with ``chosen``.

    Between the browser and Python another document may be on its way: where a document has an ``id``, what is asked
    names it as ``"document"``, and an answer for another one than is shown is not shown.
    """

    component: gr.HTML
    selected: gr.Textbox


def make(
    name: str, document: Mapping[str, Any] | None = None, *, asks: bool = False, shared: gr.Textbox | None = None
) -> ViewerHost:
    """Add a view to the page.

    Args:
        name: ``elem_id`` of the component, unique on the page.
        document: What it opens with, as ``attnviz.viewer.document.document`` makes it. It stands in the page itself,
            so give one to the tab that opens first only.
        asks: Whether somebody listens to ``submit`` and answers with ``answers``.
        shared: The field with the ``Chosen`` of all tabs; what the visitor chooses here is written into it.
    """
    component = gr.HTML(
        "" if document is None else to_json(document),
        html_template='<div class="av-host"></div>',
        apply_default_css=False,
        js_on_load=script("viewer_host", viewer=module_name(), shown=name, asks=asks),
        elem_id=name,
        elem_classes="av-viewer",
        picked=None,
        features=None,
    )
    selected = gr.Textbox("null", elem_id=f"{name}-selected", elem_classes="av-hidden", show_label=False)
    component.select(None, None, selected, js=CHOSEN.format(name=json.dumps(name)), queue=False)
    if shared is not None:
        component.select(None, None, shared, js=SHARED.format(name=json.dumps(name)), queue=False)
    return ViewerHost(component, selected)


def shows(document: Mapping[str, Any] | None, **choice: Any) -> gr.HTML:
    """An update: another document, and in it a choice as ``picks`` takes it."""
    picked = {"picked": _choice(choice)} if choice else {"picked": None}
    return gr.HTML("" if document is None else to_json(document), features=None, **picked)


def picks(**choice: Any) -> gr.HTML:
    """An update: choose ``gate`` (a name), ``channel``, ``place`` (down and across in [0, 1]) or ``look``."""
    return gr.HTML(picked=_choice(choice))


def answers(asked: ChannelMap | Mask, gate: int, document: str) -> gr.HTML:
    """An update: the feature map, or the map of a place, that was asked for.

    Args:
        asked: The map.
        gate: Of which gate it is, in the document's order.
        document: The document's ``id``.
    """
    answer = channel_map(asked, gate) if isinstance(asked, ChannelMap) else asked_map(asked, gate)
    return gr.HTML(features=json.dumps({**answer, "document": document}))


def chosen(sent: Any) -> dict[str, Any]:
    """What is chosen, from the value of ``selected``: ``KEYS``, and whether a person chose it (``own``).

    Anybody may send anything: what is no JSON object counts as nothing chosen, and handlers check the values.
    """
    try:
        values = json.loads(sent) if isinstance(sent, str) and len(sent) < 2000 else None
    except (ValueError, RecursionError):
        values = None
    return {key: values.get(key) if isinstance(values, dict) else None for key in TOLD}


def _choice(choice: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(choice) - set(KEYS)
    if unknown:
        raise TypeError(f"a view has no {sorted(unknown)}; it has {', '.join(KEYS)}")
    # a property that stays the same tells nobody, and the same may be chosen twice
    return {**{key: value for key, value in choice.items() if value is not None}, "turn": next(_TURNS)}
