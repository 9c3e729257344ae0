"""What a person does on the Compare tab."""

import re

import pytest
from PIL import Image

from attnviz.core.input_spec import FITS
from attnviz.render.colour import GATE_SCALE
from attnviz.ui.shared.page import Photo
from attnviz.ui.tabs.compare.plots import Plots
from attnviz.ui.tabs.compare.state import Look
from attnviz.viewer.bundles import module_name
from tests.test_hot_cell import SIZES, analysis, expected

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def rows(page):
    return page.locator("#compare-table .av-cmp-row")


def opened(open_page, **options):
    """The tab, with four networks in it."""
    page = open_page("?tab=compare&models=cbam,none,se,self-attention", "#compare-table .av-cmp-row", **options)
    expect(rows(page)).to_have_count(4, timeout=120_000)
    return page


@pytest.fixture
def tab(open_page):
    return opened(open_page)


def choose(page, control, option):
    page.locator(f"#{control} input").click()
    page.get_by_role("option", name=option).first.click()


def masks(page):
    return page.locator("#compare-table .av-cmp-cells > :first-child .av-veil").evaluate_all(
        "all => all.map(i => i.toDataURL())"
    )


def test_four_networks_one_image_one_scale_and_another_class(tab):
    expect(rows(tab).locator("h3")).to_have_text(["Tiny cbam", "Tiny none", "Tiny se", "Tiny self-attention"])
    expect(tab.locator("#compare-notes")).to_contain_text("One scale for all rows: gates from 0 to 1")
    expect(tab.locator("#compare-table")).to_contain_text("not a mask")
    legends = tab.locator("#compare-table .av-cmp-cells > :nth-child(3) .av-legend")
    expect(legends).to_have_count(4)
    assert len(set(legends.all_inner_texts())) == 1
    tab.wait_for_timeout(500)  # canvases are drawn a moment after the table
    before, notes = masks(tab), tab.locator("#compare-notes").inner_text()
    explained = re.search("explain “(red|green|blue)”", notes).group(1)
    choose(tab, "compare-class", next(label for label in ("red", "green") if label != explained))
    expect(tab.locator("#compare-notes")).not_to_contain_text(f"“{explained}”")
    for _ in range(50):  # the table is made anew, and its canvases are drawn a moment later
        if masks(tab) == before:
            break
        tab.wait_for_timeout(200)
    assert masks(tab) == before
    expect(tab.locator("#compare-notes")).to_contain_text("Gates do not depend on the class")


def test_a_place_is_asked_by_click_and_by_keyboard(tab):
    area = tab.locator("#compare-table .av-ask")
    size = area.bounding_box()
    # not the middle, where it begins: what stands there before the click is answered must not look like its answer
    area.click(position={"x": size["width"] / 2, "y": 0.3 * size["height"]})
    expect(area).to_have_attribute("data-row", "2")
    area.focus()
    tab.keyboard.press("ArrowUp")
    expect(area).to_have_attribute("data-row", "1")
    expect(area).to_be_focused()


def test_what_is_pointed_at_in_one_cell_is_marked_in_all_and_nothing_is_asked(tab):
    asked = []
    tab.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
    maps, marks = tab.locator("#compare-table .av-box"), tab.locator("#compare-table .av-mark:visible")
    maps.first.scroll_into_view_if_needed()
    maps.first.hover(position={"x": 5, "y": 5})
    expect(marks).to_have_count(maps.count())
    expect(tab.locator("#compare-table .av-readout", has_text="row 0, column 0: ").first).to_be_visible()
    bars = tab.locator("#compare-table .av-bars-area")
    tab.mouse.move(0, 0)
    bars.first.focus()
    expect(marks).to_have_count(0)
    tab.keyboard.press("End")
    same = tab.locator(f"#compare-table .av-bars-area[aria-valuemax='{bars.first.get_attribute('aria-valuemax')}']")
    expect(tab.locator("#compare-table .av-bar-mark:visible")).to_have_count(same.count())
    assert bars.first.get_attribute("aria-valuetext").startswith(
        f"Channel {bars.first.get_attribute('aria-valuemax')}: "
    )
    assert asked == []


