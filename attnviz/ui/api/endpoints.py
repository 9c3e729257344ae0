"""The endpoints themselves. Docstrings are what callers read, in the schema, over MCP and in ``llms.txt``."""

from __future__ import annotations

import json
from typing import Any, cast

from attnviz.analysis.replay import replay as replayed
from attnviz.attention.describe import describe as described
from attnviz.core.errors import UserError
from attnviz.core.types import GateRecord
from attnviz.gates.edits.json_format import from_json
from attnviz.ui.api.arguments import ArgumentError, Photo, argument, leased, photograph, whole
from attnviz.ui.api.results import Description, Gate, Gates, Model, Replay, Scored, numbers
from attnviz.ui.networks.store import Store
from attnviz.ui.server import limits
from attnviz.ui.shared.view import SIDE, View
from attnviz.ui.shared.view_document import document_of

MOST_CHANNELS = 65_536
MOST_PLACES = 4_096


def models(store: Store) -> list[Model]:
    """The networks that can be asked, the one that the page opens with first.

    Args:
        store: The networks.

    Returns:
        For each its id, what people call it, its attention type, class names, the size (height, width) of its input,
        its accuracy on the validation images in per cent where that was measured, and whether it is at hand. One that
        is not at hand has published weights, which are fetched when a person first opens it on the page.
    """
    return [_model(store, name) for name in store.choices]


def gates(store: Store, photo: Photo, model: str, only: list[str] | None = None) -> Gates:
    """The weights that a network's attention multiplies into its features for one photograph, and its prediction.

    Args:
        store: The networks.
        photo: An uploaded file, "sample:NAME", or a data: URL.
        model: Id of a network, as models gives them.
        only: Names of the gates whose values are wanted; all without it.

    Returns:
        The prediction, most probable class first; the logits in the order of the model's labels; and every gate with
        its name, kind, shape (batch of 1 in front) and values in row-major order. Numbers are exactly the float32 of
        the Python library, null where one is not finite. Notes say what must be known beside the answer.
    """
    picture = photograph(photo)
    with leased(store, model) as analyser:
        with argument("only"):
            wanted = [site.name for site in analyser.sites] if only is None else _names(only)
            sites = [analyser.site(name) for name in wanted]
        with argument("photo"):
            image = analyser.prepare(picture, SIDE)
        analysis = analyser.analyse(image)
    records = [analysis.gate(site.name) for site in sites]
    count = sum(record.values.size for record in records)
    if count > limits.ANSWER_VALUES:
        many = f"an answer holds at most {limits.ANSWER_VALUES:,} values, these gates have {count:,}: name fewer"
        raise ArgumentError("only", many)
    scored = [Scored(label=label, score=score) for label, score in analysis.top(len(analysis.labels))]
    return Gates(
        model=analysis.model,
        scores=analysis.scores,
        prediction=scored,
        logits=numbers(analysis.logits),
        gates=[_gate(record) for record in records],
        notes=[note.text for note in analysis.notes],
    )


def analyse(store: Store, photo: Photo, model: str) -> dict[str, Any]:
    """Everything that the interactive view shows of one photograph, as one JSON document.

    Args:
        store: The networks.
        photo: An uploaded file, "sample:NAME", or a data: URL.
        model: Id of a network, as models gives them.

    Returns:
        A document of the form of attnviz/viewer/document.schema.json: the photograph, the prediction, the line of
        blocks and every small gate, with scores as packed float32 and maps as packed float16.
    """
    picture = photograph(photo)
    with leased(store, model) as analyser:
        with argument("photo"):
            image = analyser.prepare(picture, SIDE)
        view = View(analyser.analyse(image), None, None, reference=store.reference(model))
    return document_of(store, view)


def replay(store: Store, photo: Photo, model: str, edits: dict[str, Any]) -> Replay:
    """What a network says about one photograph without and with edits of its gates.

    Edits are what the tab Intervene writes: {"format": "attnviz-edits", "version": 1, "model": MODEL, "steps":
    [{"gate": NAME, "action": ACTION}, …]}, where ACTION is neutral, set_to (with "value"), scale ("value", "channels"),
    knock_out ("channels"), mean ("value"), shuffle ("over", "seed") or paint ("value").

    Args:
        store: The networks.
        photo: An uploaded file, "sample:NAME", or a data: URL.
        model: Id of a network, as models gives them.
        edits: A JSON object of this form.

    Returns:
        Every class with its probability and logit before and after, the most probable one under the edits first; and
        how the logits compare with those that the edits recorded, if they did.
    """
    picture = photograph(photo)
    with argument("edits"):
        if not isinstance(edits, dict):
            raise UserError(f"edits are a JSON object, got {type(edits).__name__}")
        document = from_json(json.dumps(edits))
    with leased(store, model) as analyser:
        with argument("edits"):
            document.edits.check(model, analyser.sites, analyser.weights)
        with argument("photo"):
            image = analyser.prepare(picture, SIDE)
        with argument("edits"):
            result = replayed(analyser, image, document)
    return cast(Replay, result.to_json())


def describe(store: Store, type: str, channels: int = 64, height: int = 32, width: int = 32) -> Description:  # noqa: A002
    """What an attention type computes, step by step, for features (N, C, H, W).

    Args:
        store: The networks.
        type: Such as cbam, se or eca.
        channels: C.
        height: H.
        width: W.

    Returns:
        Its formula and paper, every step with its formula and shape, and its number of parameters.
    """
    channels = whole("channels", channels, MOST_CHANNELS)
    height, width = whole("height", height, MOST_PLACES), whole("width", width, MOST_PLACES)
    with argument("type"):
        return cast(Description, described(type, channels, height, width).to_json())


def _model(store: Store, name: str) -> Model:
    title, at_hand = store.title(name), store.at_hand(name)
    if not at_hand or name in store.published and name not in store.loaded:
        return Model(id=name, title=title, attention="", labels=[], input=[], top1=None, at_hand=at_hand)
    card = store.card(name)
    top1 = card.metrics.get("top1")
    return Model(
        id=name,
        title=title,
        attention=card.spec.attention,
        labels=list(card.labels),
        input=list(card.spec.input.size),
        top1=float(top1) if isinstance(top1, (int, float)) else None,
        at_hand=True,
    )


def _gate(record: GateRecord) -> Gate:
    site = record.site
    return Gate(name=site.name, kind=site.kind, shape=list(site.shape), values=numbers(record.values))


def _names(only: object) -> list[str]:
    if not isinstance(only, list) or not only or not all(isinstance(name, str) for name in only):
        raise UserError("only is a list of names of gates, at least one; leave it out for all of them")
    return list(dict.fromkeys(only))
