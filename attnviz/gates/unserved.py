"""Ways of applying a gate that are no product of two tensors: they are not read or edited, and the search says so.

What such an operation is given is not the gate itself (its inverse, or a comparison of it), so that what was read
would have to be guessed, and an edit could not be handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor

from attnviz.gates import ops
from attnviz.gates.meeting import Meeting


def _is_map(meeting: Meeting, value: Any) -> bool:
    return meeting.marks.get(value) is not None and value.ndim > 2


def divided(meeting: Meeting, first: int = 0, second: int = 1) -> str:
    """``x / (1 + exp(-z))``: a divisor that is repeated where the features are not."""
    features, divisor = meeting.args[first], meeting.args[second]
    if not _is_map(meeting, features) or meeting.marks.get(divisor) is None:
        return ""
    if "1" not in ops.broadcast_pattern(divisor, features):
        return ""
    return "a division is not served: if the divisor is 1 over a gate, multiply by the gate instead"


def masked(meeting: Meeting, mask: int, features: int) -> str:
    """``masked_fill`` and ``where``: features are left out where a comparison says so."""
    chosen = meeting.args[mask]
    for one in chosen if isinstance(chosen, (list, tuple)) else (chosen,):
        by, what = meeting.marks.get(one), meeting.marks.get(meeting.args[features])
        if by is None or what is None or not _is_map(meeting, meeting.args[features]) or by.root == what.root:
            continue
        if isinstance(one, Tensor) and not one.is_floating_point():
            return "features are left out by a mask, which is not served: multiply by the mask as numbers instead"
    return ""


def at_once(meeting: Meeting) -> str:
    """``torch._foreach_mul``: several products in one operation."""
    pairs = zip(*meeting.args[:2], strict=False) if isinstance(meeting.args[1], (list, tuple)) else ()
    if any(meeting.marks.get(a) and meeting.marks.get(b) for a, b in pairs):
        return "several products in one operation are not served: multiply one pair after the other"
    return ""


def halved(meeting: Meeting) -> str:
    """``glu``: one half of the channels is a gate for the other."""
    return "a gated linear unit is not served as one operation: multiply by the sigmoid of the other half instead"


RULES: Mapping[str, Callable[[Meeting], str]] = {
    "div": divided,
    "addcdiv": partial(divided, first=1, second=2),
    "masked_fill": partial(masked, mask=1, features=0),
    "where": partial(masked, mask=0, features=1),
    "index_put": partial(masked, mask=1, features=0),
    "_foreach_mul": at_once,
    "glu": halved,
}
"""From an operation to why it gives no gate; an empty text where it is none anyway."""
