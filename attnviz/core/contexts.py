"""Contexts that can be opened as often as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ContextDecorator, contextmanager
from functools import partial, wraps
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Reusable(ContextDecorator, AbstractContextManager[T], Generic[T]):
    """A context that is made anew whenever it is opened, also while it is open.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[T]]) -> None:
        self._make = make
        self._open: list[AbstractContextManager[T]] = []

    def __enter__(self) -> T:
        """Open a new one."""
        context = self._make()
        value = context.__enter__()
        self._open.append(context)
        return value

    def __exit__(self, *error: object) -> bool | None:
        """Close the one that was opened last."""
        return self._open.pop().__exit__(*error)  # type: ignore[arg-type]


def reusable(function: Callable[P, Iterator[T]]) -> Callable[P, Reusable[T]]:
    """``contextlib.contextmanager``, but what it gives can be opened more than once."""
    generated = contextmanager(function)

    @wraps(function)
    def opening(*args: P.args, **keywords: P.kwargs) -> Reusable[T]:
        return Reusable(partial(generated, *args, **keywords))

    return opening
