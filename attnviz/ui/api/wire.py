"""The endpoints of the table, put into the page."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, get_type_hints

import gradio as gr
from gradio.events import api
from gradio.utils import get_function_description

from attnviz.core.errors import UserError
from attnviz.ui.api import ENDPOINTS
from attnviz.ui.api.arguments import ArgumentError
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.toasts import MOST

LANE: dict[str, Any] = {"concurrency_id": "api", "concurrency_limit": 1}
"""Programs wait in a lane of their own, one call at a time: who clicks on the page does not wait for them."""
UNUSABLE, INTERNAL = "unusable", "internal"
"""Titles of errors: what was sent cannot be used (which of the arguments, where that is known), or our own fault."""


def add_endpoints(store: Store) -> None:
    """Add every endpoint of the table to the page that is being built.

    Their networks are loaded apart from the page's, so that no visitor waits for one that a program has leased.
    """
    apart = store.apart()
    for name, function in ENDPOINTS.items():
        api(endpoint(function, apart), api_name=name, api_description=said(function), **LANE)


def endpoint(function: Callable[..., Any], store: Store) -> Callable[..., Any]:
    """A function of the table as gradio takes it: without the store, with its types, and with errors for programs.

    An error's ``title`` is ``unusable: ARGUMENT``, ``unusable`` or ``internal``, and its text says what to do.
    """
    hints = get_type_hints(function)
    _, *shown = inspect.signature(function).parameters.values()
    typed = [one.replace(annotation=hints[one.name]) for one in shown]

    @functools.wraps(function)
    def run(*values: Any) -> Any:
        try:
            return function(store, *values)
        except UserError as error:
            about = f"{UNUSABLE}: {error.name}" if isinstance(error, ArgumentError) else UNUSABLE
            raise _error(str(error), about) from error
        except Exception as error:
            logging.getLogger(__name__).exception("the endpoint %s failed", function.__name__)
            raise _error("Something went wrong inside attnviz; it has been logged there.", INTERNAL) from error

    del run.__wrapped__  # type: ignore[attr-defined]  # its types would be looked for there, store included
    run.__annotations__ = {one.name: one.annotation for one in typed} | {"return": hints["return"]}
    run.__signature__ = inspect.Signature(typed, return_annotation=hints["return"])  # type: ignore[attr-defined]
    return run


def said(function: Callable[..., Any]) -> str:
    """What callers read of an endpoint besides its arguments: what it does, and what it answers."""
    description, _, returns = get_function_description(function)
    return f"{description} Returns: {' '.join(part.strip() for part in returns)}"


def _error(text: str, title: str) -> gr.Error:
    """An error for programs: no page shows it, so nothing is escaped."""
    return gr.Error(text if len(text) <= MOST else f"{text[:MOST]}…", title=title, print_exception=False)
