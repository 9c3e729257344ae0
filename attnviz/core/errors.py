"""The one error type whose text is meant for the person using attnviz."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Something the user gave cannot be used; the text is shown to them as it is.

    The text says what is wrong, what the limits are and what was given. It is a ``ValueError``, so code
    that uses the library can catch it as one.
    """


class Cancelled(UserError):
    """A long computation ended early because its user said so."""


def nearest(name: object, known: Iterable[str]) -> str:
    """Say what was probably meant: ``"did you mean 'se'? known: cbam, se"`` for ``"see"``."""
    choices = sorted(known)
    close = difflib.get_close_matches(str(name), choices, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    shown = ", ".join(choices[:20]) + (f" … ({len(choices)} in all)" if len(choices) > 20 else "")
    return f"{hint}known: {shown or 'none'}"
