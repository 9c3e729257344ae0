"""What a request costs, as ratios within one run: ``python -m benchmarks.latency [--model cbam] [--repeats 200]``.

Prints JSON. The variants that are compared are run in turns, so that a busy machine slows them alike; all
figures are medians at batch 1.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from attnviz.analysis.analyser import Analyser
from attnviz.gates.capture import capture
from attnviz.images.decode import open_photograph
from attnviz.images.prepare import prepare
from attnviz.models.checkpoints import load
from attnviz.models.machine import keep_memory
from attnviz.ui.networks.store import Store
from attnviz.ui.server.start import KEPT
from attnviz.ui.shared.strip_and_map import strip_html
from attnviz.ui.shared.view import View, look
from attnviz.ui.shared.view_document import document_of
from attnviz.viewer.document import to_json
from attnviz.viewer.photograph import SIDE
from benchmarks import bars, comparing, editing


def medians(variants: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median milliseconds of every variant, run in turns after a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(repeats + 3):
        for name, call in variants.items():
            started = time.perf_counter()
            call()
            if turn >= 3:
                times[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in times.items()}


def photograph(width: int = 1600, height: int = 1200) -> bytes:
    """A JPEG of about the size that people upload after a messenger has reduced it."""
    x, y = np.meshgrid(np.linspace(0, 6, width), np.linspace(0, 6, height))
    noise = np.random.default_rng(0).normal(0, 8, (height, width))
    waves = [127 + 90 * np.sin(x * k + y) + noise for k in (1, 2, 3)]
    file = io.BytesIO()
    Image.fromarray(np.clip(np.stack(waves, 2), 0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()


def whole(store: Store, model: str, file: str) -> None:
    """What the app does between an upload and its pictures."""
    to_json(document_of(store, look(store, model, path=file)))


def features(store: Store, view: View, gate: str) -> None:
    """What the app does when the features of a channel are asked for."""
    with store.lease(view.analysis.model) as analyser:
        analyser.channel_map(view.analysis.image, gate, 3)


def measure(model: str, repeats: int) -> dict[str, Any]:
    """Capture against the plain forward, and the parts of a whole request."""
    analyser = Analyser(load(model))
    data = photograph()
    picture = open_photograph(data)
    image = prepare(picture, analyser.loaded.spec.input, SIDE)
    x, network = analyser.input(image), analyser.loaded.module

    @torch.inference_mode()
    def plain() -> Any:
        return network(x)

    @torch.inference_mode()
    def captured() -> Any:
        with capture(network, analyser.sites):
            return network(x)

    other = Analyser(load(model))  # its capture stays open while the plain network runs in turns with it

    @torch.inference_mode()
    def held_open() -> Any:
        return other.loaded.module(x)

    store = Store()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "photograph.jpg"
        file.write_bytes(data)
        view = look(store, model, path=str(file))
        scored = next(g.site.name for g in view.analysis.gates if g.site.has_scores)
        forward = medians({"plain": plain, "captured": captured}, repeats)
        with capture(other.loaded.module, other.sites):
            held = medians({"plain": plain, "captured": held_open}, repeats)
        parts = {
            "plain forward": plain,
            "decode": lambda: open_photograph(data),
            "prepare": lambda: prepare(picture, analyser.loaded.spec.input, SIDE),
            "forward with capture": lambda: analyser.analyse(image),
            "tiles of all gates": lambda: strip_html(view.analysis, scored, "en"),
            "document of the view": lambda: to_json(document_of(store, view)),
            "whole: upload to pictures": lambda: whole(store, model, str(file)),
            "features of a channel": lambda: features(store, view, scored),
        }
        spent = medians(parts, max(20, repeats // 5))
    base = spent["plain forward"]
    return {
        "model": model,
        "threads": torch.get_num_threads(),
        "open, forward, close / plain forward": round(forward["captured"] / forward["plain"], 3),
        "forward in an open capture / plain forward": round(held["captured"] / held["plain"], 3),
        "parts / plain forward": {part: round(ms / base, 2) for part, ms in spent.items()},
        "parts ms": {part: round(ms, 2) for part, ms in spent.items()},
        "bars": bars.measure(),
        "an edit": editing.measure(model, max(20, repeats // 2)),
        "a comparison": comparing.measure((), max(10, repeats // 5)),
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="cbam")
    options.add_argument("--repeats", type=int, default=200)
    given = options.parse_args()
    keep_memory(KEPT)  # as the app does
    print(json.dumps(measure(given.model, given.repeats), indent=1, ensure_ascii=False))
