"""Screenshots of the app: ``python -m scripts.screenshots FOLDER [--tabs NAME ...] [--looks NAME ...] [--url URL]``.

Every tab as a person sees it who opens it, on a laptop, a phone and a projector, dark, and in Chinese: what the window
shows, and with ``--whole`` the page to its end. ``--readme`` writes the README's picture instead. Without ``--url`` the
app is started on a free port. Needs Chromium, named by ``CHROMIUM`` or found on the path.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess  # noqa: S404 - starts the app and nothing else
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from attnviz.ui.app import TABS
from scripts.running import answering, free_port

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "assets" / "screenshot.png"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--use-fake-device-for-media-stream"]  # a moving picture instead of a camera
FLAGS += ["--disable-background-networking", "--disable-component-update"]
LAPTOP = {"width": 1280, "height": 800}
LOOKS: Mapping[str, dict[str, Any]] = {
    "laptop": {"viewport": LAPTOP},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "projector": {"viewport": {"width": 1920, "height": 1080}},
    "dark": {"viewport": LAPTOP, "color_scheme": "dark"},
    "chinese": {"viewport": LAPTOP, "locale": "zh-CN"},
}
"""What the browser is told, by the name in the files."""
PRESENTED = ("projector",)
"""Looks in which the page is presented: full width and large type."""
QUIET = """(seconds) => new Promise((done) => {
  let last = performance.now();
  const watch = new MutationObserver(() => { last = performance.now(); });
  watch.observe(document.querySelector('#tabs'), { childList: true, subtree: true, characterData: true });
  const look = setInterval(() => {
    const busy = document.querySelector('#tabs .eta-bar, #tabs .progress-text');
    if (busy || performance.now() - last < 1000 * seconds) return;
    clearInterval(look);
    watch.disconnect();
    done();
  }, 100);
})"""
"""Until nothing has changed for so many seconds: an open stream never lets the network become idle."""


@contextlib.contextmanager
def app(
    environment: dict[str, str] | None = None, seconds: float = 300, script: Path = ROOT / "app.py"
) -> Iterator[str]:
    """The app in a process of its own, as its address.

    Args:
        environment: Variables that are set for it.
        seconds: How long it may take to answer.
        script: What opens it.

    Raises:
        RuntimeError: It does not answer in time.
    """
    port = free_port()
    settings = {**os.environ, **(environment or {}), "GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
    process = subprocess.Popen([sys.executable, str(script)], env=settings, cwd=ROOT)  # noqa: S603
    with answering(process, port, seconds) as url:
        yield url


def opened(browser: Browser, url: str, look: str) -> Page:
    """A page with the app, its first pictures drawn."""
    page = browser.new_page(**LOOKS[look])
    page.set_default_timeout(120_000)
    page.goto(f"{url}?present=1" if look in PRESENTED else url)
    page.locator("#view .tile").first.wait_for()
    page.evaluate(QUIET, 1.5)
    return page


def take(browser: Browser, url: str, folder: Path, looks: Sequence[str], tabs: Sequence[str], whole: bool) -> None:
    """Every tab in every look, as ``<tab>-<look>.png``; with ``whole`` also ``<tab>-<look>-whole.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    for look in looks:
        page = opened(browser, url, look)
        for tab in tabs:
            page.locator(f"#tab-{tab}-button").click()
            page.locator(f"#tab-{tab}-button[aria-selected=true]").wait_for()
            page.evaluate(QUIET, 2.5)
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=folder / f"{tab}-{look}.png")
            if whole:
                page.screenshot(path=folder / f"{tab}-{look}-whole.png", full_page=True)
        page.close()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where the pictures go")
    parser.add_argument("--tabs", nargs="+", choices=list(TABS), default=list(TABS))
    parser.add_argument("--looks", nargs="+", choices=list(LOOKS), default=list(LOOKS))
    parser.add_argument("--whole", action="store_true", help="also each page to its end")
    parser.add_argument("--readme", action="store_true", help=f"write {README.relative_to(ROOT)} instead")
    parser.add_argument("--url", help="an app that runs already")
    args = parser.parse_args()
    if (args.folder is None) != args.readme:
        parser.error("name a folder, or --readme")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("no Chromium found; set CHROMIUM to its path")
    with contextlib.nullcontext(args.url) if args.url else app() as url, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        if args.readme:
            opened(browser, url, "laptop").screenshot(path=README)
        else:
            take(browser, url, args.folder, args.looks, args.tabs, args.whole)
        browser.close()


if __name__ == "__main__":
    main()
