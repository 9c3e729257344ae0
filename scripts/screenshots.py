"""Screenshots of the app: ``python -m scripts.screenshots FOLDER [--url URL]``.

Without ``--url`` the app is started on a free port. Needs Chromium, named by ``CHROMIUM`` or found on the path.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import subprocess  # noqa: S404 - starts the app and nothing else
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from attnviz.images.samples import load_sample
from scripts.running import answering, free_port

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


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


def opened(browser: Browser, url: str, **options: object) -> Page:
    """A page with the app, its first pictures drawn."""
    page = browser.new_page(**options)  # type: ignore[arg-type]
    page.goto(url)
    page.locator("#view .tile").first.wait_for(timeout=60_000)
    page.wait_for_timeout(1500)  # an open stream never lets the network become idle
    return page


def crowd(page: Page, url: str) -> None:
    """Let many other visitors open the page until the queue is full and one of them is turned away."""
    wanted = "gradio_config.dependencies.find((d) => d.backend_fn && d.queue && d.targets.some((t) => t[1] === 'load'))"
    first = page.evaluate(f"(({{ id, inputs }}) => [id, inputs.length])({wanted})")
    full, over, numbers = threading.Event(), threading.Event(), itertools.count()

    def visit(number: int) -> None:
        body = {"fn_index": first[0], "session_hash": f"crowd{number}", "data": [None] * first[1]}
        asked = urllib.request.Request(  # noqa: S310 - our own address
            f"{url}gradio_api/queue/join", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            urllib.request.urlopen(asked, timeout=60).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            if error.code == 429:
                full.set()

    def keep_coming() -> None:
        while not over.is_set():
            visit(next(numbers))

    with ThreadPoolExecutor(32) as pool:
        for _ in range(32):
            pool.submit(keep_coming)
        try:
            full.wait(30)
            for turn in range(50):
                page.locator("#samples [data-pick]").nth(turn % 4).click()
                page.wait_for_timeout(200)
                if page.get_by_test_id("toast-body").count():
                    break
        finally:
            over.set()


def send(page: Page, file: Path) -> None:
    """Choose a file on the Explore tab."""
    remove = page.get_by_role("button", name="Remove Image")
    if remove.count():
        remove.click()
    page.locator("#photo input[type=file]").set_input_files(file)


def states(browser: Browser, url: str, folder: Path) -> None:
    """The page just opened, with a visitor's own photograph, after a wrong file, and when too many ask at once."""
    page = opened(browser, url, viewport=DESKTOP)
    page.screenshot(path=folder / "state-opened.png")
    with tempfile.TemporaryDirectory() as made:
        photograph, wrong = Path(made) / "cat.jpg", Path(made) / "<b>notes.txt"
        load_sample("cat").save(photograph, quality=90)
        wrong.write_text("no picture at all", encoding="utf-8")
        send(page, photograph)
        page.get_by_text("not part of the link").wait_for(timeout=60_000)
        page.wait_for_timeout(1000)
        page.screenshot(path=folder / "state-analysed.png")
        send(page, wrong.rename(wrong.with_suffix(".jpg")))
        page.get_by_test_id("toast-body").wait_for(timeout=60_000)
        page.wait_for_timeout(600)
        page.screenshot(path=folder / "state-error.png")
    page.close()
    page = opened(browser, url, viewport=DESKTOP)
    crowd(page, url)
    page.get_by_test_id("toast-body").wait_for(timeout=60_000)
    page.wait_for_timeout(600)
    page.screenshot(path=folder / "state-busy.png")
    page.close()


def take(url: str, folder: Path, chromium: str) -> None:
    """The states, desktop (top and whole page, light and dark), a channel gate, and a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        states(browser, url, folder)
        for scheme in ("light", "dark"):
            page = opened(browser, url, viewport=DESKTOP, color_scheme=scheme)
            page.screenshot(path=folder / f"desktop-{scheme}.png")
            page.screenshot(path=folder / f"desktop-{scheme}-whole.png", full_page=True)
            page.locator("#view .tile").first.click()
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"channels-{scheme}.png")
            page.close()
        page = opened(browser, url, viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
        page.screenshot(path=folder / "state-phone.png")
        page.screenshot(path=folder / "phone.png", full_page=True)
        browser.close()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", help="an app that runs already")
    args = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("no Chromium found; set CHROMIUM to its path")
    with contextlib.nullcontext(args.url) if args.url else app() as url:
        take(url, args.folder, chromium)


if __name__ == "__main__":
    main()
