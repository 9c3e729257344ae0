"""What a person does in a view that was sent as a file: no server, no network, a strict policy."""

import copy
import json
import re

import pytest

from attnviz.viewer.document import to_json
from attnviz.viewer.page import page as page_of_view
from attnviz.viewer.page import page_of
from tests.browser.view_page import hard_views, usual_view

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

HARD = ("4,096 channels", "one channel", "NaN", "1×5000", "no gates", "200 gates", "too large")


@pytest.fixture
def open_file(browser, tmp_path):
    """Open a page from a folder, offline; at the end no script may have failed and nothing may have been asked."""
    contexts, troubles, asked = [], [], []

    def opened(text, query="", **options):
        file = tmp_path / f"view{len(contexts)}.html"
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_offline(True)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri() + query)
        page.wait_for_function("document.querySelector('#attnviz').attnviz")
        page.wait_for_timeout(200)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture
def page(open_file):
    return open_file(page_of_view(usual_view(), language="en"))


def test_what_was_asked_of_a_document_does_not_hold_up_another(page):
    page.evaluate("document.querySelector('#attnviz').attnviz.host.onask = () => {}")
    tile(page, "s2.se").click()
    ask = page.locator(".ask")
    ask.click()
    expect(ask).to_be_disabled()
    page.evaluate(
        "document.querySelector('#attnviz').attnviz.document(document.querySelector('#attnviz-document').textContent)"
    )
    tile(page, "s2.se").click()
    expect(ask).to_be_enabled()
    page.evaluate("document.querySelector('#attnviz').attnviz.clear()")
    expect(page.locator(".tile").first).to_be_hidden()


def tile(page, gate):
    return page.get_by_role("button", name=re.compile(rf"^Gate \d+ of \d+: {re.escape(gate)},"))


