"""Pages of views for the browser: a network with every kind of gate, and what is hard to draw."""

from dataclasses import replace

import numpy as np

from attnviz.core.outline import Unit
from attnviz.core.types import ChannelMap, PreparedImage
from attnviz.viewer.document import Range, document
from tests.render.synthetic import analysis, channel, every_kind, spatial

VERDICT = {
    "photographs": 1000,
    "sentences": [
        {"en": "A constant would not do: its mean costs 3 points.", "zh": "常数不够：损失 3 个百分点。", "costs": True},
        {"en": "<b>Nothing</b> is followed.", "zh": "<b>没有</b>跟随。", "costs": False, "open": True},
    ],
}


def usual_view():
    """Two channel gates on maps of the same channels, a mask between them, and every other kind."""
    rng = np.random.default_rng(3)
    first, second = channel("s1.se", 16, 1), channel("s2.se", 16, 2)
    gates = (first, spatial("s1.sp", 8), second, *every_kind()[2:])
    gates = tuple(
        replace(g, site=replace(g.site, features=(1, 16, 8, 8))) if g in (first, second) else g for g in gates
    )
    line = (
        Unit("stem", 3, False, False, (8, 16, 16)),
        Unit("s1", 9, True, True, (16, 8, 8), ("s1.se", "s1.sp")),
        Unit("s2", 9, True, True, (16, 8, 8), tuple(g.site.name for g in gates[2:])),
        Unit("head", 2, False, False, (3,)),
    )
    ends = [np.full(16, v, np.float32) for v in (0.2, 0.4, 0.6)]
    features = [
        ChannelMap(gates[0].site, int(gates[0].scores.argmax()), rng.normal(size=(8, 8)).astype(np.float32), 0.9, 1)
    ]
    made = replace(analysis(gates, size=(320, 240)), outline=line)
    made = replace(made, image=replace(made.image, box=(40, 0, 280, 240)))
    known = {"usual": {"s1.se": Range(*ends, 1234)}, "verdicts": {"s1.se": VERDICT}}
    return document(made, features=features, title="Every kind", **known)


def hard_views():
    """By name: what a viewer must survive."""
    holed = channel("holed", 32)
    holed = replace(holed, values=np.where(np.arange(32).reshape(1, 32, 1, 1) % 3 == 0, np.nan, holed.values))
    nan = replace(spatial("nan"), values=np.full((1, 1, 8, 8), np.nan, np.float32))
    part = replace(
        spatial("part"), values=np.where(np.arange(64).reshape(1, 1, 8, 8) > 9, 0.5, np.nan).astype(np.float32)
    )
    tall = PreparedImage(np.full((5000, 1, 3), 90, np.uint8), (0, 0, 1, 5000), np.zeros((8, 8, 3), np.uint8), (1, 5000))
    return {
        "4,096 channels": document(analysis((channel("many", 4096),))),
        "one channel": document(analysis((channel("one", 1),))),
        "NaN": document(analysis((holed, nan, part))),
        "1×5000": document(replace(analysis(), image=tall)),
        "no gates": document(replace(analysis(), gates=(), facts={"contents": "3 Conv2d"})),
        "200 gates": document(
            analysis(tuple((channel if i % 2 else spatial)(f"block{i}.gate", 32) for i in range(200)))
        ),
        "too large": document(analysis((spatial("huge", 400),))),
    }
