"""A network that answers everywhere, and one of six channels: ``attnviz.launch([places, bands], data=FOLDER)``."""

import re

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture(scope="module")
def places_url():
    from scripts.screenshots import ROOT, app

    with app({"OMP_NUM_THREADS": "1"}, script=ROOT / "tests" / "browser" / "places_app.py") as address:
        yield address


PIXEL = """() => {
  const canvas = document.querySelector('#view .av-host').shadowRoot.querySelector('canvas.photo');
  const { data } = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
  return data[0] + data[1] + data[2];
}"""
"""How bright the middle of the photograph is drawn, under the map that lies on it."""


def still(page):
    """``PIXEL``, as soon as the picture no longer changes."""
    last = None
    while (now := page.evaluate(PIXEL)) != last:
        last = now
        page.wait_for_timeout(1000)
    return now


def test_a_click_names_the_class_there_and_other_channels_are_shown(browser, places_url):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(places_url)
    here, seen = page.locator("#view .here"), page.locator("#view .seen")
    expect(here).to_contain_text("Click the photograph")
    expect(page.locator("#view .places .note")).to_contain_text(re.compile(r"Mean over the picture: soil \d+\.\d % · "))
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "queue/join" in request.url else None)
    area = seen.bounding_box()
    for (across, down), name in {(0.8, 0.8): "water", (0.2, 0.8): "<i>wood</i>", (0.5, 0.2): "soil"}.items():
        seen.click(position={"x": across * area["width"], "y": down * area["height"]})
        expect(here).to_have_text(re.compile(rf"^Here: {name} \(\d+\.\d %\)\.$"))
    for _ in range(12):
        seen.press("ArrowDown")
    page.mouse.move(2, 2)
    expect(here).to_contain_text(re.compile("wood|water"))
    assert asked == []
    page.locator("#model input").click()
    page.get_by_role("option", name="Bands").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("here is one that it takes")
    expect(page.locator("#view .tile")).to_have_count(2)
    expect(page.locator("#view .places")).to_be_hidden()
    before = still(page)
    field = page.locator("#bands input, #bands textarea")
    expect(field).to_have_value("5,0,0")
    field.fill("0,0,5")
    field.press("Enter")
    page.wait_for_function(f"before => Math.abs(({PIXEL})() - before) > 10", arg=before)
    field.fill("0,0,9")
    field.press("Enter")
    expect(page.get_by_test_id("toast-body").last).to_contain_text("channels 0..5")
    page.close()
