"""What a person does over all tabs: share an address, change the language in the middle, follow the tour."""

import re

import pytest
from playwright.sync_api import expect

from attnviz.ui.app import TABS
from attnviz.ui.shared.tour import SCENES
from scripts.screenshots import QUIET, app
from tests.browser.test_page import open_tab

CHANNEL, SPATIAL = "stage1.0.attention.channel", "stage1.0.attention.spatial"


def intervene(page):
    open_tab(page, "intervene")
    expect(page.locator("#iv-headline")).to_contain_text(re.compile("nothing is changed|尚未改动"))
    return page


def knock_out(page):
    page.locator("#iv-gates [data-pick]").first.click()
    expect(page.locator("#iv-bars rect[data-index]").first).to_be_attached()
    page.locator("#iv-bars rect[data-index]").nth(1).click()
    expect(page.locator("#iv-edits .av-edits")).to_be_visible()


def test_the_language_changes_in_the_middle_of_an_edit_and_nothing_is_lost(open_page):
    page = intervene(open_page())
    knock_out(page)
    page.evaluate("window.before = 1")
    shares = re.findall(r"[\d.]+", page.locator("#iv-headline").inner_text())
    page.locator("[data-language=zh]").click()
    expect(page.locator("#iv-edits")).to_contain_text("关闭了 1 个通道")
    expect(page.locator("#iv-undo")).to_have_text("撤销")
    for name, title in (("explore", "探索"), ("compare", "对比"), ("intervene", "干预"), ("own", "你的模型")):
        expect(page.locator(f"#tab-{name}-button")).to_have_text(title)
    assert re.findall(r"[\d.]+", page.locator("#iv-headline").inner_text()) == shares
    page.locator("[data-language=en]").click()
    expect(page.locator("#iv-edits")).to_contain_text("1 channel knocked out")
    expect(page.locator("#iv-undo")).to_have_text("Undo")
    assert page.evaluate("window.before") == 1, "the page was not loaded anew"


