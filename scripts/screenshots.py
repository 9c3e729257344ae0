"""Screenshots of the app: ``python scripts/screenshots.py FOLDER [--url URL]``.

Without ``--url`` the app is started on a free port. Needs Chromium, named by ``CHROMIUM`` or found on the path.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess  # noqa: S404 - starts the app and nothing else
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@contextlib.contextmanager
def app(
    environment: dict[str, str] | None = None, seconds: float = 120, script: Path = ROOT / "app.py"
) -> Iterator[str]:
    """The app in a process of its own, as its address.

    Args:
        environment: Variables that are set for it.
        seconds: How long it may take to answer.
        script: What opens it.

    Raises:
        RuntimeError: It does not answer in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {**os.environ, **(environment or {}), "GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
    process = subprocess.Popen([sys.executable, str(script)], env=settings, cwd=ROOT)  # noqa: S603
    url = f"http://127.0.0.1:{port}/"
    try:
        _wait(url, process, seconds)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the app ended with status {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
            return
        time.sleep(0.3)
    raise RuntimeError(f"the app did not answer within {seconds:g} s")


def opened(browser: Browser, url: str, **options: object) -> Page:
    """A page with the app, its first pictures drawn."""
    page = browser.new_page(**options)  # type: ignore[arg-type]
    page.goto(url)
    page.locator("#picture img").first.wait_for(timeout=60_000)
    page.wait_for_timeout(1500)  # an open stream never lets the network become idle
    return page


def take(url: str, folder: Path, chromium: str) -> None:
    """Desktop (top and whole page, light and dark), a channel gate, and a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for scheme in ("light", "dark"):
            page = opened(browser, url, viewport=DESKTOP, color_scheme=scheme)
            page.screenshot(path=folder / f"desktop-{scheme}.png")
            page.screenshot(path=folder / f"desktop-{scheme}-whole.png", full_page=True)
            page.locator("#strip [data-pick]").first.click()
            page.locator("#scores rect").first.wait_for(state="attached", timeout=20_000)
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"channels-{scheme}.png")
            page.close()
        page = opened(browser, url, viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
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
