"""The page around the tabs: every test here walks all tabs of the table."""

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
expect.set_options(timeout=30_000)


def switch(page, code):
    page.locator(f"[data-language={code}]").click()
    expect(page.locator(f"[data-language={code}]")).to_have_attribute("aria-pressed", "true")
    page.locator("#picture img").first.wait_for()


def test_the_language_is_switched_kept_and_switched_back(open_page):
    page = open_page("?sample=cat&__theme=light")
    expect(page.locator("[data-language=en]")).to_have_attribute("aria-pressed", "true")
    switch(page, "zh")
    expect(page.locator("h1")).to_contain_text("看见")
    expect(page.locator("#model")).to_contain_text("网络")
    expect(page.locator("#prediction")).to_contain_text("它只认识 3 个类别")
    expect(page.locator("#heading")).to_contain_text("空间门")
    assert page.evaluate("[document.documentElement.lang, navigator.language]") == ["zh-CN", "zh-CN"]
    assert "sample=cat" in page.url and "__theme=light" in page.url
    page.reload()
    expect(page.locator("h1")).to_contain_text("看见")
    expect(page.locator("[data-language=zh]")).to_have_attribute("aria-pressed", "true")
    switch(page, "en")
    expect(page.locator("h1")).to_contain_text("see the attention")
    expect(page.locator("#model")).to_contain_text("Network")
    assert page.title() == page.locator("h1").inner_text()
