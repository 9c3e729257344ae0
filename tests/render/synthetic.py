"""Small made-up photographs and analyses."""

import numpy as np

from attnviz.core.sites import GateSite
from attnviz.core.types import Analysis, Box, GateRecord, PreparedImage


def photograph(width: int, height: int, box: Box, seed: int = 0) -> PreparedImage:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    network = np.zeros((16, 16, 3), np.uint8)
    return PreparedImage(pixels, box, network, (width, height))


def record(name: str, kind: str, values) -> GateRecord:
    values = np.asarray(values, np.float32)
    over = ("batch", *["channel"] * (values.ndim - 3), "place", "place") if kind == "pairwise" else ()
    return GateRecord(GateSite(name, kind, values.shape, (1, 8, 8, 8), over=over), values)


def channel(name: str, count: int, seed: int = 0) -> GateRecord:
    return record(name, "channel", np.random.default_rng(seed).uniform(0.1, 0.9, (1, count, 1, 1)))


def spatial(name: str, side: int = 8, seed: int = 0) -> GateRecord:
    return record(name, "spatial", np.random.default_rng(seed).uniform(0.1, 0.9, (1, 1, side, side)))


def every_kind() -> tuple[GateRecord, ...]:
    rng = np.random.default_rng(5)
    return (
        channel("a.channel", 16),
        spatial("a.spatial"),
        record("a.strip", "strip", rng.uniform(0, 1, (1, 8, 6, 1))),
        record("a.branch", "branch", rng.uniform(0, 1, (1, 2, 8, 1, 1))),
        record("a.full", "full", rng.uniform(0, 1, (1, 4, 6, 6))),
        record("a.pairwise", "pairwise", rng.uniform(0, 0.1, (1, 2, 9, 9))),
        record("a.added", "added", rng.normal(0, 2, (1, 8, 1, 1))),
        record("a.geometric", "geometric", rng.normal(0, 1, (1, 2, 3))),
    )


def analysis(gates=None, labels=("cat", "dog", "fox"), model="tiny", facts=None, size=(60, 40)) -> Analysis:
    gates = gates or (channel("s1.se", 16), spatial("s1.sp"), channel("s2.se", 32, 1), spatial("s2.sp", 4, 1))
    width, height = size
    image = photograph(width, height, (5, 2, 35, 32))
    logits = np.linspace(1, 0, len(labels)).astype(np.float32)
    return Analysis(model, image, tuple(labels), logits, tuple(gates), facts or {"device": "cpu"})
