"""What the interactive view costs: ``python -m benchmarks.viewer [--model cbam] [--switches 200]``. Prints JSON.

In Chromium, on a page from a file: milliseconds from the start of the handler that a click calls until the canvas holds
the new picture (it is read back, so that nothing is left in a queue), with the gates of the model and with 200 gates;
bytes of the document and of the page; and requests that a click sends, in the page and in the app.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from attnviz.analysis.analyser import Analyser
from attnviz.core.types import Analysis, GateRecord
from attnviz.images.samples import load_sample
from attnviz.models.checkpoints import load
from attnviz.viewer.bundles import bundle
from attnviz.viewer.document import document, to_json
from attnviz.viewer.page import page
from scripts.screenshots import FLAGS, app

SWITCH = """([count, gates]) => {
    const view = document.querySelector('#attnviz').attnviz;
    const context = view.picture.canvas.getContext('2d');
    const times = [];
    for (let turn = 0; turn < count + 10; turn++) {
        const started = performance.now();
        view.show((turn * 7) % gates);
        context.getImageData(0, 0, 1, 1);
        if (turn >= 10) times.push(performance.now() - started);
    }
    return times;
}"""
"""Gates in an order in which no two neighbours are of one kind all the time."""


def many(analysis: Analysis, count: int) -> Analysis:
    """The same with so many gates, by repeating them under other names."""
    found = analysis.gates
    gates = tuple(
        GateRecord(replace(g.site, name=f"again{i}.{g.site.name}"), g.values)
        for i in range(count)
        for g in (found[i % len(found)],)
    )
    return replace(analysis, gates=gates, outline=())


def switches(browser: Browser, text: str, gates: int, count: int) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, and the requests that were sent meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "view.html"
        file.write_text(text, encoding="utf-8")
        shown = browser.new_page(viewport={"width": 1280, "height": 800})
        shown.goto(file.as_uri())
        shown.locator(".tile").first.wait_for()
        shown.wait_for_timeout(500)
        asked: list[str] = []
        shown.on("request", lambda request: asked.append(request.url))
        times = shown.evaluate(SWITCH, [count, gates])
        shown.close()
    return {
        "median ms": round(float(np.median(times)), 2),
        "p95 ms": round(float(np.percentile(times, 95)), 2),
        "requests": len(asked),
    }


def in_the_app(browser: Browser) -> dict[str, Any]:
    """Bytes of the HTML document of the app, and requests for clicks on every gate."""
    with app({"OMP_NUM_THREADS": "1"}) as url:
        shown = browser.new_page(viewport={"width": 1280, "height": 800})
        shown.goto(url)
        shown.locator("#view .tile").first.wait_for()
        shown.wait_for_timeout(3000)
        asked: list[str] = []
        shown.on("request", lambda request: asked.append(request.url))
        tiles = shown.locator("#view .tile")
        for i in range(tiles.count()):
            tiles.nth(i).click()
        shown.wait_for_timeout(500)
        own = len(shown.request.get(url).body())
        shown.close()
    return {
        "requests for a click on every gate": len([a for a in asked if a.startswith("http")]),
        "document bytes": own,
    }


def measure(model: str, count: int) -> dict[str, Any]:
    """Everything above for one photograph."""
    analysis = Analyser(load(model)).analyse(load_sample("church"))
    started = time.perf_counter()
    view = document(analysis)
    built = 1000 * (time.perf_counter() - started)
    crowd = many(analysis, 200)
    with sync_playwright() as play:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        few = switches(browser, page(view), len(analysis.gates), count)
        lots = switches(browser, page(document(crowd)), 200, count)
        served = in_the_app(browser)
        browser.close()
    return {
        "model": model,
        "gates": len(analysis.gates),
        "document bytes": len(to_json(view).encode()),
        "of it the photograph": len(view["photograph"]["jpeg"]),
        "document built in ms": round(built, 1),
        "script bytes": len(bundle("view").encode()),
        "page of its own, bytes": len(page(view).encode()),
        f"{count} switches, {len(analysis.gates)} gates": few,
        f"{count} switches, 200 gates": lots,
        "in the app": served,
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="cbam")
    options.add_argument("--switches", type=int, default=200)
    given = options.parse_args()
    print(json.dumps(measure(given.model, given.switches), indent=1, ensure_ascii=False))