def left_of(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2


def test_the_first_screen_has_the_photograph_a_sentence_and_a_reason(page):
    expect(page.locator(".sentence")).to_contain_text(re.compile(r"\d"))
    for part in (".photo", ".sentence", ".legend", ".network .tile >> nth=0"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 800, part
    assert page.locator(".photo").bounding_box()["width"] > 400
    page.get_by_text("Why this one?").click()
    # one gate of this view was audited, and none is missed
    expect(page.locator(".why")).to_contain_text("An audit found no gate of this network that is missed")
    expect(page.locator(".why")).to_contain_text("varies most over this photograph")


def test_where_no_gate_was_audited_that_is_said(open_file):
    view = usual_view()
    view["gates"] = [{**gate, "verdict": None} for gate in view["gates"]]
    page = open_file(page_of_view(view, language="en"))
    page.get_by_text("Why this one?").click()
    expect(page.locator(".why")).to_contain_text("no test of the gates of this network is known here")


def test_what_open_means_is_said_only_where_something_is(open_file):
    view = copy.deepcopy(usual_view())
    for gate in view["gates"]:
        for sentence in (gate["verdict"] or {"sentences": []})["sentences"]:
            sentence["open"] = False
    page = open_file(page_of_view(view, language="en"))
    tile(page, "s1.se").click()
    expect(page.locator(".verdict .note").last).to_contain_text("95 % interval")
    expect(page.locator(".verdict")).not_to_contain_text("do not decide")


def test_whether_a_gate_matters_is_said_where_an_audit_knows_it(page):
    tile(page, "s1.sp").click()
    expect(page.locator(".verdict")).to_be_hidden()
    tile(page, "s1.se").click()
    expect(page.locator(".verdict")).to_contain_text(
        "Does this gate matter? An audit replaced it alone, on 1,000 photo"
    )
    expect(page.locator(".verdict .costs")).to_have_text("A constant would not do: its mean costs 3 points.")
    expect(page.locator(".verdict")).to_contain_text("<b>Nothing</b> is followed.")
    expect(page.locator(".verdict .note").last).to_contain_text("so many photographs do not decide it")
    page.get_by_role("button", name="中文").click()
    expect(page.locator(".verdict .costs")).to_have_text("常数不够：损失 3 个百分点。")


def test_on_a_phone_too(open_file):
    page = open_file(page_of_view(usual_view()), viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    box = page.locator(".photo").bounding_box()
    assert box["y"] + box["height"] < 844 and box["width"] > 300
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    tile(page, "s1.se").tap()
    expect(page.locator(".sentence")).to_contain_text("is kept most")


def test_all_gates_are_clicked_through_without_a_network(page):
    names = page.locator(".tile").evaluate_all("all => all.map((t) => t.ariaLabel)")
    seen = set()
    for i, name in enumerate(names):
        page.locator(".tile").nth(i).click()
        expect(page.locator(".kind")).to_have_text(re.sub(r", mean.*", "", name))
        seen.add(page.locator(".sentence").inner_text())
    assert len(seen) > 5 and not any("undefined" in text or "{" in text or "NaN" in text for text in seen)


def test_a_bar_that_is_pointed_at_marks_the_same_channel_everywhere(page):
    tile(page, "s1.se").click()
    page.get_by_text("The numbers as a table").click()
    page.locator(".bars").scroll_into_view_if_needed()
    area = page.locator(".bars").bounding_box()
    bar = lambda k: area["x"] + 26 + (k + 0.5) * (area["width"] - 26) / 16  # noqa: E731
    page.mouse.move(bar(5), area["y"] + 60)
    expect(page.locator(".scores .readout")).to_contain_text("Channel 5:")
    assert left_of(page.locator(".bar-mark")) == pytest.approx(bar(5), abs=2)
    rows = page.locator(".map-rows button")
    assert rows.count() == 2
    for row in rows.all():
        strip = row.locator(".strip").bounding_box()
        assert left_of(row.locator(".column")) == pytest.approx(strip["x"] + 5.5 * strip["width"] / 16, abs=2)
    expect(page.locator(".table .at th")).to_have_text("5")
    expect(tile(page, "s1.se")).to_have_class(re.compile("pointed"))
    expect(page.locator(".map .readout")).to_contain_text("Channel 5:")
    page.mouse.move(5, 5)
    expect(page.locator(".scores .readout")).not_to_contain_text("Channel 5:")


def test_a_place_that_is_pointed_at_is_marked_in_every_map_and_its_value_is_the_gates(page):
    view = usual_view()
    tile(page, "s1.sp").click()
    seen = page.locator(".seen").bounding_box()
    page.mouse.move(seen["x"] + seen["width"] * 0.3, seen["y"] + seen["height"] * 0.8)
    from tests.viewer.reader import unpack

    value = unpack(view["gates"][1]["map"])[6, 2]
    expect(page.locator(".picture .readout")).to_have_text(f"row 6, column 2: {value:.2f}")
    mark = page.locator(".mark").bounding_box()
    assert mark["x"] - seen["x"] == pytest.approx(2 * seen["width"] / 8, abs=1.5)
    assert page.locator(".tile .dot:not([hidden])").count() == sum("map" in gate["parts"] for gate in view["gates"])


def test_cells_are_drawn_where_they_are_in_the_colour_of_their_value(page):
    """The pixels themselves, against matplotlib."""
    import matplotlib

    from tests.viewer.reader import unpack

    tile(page, "s1.sp").click()
    page.get_by_text("How it is drawn").click()
    page.locator(".look input[type=range]").fill("1")
    values = unpack(usual_view()["gates"][1]["map"])
    for row, column in ((0, 0), (3, 5), (7, 7)):
        found = page.evaluate(
            """([row, column]) => {
                const canvas = document.querySelector('#attnviz').shadowRoot.querySelector('.photo');
                const scale = canvas.width / 320;
                const at = [(40 + 30 * (column + 0.5)) * scale, 30 * (row + 0.5) * scale];
                return [...canvas.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3);
            }""",
            [row, column],
        )
        wanted = [round(255 * c) for c in matplotlib.colormaps["viridis"](int(values[row, column] * 256))[:3]]
        assert found == pytest.approx(wanted, abs=1), (row, column)


def test_a_cell_is_read_and_a_channel_is_chosen_by_keyboard(page):
    tile(page, "s1.sp").focus()
    page.keyboard.press("Enter")
    page.locator(".seen").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".picture .readout")).to_contain_text(re.compile(r"row 4, column 5: 0\.\d\d"))
    tile(page, "s1.sp").focus()
    page.keyboard.press("ArrowRight")
    expect(tile(page, "s2.se")).to_have_attribute("aria-pressed", "true")
    bars = page.locator(".bars")
    expect(bars).to_have_attribute("role", "slider")
    bars.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(bars).to_have_attribute("aria-valuetext", re.compile(r"^Channel 1: 0\.\d+, rank \d+ of 16"))
    page.locator(".channel input").fill("3")
    page.locator(".channel input").press("Enter")
    expect(bars).to_have_attribute("aria-valuetext", re.compile("^Channel 3:"))
    page.locator(".channel input").fill("16")
    page.locator(".channel input").press("Enter")
    expect(bars).to_have_attribute("aria-valuetext", re.compile("^Channel 3:"))
    expect(page.locator(".channel input")).to_have_value("3")


def test_the_language_changes_at_once_and_nothing_is_lost(page):
    tile(page, "s2.se").click()
    page.locator(".bars").press("Home")
    page.get_by_role("button", name="中文").click()
    expect(page.locator(".sentence")).to_contain_text("通道 0")
    expect(page.locator(".kind")).to_contain_text("s2.se")
    leftovers = page.locator(".view").inner_text()
    assert not re.search(r"\b(mean|lowest|highest|layers|channels|answer|Copy|kept)\b", leftovers)
    page.get_by_role("button", name="English").click()
    expect(page.locator(".sentence")).to_contain_text("hannel 0")


def test_how_it_is_drawn_can_be_changed(page):
    tile(page, "s1.sp").click()
    shot = lambda: page.evaluate("document.querySelector('#attnviz').shadowRoot.querySelector('.photo').toDataURL()")  # noqa: E731
    page.get_by_text("How it is drawn").click()
    for act in (
        lambda: page.locator(".look input[type=range]").fill("0.9"),
        lambda: page.get_by_label("Colours").select_option("magma"),
        lambda: page.get_by_label("stretched").check(),
        lambda: page.get_by_label("smooth").check(),
    ):
        before = shot()
        act()
        assert shot() != before
    tile(page, "s1.se").click()
    page.get_by_label("highest first").check()
    page.locator(".bars").press("Home")
    expect(page.locator(".scores .readout")).to_contain_text("rank 1 of 16")


def test_features_in_the_file_are_drawn_and_of_others_it_is_said(page):
    tile(page, "s1.se").click()
    expect(page.locator(".below")).to_contain_text("Features of channel")
    page.locator(".bars").press("Home")
    expect(page.locator(".side")).to_contain_text("This file holds the features of some channels only")
    expect(page.locator(".ask")).to_be_hidden()


def test_of_a_pairwise_gate_another_place_asks(page):
    tile(page, "a.pairwise").click()
    seen = page.locator(".seen").bounding_box()
    told = page.locator(".picture .readout")
    page.mouse.move(seen["x"] + 3, seen["y"] + 3)
    ring = page.locator(".ring").bounding_box()
    assert ring["x"] + ring["width"] / 2 - seen["x"] == pytest.approx(seen["width"] / 6, abs=2)
    page.locator(".seen").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(told).to_contain_text("row 2, column")


def test_the_lines_of_python_are_shown_and_the_picture_is_saved(page):
    tile(page, "s1.sp").click()
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator("pre")).to_contain_text('gate = analysis.gate("s1.sp")')
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save picture").click()
    assert waiting.value.suggested_filename == "tiny-s1.sp.png"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "damaged"),
        ("[]", "no view of attnviz"),
        ('{"format": "attnviz-view", "version": 7}', "of version 7; this page shows version 1"),
        ('{"format": "attnviz-view", "version": 1}', "damaged"),
        ('{"format": "attnviz-view", "version": 1, "gates": "<img src=x onerror=alert(1)>"}', "damaged"),
    ],
)
def test_a_damaged_document_says_so(open_file, text, says):
    page = open_file(page_of(text, "t", "t", "en"))
    expect(page.get_by_role("alert")).to_contain_text(says)
    expect(page.locator(".photo")).to_be_hidden()


