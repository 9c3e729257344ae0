"""A browser and the app on tiny untrained networks; without Chromium the tests are skipped, in CI they fail."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PATH = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items):
    """By default the first test of each file runs: a browser mostly waits, and all of them take as long as the rest."""
    begun = set()
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)
            if item.fspath in begun:
                item.add_marker(pytest.mark.slow)
            begun.add(item.fspath)


@pytest.fixture(scope="session")
def browser():
    """Chromium, without a window."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("playwright")
        if not PATH:
            pytest.skip("no Chromium: install it, or set CHROMIUM to its path")
    from playwright.sync_api import expect, sync_playwright

    from scripts.screenshots import FLAGS

    expect.set_options(
        timeout=60_000
    )  # one for all files: a machine may be busy, and the last file's would hold for all
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=PATH or "/usr/bin/chromium", args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="session")
def url(noise_checkpoints):
    """The address of the app in a process of its own, as strangers see it who come by a proxy on this machine."""
    from scripts.screenshots import app

    public = {"ATTNVIZ_HOSTS": "localhost", "OMP_NUM_THREADS": "1"}
    with app({"ATTNVIZ_CHECKPOINTS": str(noise_checkpoints), **public}) as address:
        yield address


@pytest.fixture
def open_page(browser, url):
    """Open the app; at the end no script may have failed and nothing may have been asked of another machine."""
    contexts, troubles, asked = [], [], []

    def opened(query="", seen="#view .tile", **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(url + query)
        page.locator(seen).first.wait_for()
        page.wait_for_timeout(700)  # the page's own load event, which may draw everything anew
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []
    foreign = [a for a in asked if not a.startswith((url, "data:", "blob:"))]
    assert foreign == []


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture
def upright(tmp_path):
    """A photograph the app has never seen: a portrait with a bright ball."""
    y, x = np.mgrid[:420, :300]
    ball = (x - 150) ** 2 + (y - 240) ** 2 < 80**2
    pixels = np.stack([np.where(ball, 240, x * 0.3), np.where(ball, 60, y * 0.4), np.full(x.shape, 90)], 2)
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "ball.png")
    return tmp_path / "ball.png"
