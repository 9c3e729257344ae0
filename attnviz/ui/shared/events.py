"""How events are wired: lanes, checks of what browsers send, and errors that become toasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.ui.networks.model_cache import LANES
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.sent_numbers import number
from attnviz.ui.shared.text import plain
from attnviz.ui.shared.toasts import guarded

HEAVY: dict[str, Any] = {
    "concurrency_id": "cnn",
    "concurrency_limit": LANES,
    "show_progress": "minimal",
    "trigger_mode": "always_last",
}
"""Events that run a network share one lane, where one photograph is opened while another one is computed; of several
clicks while one is answered, the last counts."""
GUESTS: dict[str, Any] = {**HEAVY, "concurrency_id": "guests"}
"""Events that run a visitor's own network: each may load one, which nobody else shall wait for."""
LIGHT: dict[str, Any] = {"queue": False, "show_progress": "hidden", "trigger_mode": "always_last"}
"""Events that only draw, without a forward pass."""
SAID: dict[str, Any] = {**HEAVY, "show_progress": "hidden"}
"""Events that say anew what stands there: they wait for what is still being computed, which began with other words."""
FILES: dict[str, Any] = {"concurrency_id": "files", "concurrency_limit": 1, "show_progress": "hidden"}
"""Events that write files: seconds of drawing, which the network's lane must not wait for."""
FETCH: dict[str, Any] = {"concurrency_id": "fetch", "concurrency_limit": 1, "trigger_mode": "once"}
"""Events that may fetch weights: a minute, which nobody else must wait for; they show how far they are. A list may send
its event twice, and a failure shall be told once."""

Data = dict[Any, Any]
Update = dict[Any, Any]
T = TypeVar("T")


def held(data: Data, state: gr.State, kind: type[T], picture: gr.Image | None = None) -> T:
    """What a tab holds for the visitor; ``UserError`` when it was let go, or its ``picture`` was removed."""
    value = data[state]
    if not isinstance(value, kind):
        raise UserError(plain("removed_photo" if picture is not None and emptied(data, state, picture) else "gone"))
    return value


def emptied(data: Data, state: gr.State, picture: gr.Image) -> bool:
    """Whether nothing is held because the photograph was removed: nothing was let go, and choices wait for the next."""
    return data[state] is None and picture in data and sent_path(data[picture]) is None


def sent_path(value: Any) -> str | None:
    """The file of a picture that was sent, unopened; ``None`` where there is none."""
    path = value.get("path") if isinstance(value, dict) else None
    return path if isinstance(path, str) else None


def picked(event: gr.EventData, key: str) -> Any:
    """What a script sent with its event; ``None`` if it is not there: anybody can send an event."""
    data = getattr(event, "_data", None)
    return data.get(key) if isinstance(data, dict) else None


def picked_sample(event: gr.EventData) -> Photo:
    """The sample whose button was pressed, by its name, which is looked up where it is used."""
    name = picked(event, "value")
    return Photo(sample=name if isinstance(name, str) else repr(name)[:60])


def asked_place(event: gr.EventData, language: str) -> tuple[float, float]:
    """Which place asks in a pairwise gate: down and across, each in [0, 1].

    Raises:
        UserError: Something else was sent.
    """
    return place_in(getattr(event, "_data", None), language)


def place_in(sent: Any, language: str) -> tuple[float, float]:
    """The same from an object with ``down`` and ``across``, wherever it was sent."""
    what, values = plain("cmp_place", language), sent if isinstance(sent, dict) else {}
    return number(values.get("down"), 0, 1, what, language), number(values.get("across"), 0, 1, what, language)


def then_download(saved: Any, button: str) -> None:
    """Click a hidden download button, by its id, after the event that saved its file."""
    saved.success(None, js=f"() => setTimeout(() => document.querySelector('#{button}').click(), 100)")


def connect(
    trigger: Any,
    handler: Callable[..., Any],
    inputs: Any,
    outputs: Iterable[Any],
    how: dict[str, Any],
    busy: Any = None,
) -> Any:
    """Wire an event; handlers get what was sent, unopened and unchecked.

    gradio would open pictures before ``open_photograph`` does, so that a wrong one ends in an error without a text,
    and put wrong choices into messages as HTML.

    Args:
        trigger: A component's event, such as ``button.click``, or several that are answered alike: they are one event,
            so that of several presses the last one decides what stands there, however long the first is answered.
        handler: What is called; its errors become toasts.
        inputs: Components, or a set of them for a handler that takes a dictionary.
        outputs: Components that the handler may change.
        how: ``HEAVY``, ``GUESTS``, ``LIGHT``, ``FILES`` or ``FETCH``.
        busy: The component on which an event that takes long shows that it is at work.
    """
    takes_long = how.get("concurrency_id") in ("cnn", "guests", "fetch")
    shown = {"show_progress_on": [busy]} if busy is not None and takes_long else {}
    wired = partial(gr.on, trigger) if isinstance(trigger, list) else trigger
    return wired(guarded(handler), inputs, list(outputs), api_visibility="private", preprocess=False, **shown, **how)
