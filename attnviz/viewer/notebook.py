"""The view in notebooks: a widget where anywidget is installed, and a frame with the page in it everywhere else.

The frame is what an ``Analysis`` shows by itself and what survives an export: it needs no kernel and no network.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

from attnviz.core.errors import UserError
from attnviz.core.types import Analysis, ChannelMap
from attnviz.viewer.bundles import bundle
from attnviz.viewer.document import channel_map, document, to_json
from attnviz.viewer.page import page

HEIGHT = 860
"""Pixels of a frame; what does not fit is scrolled."""


def analysis_html(analysis: Analysis) -> str:
    """An analysis as self-contained HTML: the page of its view in a frame that may run its script and nothing else."""
    return frame(page(document(analysis)))


def frame(html: str) -> str:
    """A page in a frame without a name, an origin or a network."""
    return (
        f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{escape(html)}" title="attnviz" '
        f'style="width:100%;height:{HEIGHT}px;border:0"></iframe>'
    )


Features = Callable[[str, int], ChannelMap]
"""From the name of a gate and a channel to its feature map."""


def widget(analysis: Analysis, features: Features | None = None, *, language: str = "") -> Any:
    """The view as a widget for Jupyter, Colab, VS Code and marimo.

    Args:
        analysis: What to show.
        features: Asked for feature maps, where a live network is at hand; without it those are left out, and said.
        language: ``"en"`` or ``"zh"``; that of the notebook's page without it.

    Returns:
        An ``anywidget.AnyWidget``: ``selected`` is what is chosen in it (``gate``, ``channel``, ``place``, ``look``),
        and setting ``picked`` to the same keys chooses.

    Raises:
        UserError: anywidget is not installed.
    """
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise UserError('the widget needs anywidget: pip install "attnviz[notebook]"') from error

    class View(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = bundle("view")
        document = traitlets.Unicode().tag(sync=True)
        lang = traitlets.Unicode().tag(sync=True)
        asks = traitlets.Bool().tag(sync=True)
        picked = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
        features = traitlets.Unicode(allow_none=True, default_value=None).tag(sync=True)
        selected = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
        asked = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)

    shown = View(document=to_json(document(analysis)), lang=language, asks=features is not None)
    if features is not None:
        shown.observe(lambda change: _answer(shown, analysis, features, change["new"]), "asked")
    return shown


def _answer(shown: Any, analysis: Analysis, features: Features, asked: Any) -> None:
    """Compute what was asked for; a question of another document, or none, is left without an answer."""
    names = [record.site.name for record in analysis.gates]
    name, channel = (asked or {}).get("name"), (asked or {}).get("channel")
    if name in names and isinstance(channel, int):
        shown.features = json.dumps(channel_map(features(name, channel), names.index(name)))
