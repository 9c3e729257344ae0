"""What gradio gives a handler besides its data."""

import inspect
import json
from types import SimpleNamespace

import gradio as gr


def visitor(language="en"):
    """A request of somebody who reads a language."""
    return SimpleNamespace(headers={"accept-language": language}, cookies={}, session_hash="s", query_params={})


def given(handler, event=None, language="en"):
    """The arguments after the data, by name: the request, and the event with what a script sent."""
    names = inspect.signature(handler).parameters
    more = {"request": visitor(language)} if "request" in names else {}
    return more | ({"event": gr.EventData(None, event)} if "event" in names else {})


def changed(update, name):
    """A property of an update, which outside of a request is a component."""
    return update.constructor_args[name] if hasattr(update, "constructor_args") else update[name]


def document(updates):
    """The document that a view is given."""
    return json.loads(changed(updates["view"], "value"))
