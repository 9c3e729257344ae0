"""A view as a query string, and back: what is not known is left out and reported, never an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from attnviz.ui.networks.store import Store
from attnviz.ui.shared.gate_html import PICTURE_CMAPS
from attnviz.ui.shared.sample_buttons import available
from attnviz.ui.shared.text import plain, say
from attnviz.ui.shared.view import View, look
from attnviz.ui.shared.view_document import effects
from attnviz.viewer.telling import first_gate


@dataclass(frozen=True)
class LinkRequest:
    """What a link asks for; ``None`` where it says nothing."""

    model: str | None = None
    sample: str | None = None
    gate: str | None = None
    channel: str | None = None
    scale: str | None = None
    cmap: str | None = None
    cells: str | None = None
    order: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> LinkRequest:
        """Read a query; other keys belong to somebody else."""
        return cls(**{key: str(query[key])[:200] for key in cls.__dataclass_fields__ if query.get(key)})

    def __bool__(self) -> bool:
        return self != LinkRequest()


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


def follow(
    store: Store, wanted: LinkRequest, model: str, sample: str | None, language: str
) -> tuple[View, dict[str, Any], list[str]]:
    """Open what a link asks for, with what it does not say or gets wrong from ``model`` and ``sample``.

    Returns:
        The view, what is chosen in it (``gate`` and ``channel``), and a sentence for each value that was left out.
    """
    missed: list[str] = []

    def known(what: str, among: tuple[str, ...], default: str | None) -> str | None:
        value = getattr(wanted, what)
        if value is None or value in among:
            return value or default
        missed.append(plain("link_unknown", language, what=plain(f"link_{what}", language), value=value))
        return default

    wanted_model = known("model", store.choices, model) or model
    if store.at_hand(wanted_model):
        model = wanted_model
    else:  # nobody else shall wait while a link fetches weights
        missed.append(plain("fetch_first", language, title=store.title(wanted_model)))
    view = look(store, model, sample=known("sample", available(), sample), language=language)
    gates = view.analysis.gates
    gate = known("gate", tuple(record.site.name for record in gates), None)
    first = first_gate(view.analysis, effects(store, view.analysis.model))
    shown = view.analysis.gate(gate) if gate else gates[first.gate] if first else None
    last = shown.scores.size if shown is not None and shown.site.has_scores else 0
    channel = known("channel", tuple(map(str, range(last))), None)
    choice: dict[str, Any] = {"gate": gate} if gate else {}
    if channel:
        choice["channel"] = int(channel)
    look_of = {name: found for name, among in LOOKS.items() if (found := known(name, among, None))}
    return view, {**choice, "look": look_of} if look_of else choice, missed
