"""The camera, live: ``python -m benchmarks.live [--minutes 10] [--out results/live.json]``. Prints JSON.

In Chromium, whose moving test picture is the camera: frames a second and milliseconds from the moment a frame is taken
until its picture is painted, the memory of the app once a minute, and what happens when the tab is left. Browser and
app share the machine's cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from attnviz.models.results import add_force, check_results, write_results
from benchmarks.load import hardware, spread
from benchmarks.served import Served, serve
from scripts.screenshots import FLAGS, LAPTOP

DELAYS = "() => (window.attnvizLive ??= []).splice(0)"
"""Milliseconds of the frames since the last question."""
CAMERAS = """() => {
  window.tracks = [];
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}"""
ON = "() => window.tracks.filter((track) => track.readyState === 'live').length"


def minutes(page: Page, app: Served, count: float) -> tuple[list[float], list[float], list[int]]:
    """Delays of all frames, frames a second of each minute, and the app's memory in MB, first at the start."""
    delays: list[float] = []
    rates, memory = [], [app.ask()["rss"]]
    ends = time.perf_counter() + 60 * count
    page.evaluate(DELAYS)
    while (left := ends - time.perf_counter()) > 1:
        started = time.perf_counter()
        page.wait_for_timeout(1000 * min(60, left))
        new = page.evaluate(DELAYS)
        rates.append(len(new) / (time.perf_counter() - started))
        memory.append(app.ask()["rss"])
        delays += new
    return delays, rates, memory


def leaving(page: Page) -> dict[str, Any]:
    """Cameras that are on, and frames of three seconds, after another tab was chosen."""
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.wait_for_timeout(2000)
    page.evaluate(DELAYS)
    page.wait_for_timeout(3000)
    return {"cameras on": page.evaluate(ON), "frames in three seconds": len(page.evaluate(DELAYS))}


def measure(count: float) -> dict[str, Any]:
    """Everything above, with the network and the page that open first."""
    with serve() as app, sync_playwright() as play:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_context(viewport=LAPTOP, permissions=["camera"]).new_page()
        page.goto(app.url)
        page.locator("#view .tile").first.wait_for()
        page.evaluate(CAMERAS)
        page.locator("#live button").click()
        page.wait_for_function("() => (window.attnvizLive ?? []).length > 20")
        delays, rates, memory = minutes(page, app, count)
        left = leaving(page)
        browser.close()
        errors = app.errors[:10]
    return {
        "hardware": hardware(),
        "minutes": count,
        "frames": len(delays),
        "frames a second": round(len(delays) / (60 * count), 2),
        "frames a second, each minute": [round(rate, 2) for rate in rates],
        "delay": spread(delays),
        "rss mb, each minute": memory,
        "when the tab is left": left,
        "errors in the log": errors,
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--out", type=Path)
    add_force(options)
    given = options.parse_args()
    settings = {"minutes": given.minutes}
    if given.out:
        check_results(given.out, settings, given.force)
    report = {"benchmark": "live", **measure(given.minutes)}
    print(json.dumps(report, indent=1))
    if given.out:
        write_results(given.out, report, settings, given.force)
