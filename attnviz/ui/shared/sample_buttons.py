"""The sample photographs as buttons."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from attnviz.core.errors import UserError
from attnviz.core.types import Bytes
from attnviz.images.sample_table import IMAGENETTE, OWN, RENDERED, Sample
from attnviz.images.samples import data_set_of, find_sample, offered, read_sample
from attnviz.render.figures.style import encode
from attnviz.ui.shared.text import TEXTS, label, sample_title, say

SIDE = 112
"""Pixels of a thumbnail, drawn at half that size."""


def data_url(picture: Bytes, kind: str = "jpeg") -> str:
    """A picture, (h, w, 3) uint8, as a URL that holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(encode(picture, kind)).decode()}"


class Thumbnail(NamedTuple):
    """The centre of a sample, ``SIDE`` pixels wide: the JPEG, and the name under which a browser asks for it."""

    jpeg: bytes
    file: str


def thumbnails() -> Mapping[str, Thumbnail]:
    """A thumbnail of each sample that is installed, by the sample's name, in the order in which they are shown.

    An installed package lacks the rendered ones.
    """
    return _thumbnails(offered())


@lru_cache(maxsize=2)
def _thumbnails(samples: tuple[Sample, ...]) -> Mapping[str, Thumbnail]:
    pictures = {}
    for sample in samples:
        with contextlib.suppress(UserError):
            jpeg = _centre(read_sample(sample))
            pictures[sample.name] = Thumbnail(jpeg, f"sample-{hashlib.sha256(jpeg).hexdigest()[:16]}.jpg")
    return pictures


def available() -> tuple[str, ...]:
    """The samples that are installed, in order."""
    return tuple(thumbnails())


def _centre(photograph: Image.Image) -> bytes:
    side = min(photograph.size)
    left, top = (photograph.width - side) // 2, (photograph.height - side) // 2
    small = photograph.resize((SIDE, SIDE), box=(left, top, left + side, top + side))
    return encode(np.asarray(small), "jpeg")


def sample_choices() -> list[tuple[Any, str]]:
    """The samples for a list: what each is called, in the visitor's language where it is one of ours, and its name."""
    return [
        (label(f"sample_{name}") if f"sample_{name}" in TEXTS else find_sample(name).title, name)
        for name in available()
    ]


def samples_html(language: str = "en", data: str = IMAGENETTE, shown: str | None = None) -> str:
    """Samples in two groups, those that show a class of ``data`` first; each is a button with its title.

    Above them stands, where ``shown`` is a rendering, that it is one.
    """
    groups: dict[str, list[str]] = {"samples_own": [], "samples_known": [], "samples_foreign": []}
    for name in available():
        sample = find_sample(name)
        group = "samples_known" if sample.is_known(data) else "samples_foreign"
        groups["samples_own" if sample.source == OWN else group].append(_tile(name, language))
    return rendering_html(shown, language) + "".join(
        f'<p class="av-note">{say(title, language)}</p><div class="av-samples">{"".join(tiles)}</div>'
        for title, tiles in groups.items()
        if tiles
    )


def samples_for(labels: Sequence[str], language: str, shown: str | None) -> str:
    """The samples for a network with these classes, those of the data that it knows first."""
    return samples_html(language, data_set_of(labels) or IMAGENETTE, shown)


def rendering_html(sample: str | None, language: str) -> str:
    """That a sample is a rendering, to stand under it; empty for photographs."""
    rendered = sample is not None and find_sample(sample).source == RENDERED
    return f'<p class="av-note av-rendering">{say("rendering", language)}</p>' if rendered else ""


def _tile(name: str, language: str) -> str:
    sample = find_sample(name)
    title = escape(sample_title(name, sample.title, language))
    return (
        f'<button type="button" data-pick="{escape(name)}" title="{title}" aria-label="{title}">'
        f'<img src="attnviz/{thumbnails()[name].file}" alt="" width="52" height="52" loading="lazy"></button>'
    )
