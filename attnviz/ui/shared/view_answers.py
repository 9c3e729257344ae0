"""What a view asks of its network: the features of a channel, or the weights of another place that asks."""

from __future__ import annotations

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.core.gate_map import Mask, mask_for
from attnviz.core.types import ChannelMap, GateRecord
from attnviz.ui.shared import viewer_host
from attnviz.ui.shared.events import picked, place_in
from attnviz.ui.shared.sent_numbers import whole
from attnviz.ui.shared.text import plain
from attnviz.ui.shared.view import Networks, View


def answer_to(networks: Networks, view: View, event: gr.EventData) -> gr.HTML:
    """The update that answers what a visitor's view asked for.

    Raises:
        UserError: Another view is shown by now, or there is no such gate, channel or place.
    """
    if picked(event, "document") != view.id:
        raise UserError(plain("other_view", view.language))
    record = view.analysis.gate(str(picked(event, "name"))[:300])
    index = next(i for i, each in enumerate(view.analysis.gates) if each is record)
    wanted = picked(event, "place") is None
    answer = _features(networks, view, record, event) if wanted else _asked(view, record, event)
    return viewer_host.answers(answer, index, view.id)


def _asked(view: View, record: GateRecord, event: gr.EventData) -> Mask:
    """The map of a place that asks in a pairwise gate."""
    height, width = view.analysis.image.network.shape[:2]
    query = place_in(picked(event, "place"), view.language)
    mask = mask_for(record, view.analysis.gates, query, height / width)
    if mask is None or mask.query is None:
        raise UserError(plain("no_place", view.language, gate=record.site.name))
    return mask


def _features(networks: Networks, view: View, record: GateRecord, event: gr.EventData) -> ChannelMap:
    """The features of a channel."""
    if not record.site.traits.has_channels or len(record.site.features) != 4:
        raise UserError(plain("no_channel", view.language, gate=record.site.name))
    last, what = record.site.features[1] - 1, plain("link_channel", view.language)
    channel = whole(picked(event, "channel"), 0, last, what, view.language)
    with networks.lease(view.analysis.model) as analyser:
        return analyser.channel_map(view.analysis.image, record.site.name, channel)
