"""Calls of named endpoints by plain HTTP: arguments by name in, an event of the queue out.

``POST /gradio_api/call/v2/NAME`` with a JSON object of arguments answers an event's id, and
``GET /gradio_api/call/v2/NAME/ID`` its result as a stream, as in gradio's own documentation.
"""

from __future__ import annotations

import inspect
import json
import re
import secrets
from typing import Any

from attnviz.core.errors import nearest

CALL = re.compile(r"/gradio_api/call/v2/(?P<name>\w{1,64})(?:/(?P<event>[0-9a-f]{1,64}))?/?")
PREFIX = "call-"
"""Begins the name of a session that is one call."""


def public(function: Any) -> bool:
    """Whether an event is one of the named endpoints, which programs may ask for."""
    return function is not None and function.api_visibility == "public" and function.api_name is not False


def as_event(blocks: Any, name: str, body: bytes) -> tuple[bytes, str]:
    """A call as an event that the queue takes, or what is wrong with it.

    Args:
        blocks: The page.
        name: Of the endpoint.
        body: The arguments as a JSON object; what may be left out and is, has its default.
    """
    functions = {function.api_name: function for function in blocks.fns.values() if public(function)}
    if name not in functions:
        return b"", f"There is no such endpoint; {nearest(name, functions)}."
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return b"", "Arguments are a JSON object."
    function = functions[name]
    parameters = list(inspect.signature(function.fn).parameters.values())
    names = [one.name for one in parameters]
    if unknown := sorted(given.keys() - set(names)):
        return b"", f"{name} takes no {unknown[0][:60]!r}; {nearest(unknown[0][:60], names)}."
    if missing := [one.name for one in parameters if one.default is one.empty and one.name not in given]:
        return b"", f"{name} needs {', '.join(missing)}."
    data = [given.get(one.name, one.default) for one in parameters]
    event = {"fn_index": function._id, "data": data, "session_hash": PREFIX + secrets.token_hex(16)}
    return json.dumps(event).encode(), ""


def session_of(queue: Any, event: str) -> str | None:
    """The session of a call that waits, is computed, or has an answer that nobody has read yet."""
    waiting = queue.event_ids_to_events.get(event)
    if waiting is not None:
        return str(waiting.session_hash)
    return next((session for session, events in queue.pending_event_ids_session.items() if event in events), None)
