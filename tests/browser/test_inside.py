"""What a person does on the tab Inside a gate."""

import re

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture
def inside(open_page):
    def opened(**options):
        page = open_page(**options)
        tab = page.get_by_role("tab", name="Inside a gate")
        if not tab.first.is_visible():  # a narrow page keeps some tabs in a menu
            page.locator(".overflow-menu button").first.click()
            tab = page.locator(".overflow-dropdown button", has_text="Inside a gate")
        tab.first.click()
        page.locator("#inside-stage section:not([hidden])").wait_for()
        return page

    return opened


def step(page):
    return page.locator("#inside-stage section:not([hidden])")


def numbers(page):
    """The worked example of every step."""
    return page.locator("#inside-stage .av-worked strong").all_text_contents()


def test_stepping_through_cbam_to_the_end_and_another_photograph(inside):
    page = inside()
    count = page.locator("#inside-stage section").count()
    assert count == 11
    seen = []
    for index in range(count):
        expect(step(page).locator("h3")).to_have_text(re.compile(rf"^{index + 1}\. "))
        expect(page.locator("[data-go][aria-current=step]")).to_have_text(str(index + 1))
        assert step(page).locator(".av-panels img, .av-panels svg").count() >= 1
        for image in step(page).locator("img").all():
            assert image.evaluate("i => i.complete && i.naturalWidth") > 0
        seen.append(step(page).get_attribute("data-step"))
        if index < count - 1:
            page.get_by_role("button", name="Next").click()
    assert seen[0] == "features" and "channel_gate" in seen and seen[-1] == "spatial_scaled"
    assert page.get_by_role("button", name="Next").get_attribute("aria-disabled") == "true"
    expect(page.locator(".av-check")).to_have_text(re.compile(r"Checked: .*difference (0|\d\.\de-\d+)\)"))
    product = re.fullmatch(r"(\S+) × (\S+) = (\S+)", numbers(page)[-1].replace("−", "-"))
    a, b, c = map(float, product.groups())
    assert abs(a * b - c) <= 0.0015 * max(1, abs(a))
    before = numbers(page)
    page.locator('#inside-samples [data-pick="coffee"]').click()
    expect(page.locator("#inside-stage .av-worked strong").first).not_to_have_text(before[0])
    after = numbers(page)
    assert len(after) == len(before) and sum(x != y for x, y in zip(before, after, strict=True)) >= len(before) - 1
    expect(step(page).locator("h3")).to_have_text(re.compile("^11"))  # the step stays where it was


def test_the_keyboard_a_channel_a_place_and_a_change(inside):
    page = inside()
    page.locator(".av-inside").focus()
    page.keyboard.press("ArrowRight")
    expect(step(page)).to_have_attribute("data-step", "pools")
    page.keyboard.press("End")
    expect(step(page)).to_have_attribute("data-step", "spatial_scaled")
    page.keyboard.press("Home")
    sheet = step(page).locator(".av-sheet")
    size = sheet.bounding_box()
    sheet.click(position={"x": size["width"] * 0.6, "y": size["height"] * 0.25})
    expect(step(page).locator(".av-worked")).to_have_text(re.compile("^Channel 2, "))
    plane = step(page).locator(".av-plane[data-rows]").last
    size = plane.bounding_box()
    plane.click(position={"x": size["width"] - 3, "y": 3})
    expect(step(page).locator(".av-worked")).to_have_text(re.compile("^Channel 2, row 0, column 31: "))
    page.get_by_label("left half").check()
    expect(page.locator("#inside-changed")).to_contain_text("left half is zero")
    page.locator('[data-go="1"]').click()
    expect(step(page).locator(".av-was")).to_contain_text("without the change: mean")
    page.locator("#inside-reset").click()
    expect(step(page).locator(".av-was")).to_have_count(0)


def test_an_untrained_module_says_so_and_a_query_can_be_clicked(inside):
    page = inside()
    page.locator("#inside-subject input").click()
    page.get_by_role("option", name="Dual attention").click()
    expect(page.locator("#inside-notice")).to_contain_text("Not trained: it shows the computation")
    page.locator('[data-go="5"]').click()
    expect(step(page)).to_have_attribute("data-step", "weights")
    expect(step(page).locator(".av-worked")).to_contain_text("all together 1.000")
    picture = step(page).locator(".av-plane[data-rows]")
    picture.click(position={"x": 5, "y": 5})
    expect(step(page).locator("figcaption").first).to_contain_text("row 0, column 0")


def test_it_fits_a_phone(inside):
    page = inside(viewport={"width": 390, "height": 844})
    for _ in range(9):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Next").click()
