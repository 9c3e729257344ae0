"""The noise lab as a person uses it: other noise, other places, and the bars follow."""

import re

from playwright.sync_api import expect


def scores(page):
    return page.locator("#noise-channels .nl-tile > span").all_inner_texts()


def names(page):
    return page.locator("#noise-channels .nl-name strong").all_inner_texts()


def open_lab(open_page, **options):
    page = open_page(**options)
    page.get_by_role("tab", name="Noise lab").click()
    expect(page.locator("#noise-channels .nl-tile")).to_have_count(6)
    return page


def test_kind_and_position_change_the_bars(open_page):
    page = open_lab(open_page)
    assert names(page) == ["red", "green", "blue", "noise 1", "noise 2", "noise 3"]
    assert page.locator("#noise-predictions .nl-net").count() == 4
    before = scores(page)
    page.locator("#noise-kind input").click()
    page.get_by_role("option", name="uniform").click()
    expect(page.locator("#noise-channels .nl-tile > span").nth(3)).not_to_have_text(before[3])
    changed = scores(page)
    page.get_by_role("button", name="Move noise 1 one position to the left").click()
    expect(page.locator("#noise-channels .nl-name strong").nth(2)).to_have_text("noise 1")
    assert names(page) == ["red", "green", "noise 1", "blue", "noise 2", "noise 3"]
    assert scores(page) != changed
    page.locator("#noise-reset").click()
    expect(page.locator("#noise-channels .nl-name strong").nth(2)).to_have_text("blue")
    assert scores(page) == changed


def test_pictures_of_its_own_classes_stand_first(open_page):
    page = open_lab(open_page)
    picks = page.locator("#noise-samples [data-pick]")
    assert [picks.nth(k).get_attribute("data-pick") for k in range(3)] == ["aeroplane", "ship", "car"]
    before = page.locator("#noise-predictions").inner_text()
    picks.nth(1).click()
    expect(page.locator("#noise-predictions")).not_to_have_text(before, use_inner_text=True)


def test_another_photograph_in_another_tab_is_taken_up(open_page):
    page = open_lab(open_page)
    before = page.locator("#noise-predictions").inner_text()
    page.get_by_role("tab", name="Explore").click()
    page.locator('#samples [data-pick="coffee"]').click()
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=coffee"))
    page.get_by_role("tab", name="Noise lab").click()
    expect(page.locator("#noise-predictions")).not_to_have_text(before, use_inner_text=True)


def test_on_a_phone_nothing_scrolls_sideways(open_page):
    page = open_lab(open_page, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
