"""A view as a query string, and back: what is not known is left out and reported, never an error."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlencode

from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import Query
from attnviz.ui.shared.gate_html import PICTURE_CMAPS
from attnviz.ui.shared.text import say
from attnviz.ui.shared.view import View, look
from attnviz.ui.shared.view_document import effects
from attnviz.viewer.telling import first_gate

LINKED = """() => {
  const chosen = window.attnvizSelected?.view, link = document.querySelector('#link a');
  if (!chosen?.gate || !link) return;
  const query = new URLSearchParams(link.search);
  const values = { gate: chosen.gate, channel: chosen.channel };
  for (const name of ['scale', 'cmap', 'cells', 'order']) values[name] = chosen.look?.[name];
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) query.delete(name);
    else query.set(name, value);
  }
  link.search = query;
}"""
"""Puts what is chosen in the view into the link: in the browser, without a request."""


LOOKS = {
    "scale": ("fixed", "stretch"),
    "cmap": PICTURE_CMAPS,
    "cells": ("exact", "smooth"),
    "order": ("index", "sorted"),
}
"""How the view may be drawn, as it says itself."""


def query_of(view: View) -> str:
    """The query string of a view, ``?`` included; a visitor's own photograph is not part of it."""
    parts = {"model": view.analysis.model, "sample": view.sample}
    return "?" + urlencode({key: value for key, value in parts.items() if value is not None})


def link_html(view: View) -> str:
    """A link to this view, and what it cannot carry."""
    note = f'<span class="av-note">{say("link_note", view.language)}</span>' if view.path else ""
    return f'<p><a class="av-link" href="{escape(query_of(view))}">{say("link", view.language)}</a> {note}</p>'


def follow(store: Store, query: Query, model: str, sample: str | None) -> tuple[View, dict[str, Any]]:
    """Open what a link asks for, with what it does not say or gets wrong from ``model`` and ``sample``.

    Returns:
        The view, and what is chosen in it (``gate``, ``channel`` and ``look``).
    """
    model = query.model(store, model)
    view = look(store, model, sample=query.sample(sample), language=query.language)
    gates = view.analysis.gates
    gate = query.one("gate", [record.site.name for record in gates], None)
    first = first_gate(view.analysis, effects(store, model))
    shown = view.analysis.gate(gate) if gate else gates[first.gate] if first else None
    last = shown.scores.size if shown is not None and shown.site.has_scores else 0
    channel = query.whole("channel", 0, last - 1, None)
    drawn = {name: value for name, among in LOOKS.items() if (value := query.one(name, among, None))}
    choice = {"gate": gate, "channel": channel, "look": drawn or None}
    return view, {key: value for key, value in choice.items() if value is not None}