def test_one_broken_array_or_photograph_says_so(open_file):
    view = usual_view()
    view["gates"][1]["map"]["data"] = view["gates"][1]["map"]["data"][:-8]
    expect(open_file(page_of(to_json(view), "t", "t", "en")).get_by_role("alert")).to_contain_text("damaged")
    view = usual_view()
    view["photograph"]["jpeg"] = "AAAA"
    page = open_file(page_of(to_json(view), "t", "t", "en"))
    expect(page.get_by_role("alert")).to_contain_text("cannot be decoded")
    expect(page.locator(".tile").first).to_be_visible()


@pytest.mark.parametrize("name", HARD)
def test_what_is_hard_to_draw_is_drawn_or_said(open_file, name):
    page = open_file(page_of_view(hard_views()[name], language="en"))
    tiles = page.locator(".tile")
    for i in range(min(tiles.count(), 4)):
        tiles.nth(i).click()
        text = page.locator(".sentence").inner_text()
        assert text and not re.search(r"undefined|\{|NaN", text)
    assert page.locator(".frame").bounding_box()["height"] < 800
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    wanted = {"no gates": "3 Conv2d", "too large": "too large", "one channel": "one channel"}
    if name in wanted:
        expect(page.locator(".sentence")).to_contain_text(wanted[name])
    if name == "4,096 channels":
        page.locator(".bars").press("End")
        expect(page.locator(".scores .readout")).to_contain_text("Channel 4095:")


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_axe_finds_nothing_serious(open_file, options):
    pytest.importorskip("axe_playwright_python")
    from importlib.resources import files

    page = open_file(page_of_view(usual_view()).replace("script-src", "script-src 'unsafe-eval'"), **options)
    page.get_by_text("The numbers as a table").click()
    page.get_by_text("How it is drawn").click()
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    for gate in ("s1.se", "s1.sp", "a.branch"):
        tile(page, gate).click()
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        bad = [
            (v["id"], [n["html"][:200] for n in v["nodes"][:4]])
            for v in found
            if v["impact"] in ("serious", "critical")
        ]
        assert json.dumps(bad) == "[]"
