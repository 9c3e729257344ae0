"""From exceptions to the toast that a visitor sees: escaped text, never a traceback."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from attnviz.errors import UserError
from attnviz.ui.text import plain

log = logging.getLogger(__name__)
MOST = 600
"""Longest message in characters; what a user sent may be quoted in it."""


def escaped(text: str) -> str:
    """A message for a toast, whose text gradio renders as HTML: cut to ``MOST`` characters, then escaped."""
    return escape(text if len(text) <= MOST else f"{text[:MOST]}…")


def toast(text: str) -> gr.Error:
    """An error for the visitor."""
    return gr.Error(escaped(text), title=plain("error"), print_exception=False)


def guarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose ``UserError`` becomes a toast with its text, and any other exception one without details."""

    @functools.wraps(handler)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except gr.Error:
            raise
        except UserError as error:
            raise toast(str(error)) from error
        except Exception as error:
            log.exception("%s failed", getattr(handler, "__name__", handler))
            raise toast(plain("crash")) from error

    return run
