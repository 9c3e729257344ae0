"""From exceptions to the toast that a visitor sees: escaped text, never a traceback."""

from __future__ import annotations

import errno
import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.ui.shared.text import plain

log = logging.getLogger(__name__)
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a disk that takes nothing."""
MOST = 600
"""Longest message in characters; what a user sent may be quoted in it."""


def escaped(text: str) -> str:
    """A message for a toast, whose text gradio renders as HTML: cut to ``MOST`` characters, then escaped."""
    return escape(text if len(text) <= MOST else f"{text[:MOST]}…")


def toast(text: str) -> gr.Error:
    """An error for the visitor."""
    return gr.Error(escaped(text), title=plain("error"), print_exception=False)


@contextmanager
def _toasted(handler: Callable[..., Any]) -> Iterator[None]:
    try:
        yield
    except gr.Error:
        raise
    except UserError as error:
        raise toast(str(error)) from error
    except OSError as error:
        log.exception("%s failed", getattr(handler, "__name__", handler))
        raise toast(plain("disk_full" if error.errno in FULL_DISK else "crash")) from error
    except Exception as error:
        log.exception("%s failed", getattr(handler, "__name__", handler))
        raise toast(plain("crash")) from error


def guarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose ``UserError`` becomes a toast with its text, and any other exception one without details.

    A handler may be a generator, which gradio tells by looking at the function.
    """

    @functools.wraps(handler)
    def run(*args: Any, **kwargs: Any) -> Any:
        with _toasted(handler):
            return handler(*args, **kwargs)

    @functools.wraps(handler)
    def run_in_steps(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with _toasted(handler):
            yield from handler(*args, **kwargs)

    return run_in_steps if inspect.isgeneratorfunction(handler) else run
