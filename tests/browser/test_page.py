"""The page around the tabs: every test here walks all tabs of the table."""

import os
import re
from importlib.resources import files

import pytest

from attnviz.ui.app import TABS

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


def switch(page, code):
    page.locator(f"[data-language={code}]").click()
    expect(page.locator(f"[data-language={code}]")).to_have_attribute("aria-pressed", "true")
    page.locator("#view .tile").first.wait_for()


def test_the_language_is_switched_kept_and_switched_back(open_page):
    page = open_page("?sample=cat&__theme=light")
    expect(page.locator("[data-language=en]")).to_have_attribute("aria-pressed", "true")
    switch(page, "zh")
    expect(page.locator("h1")).to_contain_text("看见")
    expect(page.locator("#model")).to_contain_text("网络")
    expect(page.locator("#prediction")).to_contain_text("它只认识 3 个类别")
    expect(page.locator("#view .kind")).to_contain_text("空间门")
    assert page.evaluate("[document.documentElement.lang, navigator.language]") == ["zh-CN", "zh-CN"]
    page.wait_for_function("location.search.includes('lang=zh')")  # the address follows what is shown
    assert "sample=cat" in page.url and "__theme=light" in page.url
    page.reload()
    expect(page.locator("h1")).to_contain_text("看见")
    expect(page.locator("[data-language=zh]")).to_have_attribute("aria-pressed", "true")
    switch(page, "en")
    expect(page.locator("h1")).to_contain_text("see the attention")
    expect(page.locator("#model")).to_contain_text("Network")
    assert page.title() == page.locator("h1").inner_text()


BAD = ("serious", "critical")
LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "chinese": {"locale": "zh-CN"},
}
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
NAME = """(e) => (e.ariaLabel || [...(e.labels || [])].map((l) => l.innerText).join(' ') || e.innerText || e.title ||
    e.closest('label')?.innerText || e.querySelector('img')?.alt || '').trim()"""


@pytest.fixture(scope="module")
def axe():
    """The script of axe-core, which travels with its package."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("axe_playwright_python")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def open_tab(page, name):
    """Open a tab, also where it is in the menu of those that do not fit, and wait until it has settled."""
    button = page.locator(f"#tab-{name}-button")
    if not button.is_visible():
        page.get_by_label("More tabs").click()
        page.locator(".overflow-dropdown button").filter(has_text=button.first.inner_text()).click()
    else:
        button.click()
    page.locator(f"#tab-{name}").wait_for()
    page.wait_for_timeout(500)
    page.wait_for_function(
        "() => ![...document.querySelectorAll('[data-testid=status-tracker]')].some("
        "(e) => !e.classList.contains('hide') && e.checkVisibility() && e.querySelector('.progress-text, .meta-text'))"
    )
    expect(page.locator("#compare-progress .av-progress:visible")).to_have_count(0)  # what is being measured is dimmed
    page.wait_for_timeout(300)


@pytest.mark.parametrize(
    "look", ["light", "phone", *(pytest.param(x, marks=pytest.mark.slow) for x in ("dark", "chinese"))]
)
def test_no_tab_has_a_serious_finding_of_axe_or_scrolls_sideways(open_page, axe, look):
    page = open_page(**LOOKS[look])
    page.evaluate(axe)
    for name in TABS:
        open_tab(page, name)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        bad = [(v["id"], [n["html"][:300] for n in v["nodes"][:5]]) for v in found if v["impact"] in BAD]
        assert bad == [], name
        assert page.evaluate(WIDE) <= 0, name


def test_every_group_of_radio_buttons_and_every_picture_has_a_name(open_page):
    page = open_page()
    for name in TABS:
        open_tab(page, name)
        panel = page.locator(f"#tab-{name}")
        for group in panel.locator("fieldset:visible").all():
            assert group.get_attribute("aria-label"), group.inner_html()[:200]
        bare = panel.locator("img:visible").evaluate_all(
            "all => all.filter(i => !i.alt && !i.ariaHidden && !i.closest('button[aria-label], button:has(span)'))"
            ".map(i => i.outerHTML.slice(0, 200))"
        )
        assert bare == [], name


def test_every_stop_of_the_tab_key_is_seen_and_has_a_name(open_page):
    page = open_page()
    for name in TABS:
        open_tab(page, name)
        page.locator(f"#tab-{name}-button").focus()
        seen = set()
        for _ in range(400):
            page.keyboard.press("Tab")
            stop = page.evaluate(
                f"""() => {{
                    const outer = document.activeElement;
                    let e = outer;
                    while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
                    if (!e || e === document.body) return null;
                    const box = e.getBoundingClientRect();
                    e.dataset.stop = e.dataset.stop || String(Math.random());
                    const inside = Boolean(outer.closest('#tab-{name}'));
                    return [e.dataset.stop, ({NAME})(e), box.width * box.height, inside, e.outerHTML.slice(0, 200)];
                }}"""
            )
            if stop is not None and not stop[3] and not seen:
                continue  # the other tabs' buttons come first
            if stop is None or stop[0] in seen or not stop[3]:
                break
            seen.add(stop[0])
            assert stop[1], f"{name}: no name: {stop[4]}"
            assert stop[2] > 0, f"{name}: not seen: {stop[4]}"
        stops = page.locator(f"#tab-{name}").locator("button:visible, input:visible, a:visible, summary:visible")
        assert seen or stops.count() == 0, name


def test_the_whole_job_is_done_by_keyboard(page):
    page.locator('#samples [data-pick="cat"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=cat"))
    page.locator("#model input").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#link a")).not_to_have_attribute("href", re.compile("model=cbam"))
    page.locator("#view .look summary").focus()
    page.keyboard.press("Enter")
    radio = page.locator("#view .look input[value=stretch]")
    radio.focus()
    page.keyboard.press("Space")
    expect(radio).to_be_checked()
    page.locator("#view .look input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement !== document.body")