DRAWN = """async ([module, html]) => {
  const holder = document.createElement('div');
  holder.innerHTML = html;
  const { cells } = await import(new URL(`attnviz/${module}`, document.baseURI).href);
  cells(holder);
  const ends = () => [...holder.querySelectorAll('.av-veil')].map((canvas) => {
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const hot = [...Array(data.length / 4).keys()].filter((i) => data[4 * i + 3] > 0 && data[4 * i] > 200);
    const [x, y] = [hot.map((i) => i % width), hot.map((i) => Math.floor(i / width))];
    const least = [Math.min(...x) / width, Math.min(...y) / canvas.height];
    return [...least, (Math.max(...x) + 1) / width, (Math.max(...y) + 1) / canvas.height];
  });
  for (let tries = 0; tries < 100 && !ends().flat().every(Number.isFinite); tries++)
    await new Promise((done) => setTimeout(done, 100));
  return ends();
}"""


def test_a_hot_cell_is_drawn_where_it_is(page):
    images = [analysis(size, fit, True) for size in SIZES.values() for fit in FITS]
    plots = Plots(Look(), "en")
    over = [
        plots.over(Photo(sample=str(i)), a.image, a.gates[0].mask, GATE_SCALE, "viridis", "", None)
        for i, a in enumerate(images)
    ]
    drawn = page.evaluate(DRAWN, [module_name(), f"<div {plots.attribute()}>{''.join(over)}</div>"])
    for found, a in zip(drawn, images, strict=True):
        assert found == pytest.approx(expected(a.image, True), abs=0.03)


def test_of_two_choices_the_last_counts_though_the_first_is_late_and_the_slider_moves_by_keyboard(tab):
    slider, held = tab.locator("#compare-pair .av-cut"), []

    def first_is_late(route):
        held.append(route)
        if len(held) > 1:
            route.continue_()

    tab.route("**/gradio_api/run/**", first_is_late)
    choose(tab, "compare-second", "Tiny se")
    before = tab.locator("#compare-pair .av-slide img").first
    source = before.get_attribute("src")
    tab.locator("#compare-what").get_by_text("attribution").click()
    tab.wait_for_timeout(1000)
    held[0].continue_()
    expect(before).to_have_attribute("alt", re.compile("Tiny se"))
    expect(before).not_to_have_attribute("src", source)
    slider.focus()
    tab.keyboard.press("End")
    expect(tab.locator("#compare-pair .av-slide")).to_have_attribute("style", re.compile("--av-cut: ?100%"))


@pytest.mark.slow
def test_the_trust_panel_opens_with_numbers(tab):
    tab.get_by_role("button", name="How far can these pictures be trusted?").click()
    expect(tab.locator("#compare-trust-figures .av-trust")).to_have_count(4, timeout=180_000)
    expect(tab.locator("#compare-trust-figures")).to_contain_text("random 0.")


def test_a_slow_attribution_can_be_stopped_and_the_page_goes_on(tab):
    choose(tab, "compare-method", re.compile("Occlusion"))
    expect(tab.locator("#compare-table")).to_contain_text("press “Compute attributions”")
    for window in ("5", "4", "3"):  # the smaller, the slower: a machine may be done before the click arrives
        tab.locator("#compare-occlusion-window input[type=number]").fill(window)
        tab.locator("#compare-compute").click()
        try:
            tab.locator("#compare-stop").click(timeout=8000)
            expect(tab.locator("#compare-table")).to_contain_text("Stopped before it was finished", timeout=15_000)
            break
        except (sync_api.TimeoutError, AssertionError):
            continue
    expect(tab.locator("#compare-table")).to_contain_text("Stopped before it was finished")
    expect(tab.locator("#compare-progress progress")).to_have_count(0)
    choose(tab, "compare-method", re.compile("Gradient"))
    expect(tab.locator("#compare-table")).not_to_contain_text("Stopped")


def test_the_sheet_is_downloaded(tab, tmp_path):
    with tab.expect_download(timeout=120_000) as waiting:
        tab.locator("#compare-export").click()
    waiting.value.save_as(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 1500 and sheet.format == "PNG"


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_nothing_scrolls_sideways(open_page, width):
    page = opened(open_page, viewport={"width": width, "height": 844}, is_mobile=True, has_touch=True)
    assert page.evaluate(WIDE) <= 0
    tops = [row.bounding_box()["y"] for row in rows(page).all()]
    assert tops == sorted(tops)


def test_it_speaks_chinese(open_page):
    page = opened(open_page, locale="zh-CN")
    expect(page.locator("#compare-notes")).to_contain_text("门与类别无关")
    expect(page.locator("#compare-help")).to_contain_text("这些图是什么意思")
