"""Every backbone at every position, as small as it gets; one that is not known here with its own defaults."""

from attnviz.backbones import BACKBONES

TINY = {
    "compact-resnet": [
        {"widths": [8] * 4, "depths": [1] * 4, "position": p} for p in ("block", "stage3", "pool", "pool-and-mean")
    ],
    "mobilenet-v2": [{"width": 0.1, "position": p} for p in ("first", "last", "block", "pool")],
    "resnet": [
        {"block": b, "depths": [1] * 4, "widths": [8] * 4, "position": p}
        for b, p in (("basic", "branch"), ("bottleneck", "branch"), ("basic", "after"), ("basic", "pool"))
    ],
    "vgg16": [
        {"width": 1 / 16, "head": "small", "batch_norm": b, "position": p}
        for b, p in ((False, "block"), (True, "block"), (False, "pool"))
    ],
    "densenet": [
        {"growth": 4, "blocks": [2, 2], "stem": s, "position": p}
        for s, p in (("large", "layer"), ("small", "layer"), ("small", "transition"), ("small", "pool"))
    ],
    "efficientnet": [{"width": 0.2, "depth": 0.3, "position": p} for p in ("replace", "after", "pool")],
    "small-cnn": [{"widths": [4, 4, 8], "position": p} for p in ("first", "block")],
    "compact-3d": [{"widths": [4, 8]}],
}
CASES = [(name, options) for name in BACKBONES for options in TINY.get(name, [{}])]


def case_id(case):
    name, options = case
    return "-".join([name, *(str(v) for k, v in options.items() if k in ("position", "block", "stem", "batch_norm"))])
