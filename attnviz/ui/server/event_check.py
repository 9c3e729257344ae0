"""Whether an event is whole: what it asks for, its values, and the files that it names."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from attnviz.ui.server.limits import DEEPEST, EVENT_FILES, EVENT_VALUES

FILE_KEYS = frozenset(("path", "url", "meta"))
"""Where an object has one of these, gradio may take it for a file."""
SESSION = re.compile(r"[\w-]{1,64}")
"""What a browser's name for its session looks like."""


def parsed(body: bytes) -> dict[str, Any]:
    """An event from its JSON; without anything in it where it is no JSON object."""
    try:
        event = json.loads(body)
        # neither half a character nor a number that JSON does not have could be sent back
        json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def problem(blocks: Any, event: dict[str, Any], queued: bool) -> str:
    """What is wrong with an event, or nothing; no value that was sent is quoted.

    Args:
        blocks: The page.
        event: As ``parsed`` gives it.
        queued: Whether it was sent to the queue.
    """
    if not event:
        return "An event is a JSON object."
    if wrong := too_much(event):
        return wrong
    data, session = event.get("data"), event.get("session_hash")
    if not isinstance(session, str) or not SESSION.fullmatch(session):
        return "An event names its session."
    holder = blocks.state_holder
    functions = holder[session].blocks_config.fns if session in holder.session_data else blocks.fns
    function = function_of(functions, event)
    if function is None or function.fn is None:
        return "There is no such event."
    if function.queue is not False and not queued:
        return "This event waits in the queue."
    if not isinstance(data, list) or len(data) != len(function.inputs):
        return f"This event has {len(function.inputs)} values."
    if wrong := wrong_files([data, event.get("event_data")]):
        return wrong
    if not all(_fits(block, value) for block, value in zip(function.inputs, data, strict=True)):
        return "A value does not fit its component."
    return ""


def uploaded(path: Any) -> bool:
    """Whether this is an absolute path in the folder where gradio puts uploads and downloads.

    What is not absolute would be looked for below the working folder, which may be that folder; anything with a
    scheme, or with two slashes in front (another machine), is no path of ours.
    """
    try:
        folder = os.path.abspath(get_upload_folder())  # noqa: PTH100 - without a look at the disk
        # by its letters first: only what may be ours is looked up on the disk
        if not str(path).startswith((folder + os.sep, os.path.realpath(folder) + os.sep)):
            return False
        return Path(path).resolve().is_relative_to(Path(folder).resolve())
    except (TypeError, ValueError, OSError, RuntimeError):
        return False


def wrong_files(value: Any) -> str:
    """What is wrong with the files in an event, or nothing."""
    files = list(islice(_paths(value), EVENT_FILES + 1))
    if len(files) > EVENT_FILES:
        return f"An event names at most {EVENT_FILES} files."
    return "" if all(map(uploaded, files)) else "A file must have been uploaded here."


def _paths(value: Any) -> Iterator[Any]:
    """Everything in an event that could be taken for a file."""
    if isinstance(value, dict):
        if FILE_KEYS & value.keys():
            yield value.get("path")
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _paths(item)


def too_much(value: Any) -> str:
    """Whether an event holds too many values, or too deep ones."""
    layer, values = [value], 0
    for _ in range(DEEPEST):
        nested = [item for item in layer if isinstance(item, (dict, list))]
        layer = [child for item in nested for child in (item.values() if isinstance(item, dict) else item)]
        values += len(layer)
        if values > EVENT_VALUES:
            return f"An event holds at most {EVENT_VALUES:,} values."
    return f"An event is nested at most {DEEPEST} deep." if layer else ""


def _fits(block: Any, value: Any) -> bool:
    """Whether a component takes a value, by its own model of it; handlers check what it means."""
    model = getattr(block, "data_model", None)
    if value is None or model is None or getattr(block, "stateful", False):
        return True
    try:
        model.model_validate(value, context={"validate_meta": True})
    except ValueError:
        return False
    return True


def function_of(functions: Any, event: dict[str, Any]) -> Any:
    """What an event, however wrong, asks for; ``None`` where there is no such thing."""
    index = event.get("fn_index")
    return functions.get(index) if type(index) is int else None
