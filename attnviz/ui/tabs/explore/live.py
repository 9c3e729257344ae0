"""Explore, live: the camera's frames one after the other, each analysed as soon as the one before is shown.

The browser sends the next frame when the last one was answered: as many frames a second as this machine gives, none of
which waits. A frame is kept by pausing; then it is the visitor's photograph like any other.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from attnviz.core.errors import UserError
from attnviz.core.types import Analysis
from attnviz.images.decode import open_photograph
from attnviz.ui.server.event_check import uploaded
from attnviz.ui.server.limits import FRAME_BYTES
from attnviz.ui.shared import viewer_host
from attnviz.ui.shared.events import HEAVY, Data, Update, connect, picked
from attnviz.ui.shared.page import Photo, script
from attnviz.ui.shared.strip_and_map import prediction_html
from attnviz.ui.shared.text import TEXTS, language_of, plain
from attnviz.ui.shared.view import SIDE, View
from attnviz.ui.shared.view_document import document_of

if TYPE_CHECKING:
    from attnviz.ui.tabs.explore.handlers import Explore

HEAD = "data:image/jpeg;base64,"
LIVE: dict[str, Any] = {
    "concurrency_id": "live",
    "concurrency_limit": 1,
    "show_progress": "hidden",
    "trigger_mode": "once",
}
"""Frames have a lane of their own, so that no click waits behind those of others."""
WORDS = ("start", "keep", "wait", "rate", "refused", "absent", "silent")


def component() -> gr.HTML:
    """The button that starts and keeps, and what is said beside it.

    Its event ``frame`` brings ``{"jpeg", "turn"}`` and is answered by ``answered``, the same turn; ``keep`` brings
    ``{"path"}`` of a frame that was uploaded.
    """
    texts = [{word: TEXTS[f"live_{word}"][language] for word in WORDS} for language in (0, 1)]
    return gr.HTML(
        "",
        html_template='<div class="av-live"><button type="button"></button><span role="status"></span></div>',
        apply_default_css=False,
        js_on_load=script("live", texts=texts),
        elem_id="live",
        answered=0,
    )


def frame_bytes(sent: Any) -> bytes:
    """The file in a ``data:`` URL that a browser sent; ``UserError`` where it is none, or too large."""
    if not isinstance(sent, str) or not sent.startswith(HEAD):
        raise UserError(f"a frame begins as {HEAD}")
    if len(sent) > FRAME_BYTES * 4 // 3:
        raise UserError(f"a frame must have at most {FRAME_BYTES:,} bytes, got about {len(sent) * 3 // 4:,}")
    try:
        return base64.b64decode(sent[len(HEAD) :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError("the frame is damaged: it is no base64") from error


def looked_at(analysis: Analysis, sent: Any) -> tuple[str | None, int | None]:
    """Gate and channel whose features a frame's document shall have.

    The view stays at its gate from frame to frame, also where nobody chose it: the most telling one may be another in
    each. Of a gate whose channel nobody chose it is the one that is kept most.
    """
    chosen = viewer_host.chosen(sent)
    record = next((record for record in analysis.gates if record.site.name == chosen["gate"]), None)
    if record is None:
        return None, None
    if not record.site.has_scores:
        return record.site.name, None
    channel = chosen["channel"]
    valid = chosen["own"] is True and type(channel) is int and 0 <= channel < record.scores.size
    return record.site.name, channel if valid else int(np.nanargmax(record.scores))


class Live:
    """The handlers.

    Args:
        explore: The tab in which the camera stands.
        part: What ``component`` gives.
    """

    def __init__(self, explore: Explore, part: gr.HTML) -> None:
        self.explore, self.store, self.parts, self.part = explore, explore.store, explore.parts, part

    def on_frame(self, data: Data, request: gr.Request, event: gr.EventData) -> Update:
        """A frame came: analyse and show it; nothing of it is kept."""
        parts, model, language = self.parts, data[self.parts.model], language_of(request)
        photograph = open_photograph(frame_bytes(picked(event, "jpeg")))
        with self.store.lease(model) as analyser:
            image = analyser.prepare(photograph, SIDE)
            analysis, classes = analyser.analyse(image), analyser.class_map(image)
        view = View(analysis, None, None, language, self.store.reference(model), classes)
        shown = document_of(self.store, view, *looked_at(analysis, data[parts.selected]))
        return {
            parts.view: viewer_host.shows({**shown, "live": True}),
            parts.prediction: prediction_html(view, self.store.card(analysis.model)),
            self.part: gr.HTML(answered=picked(event, "turn")),
        }

    def on_keep(self, data: Data, request: gr.Request, event: gr.EventData) -> Update:
        """The frame that is shown becomes the photograph."""
        path = picked(event, "path")
        if not isinstance(path, str) or not uploaded(path):
            raise UserError(plain("lost_photo", language_of(request)))
        return self.explore.on_choice(data, Photo(path=path), request)


def wire(live: Live) -> None:
    """Connect the camera and the handlers."""
    parts, page, part = live.parts, live.explore.page, live.part
    sent = {parts.model, parts.selected}
    connect(part.frame, live.on_frame, sent, [parts.view, parts.prediction, part], LIVE)
    everything = {parts.state, parts.view, parts.model, parts.prediction, parts.link, parts.samples, parts.about}
    shown = [*everything, parts.bands, parts.photo, page.photo]
    connect(part.keep, live.on_keep, sent, shown, HEAVY, parts.prediction)
