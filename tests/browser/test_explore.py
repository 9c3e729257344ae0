"""What a person does on the Explore tab."""

import re
import zipfile

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
expect.set_options(timeout=30_000)

CHANNEL, SPATIAL = "stage1.0.attention.channel", "stage1.0.attention.spatial"


def send(page, file):
    remove = page.get_by_role("button", name="Remove Image")
    if remove.count():
        remove.click()
    page.locator("#photo input[type=file]").set_input_files(file)


def choose(page, control, option):
    page.locator(f"#{control} input").click()
    page.get_by_role("option", name=option).first.click()


def tile(page, gate):
    return page.locator(f'#strip [data-pick="{gate}"]')


def shown(page):
    """The picture of the chosen gate as it is now."""
    return page.locator("#picture .av-veil").get_attribute("src")


def test_it_opens_with_a_picture_a_prediction_and_all_gates(page):
    for image in page.locator("#picture img").all():
        assert image.evaluate("i => i.complete && i.naturalWidth") > 100
    assert "laid over it" in page.locator("#picture img").first.get_attribute("alt")
    expect(page.locator("#prediction li")).to_have_count(5)  # three classes, a limit, the accuracy
    expect(page.locator("#prediction")).to_contain_text("It knows 3 classes")
    expect(page.locator("#photo img")).to_be_visible()
    expect(page.locator("#strip [data-pick]")).to_have_count(8)
    expect(page.locator("#map [data-pick]")).to_have_count(4)
    expect(page.locator("#heading")).to_contain_text("Shown first")


def test_a_photograph_is_analysed_and_its_bars_and_channels_can_be_read(page, upright):
    before = shown(page)
    send(page, upright)
    expect(page.locator("#link")).to_contain_text("not part of the link")
    expect(page.locator("#picture .av-veil")).not_to_have_attribute("src", before)
    width, height = page.locator("#picture img").first.evaluate("i => [i.naturalWidth, i.naturalHeight]")
    assert (width, height) == (300, 420)
    tile(page, CHANNEL).click()
    expect(page.locator("#scores rect[data-index]")).to_have_count(8)
    expect(tile(page, CHANNEL)).to_have_attribute("aria-pressed", "true")
    page.locator('#scores rect[data-index="5"]').click()
    expect(page.locator("#picture h3")).to_have_text(re.compile(r"Channel 5: score 0\.\d{3}, rank \d of 8"))
    expect(page.locator("#channel input")).to_have_value("5")
    expect(page.locator("#picture")).to_contain_text("features before the gate")


def test_gates_can_be_chosen_from_the_list_and_from_the_map(page):
    choose(page, "gate", re.compile("^1 ·"))
    expect(page.locator("#picture h3")).to_be_visible()
    expect(tile(page, CHANNEL)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#channel")).to_be_visible()
    page.locator("#map [data-pick]").nth(1).click()
    expect(page.locator("#heading")).to_contain_text("stage2.0.attention.channel")
    tile(page, SPATIAL).click()
    expect(page.locator("#heading")).to_contain_text(SPATIAL)
    expect(page.locator("#scores rect")).to_have_count(0)
    expect(page.locator("#channel")).to_be_hidden()


def test_of_a_pairwise_gate_another_place_asks_by_click_and_by_keyboard(open_page):
    page = open_page("?model=self-attention")
    area = page.locator("#picture .av-ask")
    box = page.locator("#picture .av-box").bounding_box()
    before = shown(page)
    page.mouse.click(box["x"] + 0.01 * box["width"], box["y"] + 0.99 * box["height"])
    rows = int(area.get_attribute("data-rows"))
    expect(area).to_have_attribute("data-row", str(rows - 1))
    expect(area).to_have_attribute("data-column", "0")
    expect(page.locator("#picture .av-veil")).not_to_have_attribute("src", before)
    area.focus()
    page.keyboard.press("ArrowUp")
    expect(area).to_have_attribute("data-row", str(rows - 2))
    expect(area).to_be_focused()
    ring = page.locator("#picture .av-here").bounding_box()
    middle = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    assert middle[0] == pytest.approx(box["x"] + 0.5 * box["width"] / rows, abs=2)
    assert middle[1] == pytest.approx(box["y"] + (rows - 1.5) * box["height"] / rows, abs=2)


def test_each_bar_is_hit_in_its_middle_and_near_its_edges(page):
    tile(page, "stage3.0.attention.channel").click()
    expect(page.locator("#scores rect[data-index]")).to_have_count(16)
    missed = page.locator("#scores rect[data-index]").evaluate_all(
        """bars => bars.flatMap(bar => [0.1, 0.5, 0.9].map(share => {
            const box = bar.getBoundingClientRect();
            return document.elementFromPoint(box.x + share * box.width, box.y + box.height / 2) === bar;
        })).filter(hit => !hit).length"""
    )
    assert missed == 0


def test_channels_can_be_chosen_by_keyboard_and_by_number(page):
    tile(page, CHANNEL).focus()
    page.keyboard.press("Enter")
    bars = page.locator("#scores .attnviz-bars")
    expect(bars).to_have_attribute("role", "slider")
    bars.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(bars).to_have_attribute("aria-valuetext", re.compile(r"channel 1: 0\.\d+"))
    page.keyboard.press("Enter")
    expect(page.locator("#picture h3")).to_contain_text("Channel 1:")
    expect(bars).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator("#picture h3")).to_contain_text("Channel 7:")
    page.locator("#channel input").fill("3")
    expect(page.locator("#picture h3")).to_contain_text("Channel 3:")
    page.locator("#channel input").fill("8")
    expect(page.get_by_test_id("toast-body")).to_contain_text("0..7, got 8")
    expect(page.locator("#picture h3")).to_contain_text("Channel 3:")


