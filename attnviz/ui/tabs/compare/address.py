"""A comparison as an address and as Python, and back from an address."""

from __future__ import annotations

from typing import Any

from attnviz.core.errors import UserError
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.explain.attribution.method import Parameter
from attnviz.render.masks import DEPTHS
from attnviz.render.shared_scales import CHOICES
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import Query
from attnviz.ui.shared.code import network_lines, photo_lines
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.sample_buttons import available
from attnviz.ui.tabs.compare.state import CLASS, FEWEST, MODES, MOST, OWN, Comparison, ComparisonRequest, Look, at_first


def query_of(comparison: Comparison, look: Look) -> dict[str, object]:
    """What an address says of a comparison."""
    wanted = comparison.wanted
    samples = [photo.sample for photo in wanted.photos if photo.path is None and photo.sample]
    several = wanted.mode == "photographs"
    return {
        "mode": wanted.mode,
        "models": ",".join(wanted.models) if wanted.mode == "networks" else None,
        "model": wanted.models[0] if wanted.mode != "networks" else None,
        "sample": samples[0] if samples and not several else None,
        "samples": ",".join(samples) if several else None,
        "class": wanted.choice,
        "method": wanted.method,
        **{f"with_{name}": value for name, value in wanted.parameters.items()},
        "depth": look.depth,
        "scale": look.scale,
        "cells": look.cells,
        "order": look.order,
    }


def read(query: Query, store: Store, opening: Photo, parts: Any) -> tuple[ComparisonRequest, Look, dict[Any, Any]]:
    """What an address asks for: a comparison, how it is drawn, and the values of the controls."""
    mode = query.one("mode", MODES, "networks" if len(store.ids) >= FEWEST else "gates")
    models = query.several("models", [name for name in store.choices if store.at_hand(name)], at_first(store))[:MOST]
    models = models if len(models) >= FEWEST else at_first(store)
    model = query.model(store, store.ids[0])
    sample = Photo(sample=query.sample(opening.sample))
    shots = query.several("samples", available(), available()[:4])[:MOST]
    shots = shots if len(shots) >= FEWEST else list(available()[:4])
    method = query.one("method", ATTRIBUTIONS, next(iter(ATTRIBUTIONS)))
    names = tuple(models) if mode == "networks" else (model,)
    choices = {OWN, *(CLASS + label for name in names if name in store.ids for label in store.card(name).labels)}
    photos = tuple(Photo(sample=name) for name in shots) if mode == "photographs" else (sample,)
    settings = {p.name: _setting(query, p) for p in ATTRIBUTIONS[method].parameters}
    wanted = ComparisonRequest(mode, names, photos, query.one("class", choices, None), method, settings)
    look = Look(
        query.one("depth", DEPTHS, "fine"),
        query.one("scale", CHOICES, "fixed"),
        query.one("cells", ("nearest", "bilinear"), "nearest"),
        query.one("order", ("index", "sorted"), "index"),
    )
    controls = {parts.mode: mode, parts.models: models, parts.model: model, parts.shots: shots, parts.method: method}
    controls |= {parts.depth: look.depth, parts.scale: look.scale, parts.cells: look.cells, parts.order: look.order}
    controls |= {parts.parameters[method, name]: value for name, value in settings.items()}
    return wanted, look, controls | {parts.photo: sample.shown}


def _setting(query: Query, parameter: Parameter) -> int | float | str:
    """What an address says of a parameter of the attribution, else its default."""
    what = f"with_{parameter.name}"
    if parameter.choices:
        return query.one(what, parameter.choices, str(parameter.default))
    number = query.number(what, parameter.low, parameter.high, float(parameter.default))
    try:
        return parameter.check(number)
    except UserError:  # no whole number
        query.miss(what, number)
        return parameter.default


def python_of(comparison: Comparison, store: Store) -> list[str]:
    """The lines that give each row's answer, its gates and its attribution."""
    wanted, needed = comparison.wanted, []
    shown = []
    for photo in wanted.photos:
        imports, expression = photo_lines(photo)
        needed += imports
        shown.append(expression)
    notes, networks = network_lines([row.analysis.model for row in comparison.rows], store)
    given = ", ".join(f"{name!r}: {network}" for name, network in networks.items())
    settings = "".join(f", {name}={value!r}" for name, value in dict(wanted.parameters).items())
    target = "analysis.logits.argmax()" if comparison.label is None else f"analysis.labels.index({comparison.label!r})"
    return [
        "import attnviz",
        "from attnviz.analysis.analyser import Analyser",
        "from attnviz.analysis.attribute import explain",
        *dict.fromkeys(needed),
        "",
        *notes,
        f"for name, loaded in {{{given}}}.items():",
        "    analyser = Analyser(loaded)",
        f"    for photograph in [{', '.join(shown)}]:",
        "        analysis = analyser.analyse(attnviz.open_photograph(photograph))",
        f"        target = int({target})",
        f"        found = explain(analyser, analysis.image, target, {wanted.method!r}{settings})",
        "        print(name, analysis.top(3), [gate.site.name for gate in analysis.gates], found.values.shape)",
    ]
