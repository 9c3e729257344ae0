"""What callers send, checked; an error names the argument that it is about."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias, TypedDict

from PIL import Image

from attnviz.analysis.analyser import Analyser
from attnviz.core.checks import is_whole
from attnviz.core.errors import UserError
from attnviz.images.samples import load_sample
from attnviz.ui.networks.store import Store
from attnviz.ui.server.event_check import uploaded

SAMPLE, DATA = "sample:", "data:"


class Uploaded(TypedDict):
    """A file by the path that its upload was answered with; ``gradio_client.handle_file`` uploads and makes it."""

    path: str


Photo: TypeAlias = Uploaded | str


class ArgumentError(UserError):
    """An argument that cannot be used.

    Args:
        name: Of the argument.
        text: What is wrong with it.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


@contextmanager
def argument(name: str) -> Iterator[None]:
    """Errors in here are about this argument."""
    try:
        yield
    except ArgumentError:
        raise
    except UserError as error:
        raise ArgumentError(name, str(error)) from error


def photograph(sent: Any) -> str | bytes | Image.Image:
    """What ``Analyser.prepare`` takes, of what was sent as ``Photo``; a file is not opened yet.

    Raises:
        ArgumentError: It is none, or a file that was not uploaded here. URLs are never fetched.
    """
    with argument("photo"):
        path = sent.get("path") if isinstance(sent, dict) else sent
        if not isinstance(path, str):
            raise UserError('a photograph is an uploaded file, {"path": PATH}, "sample:NAME" or a data: URL')
        if path.startswith(SAMPLE):
            return load_sample(path.removeprefix(SAMPLE)[:100])
        if path.startswith(DATA):
            return _inline(path)
        if not uploaded(path):
            shown = path if len(path) <= 100 else f"{path[:100]}…"
            raise UserError(
                f"{shown!r} is no file that was uploaded here: send it to /gradio_api/upload and name the path that "
                'is answered, or send "sample:NAME" or a data: URL; no other URL is fetched'
            )
        return path


@contextmanager
def leased(store: Store, model: Any) -> Iterator[Analyser]:
    """A network as ``Store.lease`` gives it; what is not at hand is not fetched, for others wait in this lane.

    Raises:
        ArgumentError: There is no such network, it is not at hand, or it cannot be loaded.
    """
    with ExitStack() as stack:
        with argument("model"):
            if not store.at_hand(model):
                raise UserError(
                    f"the weights of {model!r} are not here yet: open it on the page once, which fetches them"
                )
            analyser = stack.enter_context(store.lease(model))
        yield analyser


def whole(name: str, value: Any, most: int) -> int:
    """A whole number in 1..``most``; ``ArgumentError`` where it is none."""
    if not is_whole(value, 1, most):
        raise ArgumentError(name, f"it must be a whole number in 1..{most:,}, got {repr(value)[:60]}")
    return int(value)


def _inline(url: str) -> bytes:
    head, comma, body = url.partition(",")
    if not comma or not head.endswith(";base64"):
        raise UserError("a data: URL of a photograph begins as data:image/jpeg;base64,")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError("the data: URL is damaged: what follows the comma is no base64") from error