def test_the_look_can_be_changed(page):
    veil = page.locator("#picture .av-veil")
    page.locator("#opacity input[type=range]").fill("0.9")
    expect(veil).to_have_css("opacity", "0.9")
    for act in (
        lambda: page.locator("#scale").get_by_text("stretched").click(),
        lambda: page.locator("#cells").get_by_text("smooth").click(),
        lambda: choose(page, "cmap", "magma"),
    ):
        before = shown(page)
        act()
        expect(veil).not_to_have_attribute("src", before)
    expect(page.locator("#picture")).to_contain_text("(stretched)")
    tile(page, CHANNEL).click()
    page.locator("#order").get_by_text("highest first").click()
    expect(page.locator("#scores .attnviz-bars")).to_have_attribute("data-order", "sorted")


def test_samples_and_networks_can_be_changed(page):
    photo = page.locator("#photo img").get_attribute("src")
    page.locator('#samples [data-pick="cat"]').click()
    expect(page.locator("#photo img")).not_to_have_attribute("src", photo)
    choose(page, "model", "Tiny none")
    expect(page.locator("#picture")).to_contain_text("no attention gates")
    choose(page, "model", "Tiny se")
    expect(page.locator("#strip [data-pick]")).to_have_count(4)
    expect(page.locator("#picture h3")).to_be_visible()
    expect(page.locator("#link a")).to_have_attribute("href", re.compile(r"^\?model=se&sample=cat&gate="))


def test_what_is_known_of_a_network_is_there_on_demand_and_follows_the_choice(page):
    about = page.locator("#about")
    expect(about.locator("dl")).to_be_hidden()
    about.get_by_text("About this network").click()
    expect(about.locator("dl")).to_be_visible()
    expect(about).to_contain_text("compact-resnet, cbam")
    choose(page, "model", "Tiny se")
    expect(about).to_contain_text("compact-resnet, se")


def test_a_wrong_file_is_refused_and_nothing_is_lost(page, tmp_path):
    file = tmp_path / "<img src=x>.jpg"
    file.write_text("no picture at all", encoding="utf-8")
    prediction, picture = page.locator("#prediction").inner_text(), shown(page)
    send(page, file)
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("is no picture")
    expect(toast.locator("img")).to_have_count(0)
    expect(page.locator("#photo img")).to_have_js_property("complete", True)
    expect(page.locator("#photo img")).not_to_have_js_property("naturalWidth", 0)
    assert page.locator("#prediction").inner_text() == prediction
    assert shown(page) == picture
    page.locator('#samples [data-pick="coffee"]').click()
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=coffee"))


def test_pictures_and_numbers_can_be_downloaded(page, tmp_path):
    with page.expect_download(timeout=60_000) as waiting:
        page.locator("#export").click()
    waiting.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    assert {"gates.csv", "analysis.json", "gates.png"} <= set(names)
    expect(page.locator("#export")).to_be_enabled()


def test_a_link_opens_its_view_and_unknown_values_are_told(open_page):
    page = open_page(f"?model=cbam&sample=cat&gate={CHANNEL}&channel=6")
    expect(page.locator("#picture h3")).to_contain_text("Channel 6:")
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=cat.*channel=6"))
    page = open_page("?model=%3Cimg%20src%3Dx%3E&sample=nothing")
    expect(page.get_by_test_id("toast-body")).to_contain_text("<img src=x>")
    expect(page.get_by_test_id("toast-body").locator("img")).to_have_count(0)
    expect(page.locator("#picture .av-veil")).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_there_is_one_column_and_no_sideways_scrolling(open_page, width):
    page = open_page(viewport={"width": width, "height": 844}, is_mobile=True, has_touch=True)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    tops = [page.locator(f"#{part}").bounding_box()["y"] for part in ("model", "picture", "strip", "prediction")]
    assert tops == sorted(tops)
    assert page.locator("#picture img").first.bounding_box()["y"] < 844 - 150  # most of it on the first screen
    tile(page, CHANNEL).tap()
    expect(page.locator("#scores rect[data-index]")).to_have_count(8)
    assert page.evaluate(wide) <= 0


def test_it_speaks_chinese(open_page):
    page = open_page(locale="zh-CN")
    expect(page.locator("h1")).to_contain_text("看见")
    expect(page.locator("h2").first).to_have_text("照片")
    expect(page.locator("#model")).to_contain_text("网络")
    expect(page.locator("#strip")).to_contain_text("点击小图")


def test_headings_are_in_order_and_every_picture_has_a_text(page):
    levels = [int(h.evaluate("h => h.tagName[1]")) for h in page.locator("h1, h2, h3").all()]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    bare = page.locator("img:visible").evaluate_all(
        "all => all.filter(i => !i.alt && !i.ariaHidden && !i.closest('button[aria-label], button:has(span)')).length"
    )
    assert bare == 0
