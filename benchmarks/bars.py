"""How long pictures take: channel bars against plain ``ax.bar``, and an overlay. Prints JSON.

    python benchmarks/bars.py

The two ways of drawing bars take turns in one warm process, at the same size and resolution, from scores to PNG
bytes. ``ax.bar`` draws no title, caption or labels, ``channel_bars`` draws them all; ``empty_axes`` is the floor of
matplotlib. Times are of the processor, so that other work on the machine counts as little as possible.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from attnviz.core.types import PreparedImage
from attnviz.render.figures.bars import channel_bars
from attnviz.render.figures.style import encode, to_png
from attnviz.render.overlay import overlay

SIZE, DPI = (8.0, 3.0), 100


def plain_bars(scores: np.ndarray) -> bytes:
    """What most code does: one rectangle a channel with ``ax.bar``, default ticks, default PNG."""
    figure = Figure(figsize=SIZE, dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.bar(np.arange(scores.size), scores)
    axes.set_ylim(0, 1)
    return to_png(figure, DPI)


def empty_axes() -> bytes:
    """The same figure without bars: what matplotlib costs before anything is drawn."""
    figure = Figure(figsize=SIZE, dpi=DPI)
    FigureCanvasAgg(figure)
    figure.add_subplot().set_ylim(0, 1)
    return to_png(figure, DPI)


def medians(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each call; they take turns, so that a busy machine slows all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            start = time.process_time()
            call()
            if turn:  # the first turn warms caches of fonts and colours
                times[name].append(1000 * (time.process_time() - start))
    return {name: round(median(values), 2) for name, values in times.items()}


def measure(channels: int = 512, rounds: int = 9) -> dict[str, Any]:
    """Medians in milliseconds, and how many times faster ``channel_bars`` is than ``ax.bar``.

    Args:
        channels: Number of scores.
        rounds: Turns that count, at least 1.
    """
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, channels).astype(np.float32)
    pixels = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    image = PreparedImage(pixels, (80, 0, 560, 480), pixels[:128, :128], (640, 480))
    mask = rng.uniform(0, 1, (8, 8)).astype(np.float32)
    times = medians(
        {
            "ax_bar": lambda: plain_bars(scores),
            "empty_axes": empty_axes,
            "channel_bars": lambda: to_png(channel_bars(scores, size=SIZE), DPI),
            "channel_bars_sorted": lambda: to_png(channel_bars(scores, order="sorted", size=SIZE), DPI),
            "overlay_nearest": lambda: overlay(image, mask),
            "overlay_bilinear": lambda: overlay(image, mask, interpolation="bilinear"),
            "overlay_jpeg": lambda: encode(overlay(image, mask)),
        },
        rounds,
    )
    return {
        "channels": channels,
        "rounds": rounds,
        "inches": list(SIZE),
        "dpi": DPI,
        "milliseconds": times,
        "times_faster_than_ax_bar": round(times["ax_bar"] / times["channel_bars"], 1),
        "versions": {"matplotlib": matplotlib.__version__, "numpy": np.__version__},
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