def test_a_language_that_is_chosen_and_taken_back_at_once_is_not_lost(open_page):
    page = open_page()
    page.evaluate("for (const code of ['zh', 'en']) document.querySelector(`[data-language=${code}]`).click()")
    expect(page.locator("[data-language=en]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.wait_for_timeout(3000)
    expect(page.locator("#tab-explore-button")).to_have_text("Explore")
    page.locator("[data-language=zh]").click()
    expect(page.locator("#tab-explore-button")).to_have_text("探索")


def test_an_address_opens_the_same_state_in_a_fresh_browser(open_page):
    page = intervene(open_page())
    page.locator("#iv-samples [data-pick=coffee]").click()
    expect(page.locator("#iv-edits a.av-link")).to_have_attribute("href", re.compile("coffee"))
    knock_out(page)
    page.locator("[data-language=zh]").click()
    expect(page.locator("#iv-edits")).to_contain_text("关闭了")
    page.wait_for_function("location.search.includes('edits=') && location.search.includes('lang=zh')")
    told = page.locator("#iv-headline").inner_text()
    fresh = open_page(page.url[page.url.index("?") :], seen="#tabs")
    expect(fresh.locator("#iv-headline")).to_have_text(told)
    expect(fresh.locator("#iv-edits")).to_contain_text("关闭了 1 个通道")
    expect(fresh.locator("#tab-intervene-button")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("tab", ["noise", "training"])
def test_addresses_of_other_tabs_come_back_too(open_page, tab):
    page = open_page()
    open_tab(page, tab)
    if tab == "noise":
        page.get_by_role("button", name="Move noise 1 one position to the left").click()
        expect(page.locator("#noise-channels .nl-name strong").nth(2)).to_have_text("noise 1")
        page.wait_for_function("location.search.includes('places=013245')")
    else:
        page.locator("#training-film button").nth(1).click()
        page.wait_for_function("location.search.includes('step=1')")
    fresh = open_page(page.url[page.url.index("?") :], seen="#tabs")
    if tab == "noise":
        expect(fresh.locator("#noise-channels .nl-name strong").nth(2)).to_have_text("noise 1")
    else:
        expect(fresh.locator("#training-picture h2")).to_contain_text("After epoch 1 of 3")


@pytest.mark.parametrize("name", TABS)
def test_a_tab_opened_by_its_address_shows_what_a_click_shows(open_page, name):
    clicked, addressed = open_page(), open_page(f"?tab={name}", seen=f"#tab-{name}-button[aria-selected=true]")
    open_tab(clicked, name)
    if name != "explore":  # the page opens on it without saying so
        clicked.wait_for_function(f"new URLSearchParams(location.search).get('tab') === '{name}'")
    shown = []
    for page in (clicked, addressed):
        page.evaluate(QUIET, 2.5)
        panel = page.locator(f"#tab-{name}")
        shown.append([panel.locator(f"{kind}:visible").count() for kind in ("img", "canvas", "svg", "button", "h2")])
    assert shown[0] == shown[1] and sum(shown[0]) > 1


def test_a_wrong_address_is_a_sentence_and_the_page_goes_on(open_page):
    page = open_page(
        "?tab=intervene&model=<img src=x onerror=alert(1)>&sample=../../etc&edits=AAAA&lang=xx&gate=1", "#tabs"
    )
    expect(page.locator("#iv-headline")).to_contain_text("nothing is changed")
    expect(page.get_by_test_id("toast-body").first).to_contain_text("left out")
    assert page.locator("img[src=x]").count() == 0
    open_page("?tab=nonsense&tour=99", "#tabs")


def test_verdict_and_bars_are_seen_together_and_the_verdict_stays(open_page):
    page = intervene(open_page(viewport={"width": 1280, "height": 800}))
    page.locator("#iv-gates [data-pick]").first.click()
    bars = page.locator("#iv-bars svg")
    expect(bars).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    box = bars.bounding_box()
    assert page.locator("#iv-headline").bounding_box()["y"] > 0 and box["y"] + box["height"] < 800
    page.locator("#iv-swap").scroll_into_view_if_needed()
    page.mouse.wheel(0, 4000)
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") > 200
    assert 0 <= page.locator("#iv-headline").bounding_box()["y"] < 60


def test_a_removed_photograph_takes_its_results_along(open_page):
    page = intervene(open_page())
    knock_out(page)
    page.locator("#iv-photo button[aria-label]").first.click()
    expect(page.locator("#iv-headline")).to_contain_text("was removed")
    expect(page.locator("#iv-bars rect[data-index]")).to_have_count(0)
    expect(page.locator("#iv-result table")).to_have_count(0)
    page.locator("#iv-samples [data-pick=cat]").click()
    expect(page.locator("#iv-result table")).to_have_count(1)


def test_the_film_plays_without_a_request(open_page):
    page = open_page()
    open_tab(page, "training")
    expect(page.locator("#training-picture h2")).to_contain_text("After epoch 3 of 3")
    page.locator(".tr-speed").select_option("4")
    page.wait_for_timeout(1500)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.locator(".tr-play").click()
    expect(page.locator("#training-picture h2")).to_contain_text("After epoch 1 of 3")
    expect(page.locator("#training-picture h2")).to_contain_text("After epoch 3 of 3")
    expect(page.locator(".tr-play")).to_have_text("Play")
    assert [a for a in asked if "heartbeat" not in a and not a.startswith(("data:", "blob:"))] == []
    page.context.set_offline(False)
    with page.expect_download() as download:
        page.locator("#training-export").click()
    assert download.value.suggested_filename.endswith(".gif")


def test_one_key_leads_past_the_header_to_the_result(open_page):
    page = open_page()
    for name in ("intervene", "noise"):
        open_tab(page, name)
        page.locator("[data-skip]").focus()
        assert page.locator("[data-skip]").bounding_box()["y"] >= 0, "it is seen while it has the focus"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.matches('.av-main')"), name


def test_the_page_uses_a_wide_screen(open_page):
    page = open_page(viewport={"width": 1920, "height": 1080})
    assert page.locator("#tabs").bounding_box()["width"] > 1600


def test_rows_that_are_computed_anew_are_marked(open_page):
    page = open_page()
    open_tab(page, "compare")
    expect(page.locator("#compare-table .av-cmp-row").first).to_be_visible(timeout=120_000)
    expect(page.locator("#compare-stop")).to_be_disabled()
    page.evaluate(
        "document.querySelector('#compare-progress .prose, #compare-progress').innerHTML = '<div class=av-progress></div>'"
    )
    page.wait_for_timeout(400)
    assert page.evaluate("Number(getComputedStyle(document.querySelector('#compare-table')).opacity)") < 0.5


def test_code_is_copied(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    open_tab(page, "noise")
    page.locator("#noise-predictions .av-code summary").click()
    page.locator("#noise-predictions [data-copy]").click()
    expect(page.locator("#noise-predictions [data-copy]")).to_have_text("Copied")
    assert "look(analyser, image, noise)" in page.evaluate("navigator.clipboard.readText()")


ALLOWED = {
    *(
        "softmax",
        "logit",
        "Grad",
        "CAM",
        "cam",
        "GIF",
        "PNG",
        "SVG",
        "PDF",
        "attnviz",
        "app",
        "audits",
        "launch",
        "Python",
        "JSON",
        "RGB",
        "CBAM",
        "timm",
        "torchvision",
        "ImageNet",
    ),
    *(
        "MobileNetV",
        "MobileNetV2",
        "EfficientNet",
        "ResNet",
        "Imagenette",
        "CIFAR",
        "Fieller",
        "attnviz",
        "replay",
        "edits",
    ),
    *(
        "json",
        "PHOTO",
        "Tiny",
        "cbam",
        "none",
        "self",
        "attention",
        "noise",
        "rgb",
        "plain",
        "permuted",
        "English",
        "Large",
    ),
    *(
        "Shift",
        "MACs",
        "stage",
        "channel",
        "spatial",
        "fixed",
        "kernel",
        "Compare",
        "seresnet",
        "resnet",
        "red",
        "green",
        "blue",
    ),
}
LEFT = """(root) => [...document.querySelectorAll(root + ' *')].filter((e) => e.checkVisibility()
    && !e.closest('code, pre, script, style, [data-testid=toast-body], .av-gate, .av-languages, [lang=en], option'))
    .flatMap((e) => [...[...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent),
        e.getAttribute('aria-label'), e.title, e.placeholder, e.alt])
    .filter((t) => t && /[A-Za-z]{3,}/.test(t)).map((t) => t.trim())"""


@pytest.mark.parametrize("name", TABS)
def test_no_english_is_left_in_chinese(open_page, name):
    page = open_page(locale="zh-CN")
    open_tab(page, name)
    page.wait_for_timeout(8000 if name == "compare" else 1500)
    if name == "own":
        page.locator("#own-list table").wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((d) => { if (!d.matches('.av-code')) d.open = true; })")
    left = set()
    for text in page.evaluate(LEFT, f"#tab-{name}") + page.evaluate(LEFT, "#head"):
        text = re.sub(r"^(共 \d+ 张 · )nothing$", r"\1", text)  # what the tests call their data set
        words = re.sub(r"[\w-]+(?:[.:_/][\w-]+)+|\b\w*\d\w*\b", " ", text)  # names of gates, networks, files
        words = {word for word in re.findall("[A-Za-z]{3,}", words) if word not in ALLOWED}
        if words:
            left.add(text[:120])
    assert left == set()


@pytest.fixture(scope="module")
def bundled():
    """The app on the bundled networks, which the tour speaks of."""
    with app({"OMP_NUM_THREADS": "1"}) as address:
        yield address


@pytest.mark.slow
def test_the_tour_leads_to_its_end_each_scene_is_a_link_and_arrows_turn_it(browser, bundled):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(60_000)
    page.goto(bundled)
    page.locator("[data-tour='1']").first.click()
    goals = {
        "channel": "#tab-explore",
        "mask": "#tab-explore",
        "pool": "#tab-explore",
        "knock_out": "#iv-edits .av-edits",
        "average": "#iv-edits .av-edits",
        "compare": "#compare-table .av-cmp-row",
        "noise": "#noise-channels .nl-tile",
        "grown": ".tr-stage",
        "sum": "#audit-report table",
    }
    for number, scene in enumerate(SCENES, 1):
        expect(page.locator(f"[data-scene='{number}']")).to_be_visible()
        expect(page.locator(goals[scene.key]).first).to_be_visible(timeout=120_000)
        assert f"tour={number}" in page.url
        if number < len(SCENES):
            page.locator(f"[data-scene='{number}'] a").last.click()
    page.go_back()
    expect(page.locator(f"[data-scene='{len(SCENES) - 1}']")).to_be_visible()
    page.locator("[data-present]").click()
    page.locator(f"[data-scene='{len(SCENES) - 1}'] h2").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"[data-scene='{len(SCENES)}']")).to_be_visible()
    page.locator(f"[data-scene='{len(SCENES)}'] [data-tour-end]").click()
    expect(page.locator("[data-scene]:visible")).to_have_count(0)
    fresh = browser.new_page()
    average = 1 + [scene.key for scene in SCENES].index("average")
    fresh.goto(f"{bundled}?tour={average}")
    expect(fresh.locator(f"[data-scene='{average}']")).to_be_visible()
    expect(fresh.locator("#iv-edits")).to_contain_text("mean over", timeout=60_000)
    page.close()
    fresh.close()
