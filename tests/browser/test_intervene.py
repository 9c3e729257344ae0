"""What a person does on the Intervene tab."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from attnviz.images.samples import load_sample

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

ROOT = Path(__file__).resolve().parents[2]
CHANNEL, SPATIAL, LAST = "stage1.0.attention.channel", "stage1.0.attention.spatial", "stage4.0.attention.channel"


@pytest.fixture
def bench(open_page):
    return opened(open_page())


def opened(page):
    """The tab, with a result in it."""
    from tests.browser.test_page import open_tab

    open_tab(page, "intervene")
    page.locator("#iv-result tbody tr").first.wait_for()
    expect(page.locator("#iv-headline")).to_contain_text("nothing is changed yet")
    return page


def test_the_verdict_stays_in_sight_while_the_gates_below_are_edited(bench):
    verdict, told, bottom = (bench.locator(f"#iv-{part}") for part in ("verdict", "headline", "swap"))
    bench.set_viewport_size({"width": 1280, "height": 600})
    bottom.scroll_into_view_if_needed()
    bench.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    assert bench.evaluate("window.scrollY") > 300, "there is nothing to scroll"
    for part in (verdict, told, bench.locator("#iv-undo")):
        expect(part).to_be_in_viewport(ratio=1)
    assert verdict.evaluate("(e) => Math.round(e.getBoundingClientRect().top)") == 0
    # what lies under it is the verdict itself: nothing is drawn over it
    for part in (verdict, told):
        assert part.evaluate(
            "(e) => { const box = e.getBoundingClientRect(); "
            "return e.contains(document.elementFromPoint(box.left + 20, box.top + box.height / 2)); }"
        )


def choose(page, gate):
    page.locator(f'#iv-gates [data-pick="{gate}"]').click()
    expect(page.locator(f'#iv-gates [data-pick="{gate}"]')).to_have_attribute("aria-pressed", "true")


def shares(page):
    """Probability of the first class before and after, in per cent."""
    text = page.locator("#iv-result tbody tr").first.locator(".av-pair-values").inner_text()
    return [float(number) for number in re.findall(r"[\d.]+", text)]


def test_knocking_out_the_ten_channels_that_matter_most_makes_the_probability_fall(bench):
    choose(bench, LAST)
    bench.locator("#iv-search").click()
    expect(bench.locator("#iv-searched")).to_contain_text("16 of 16 variants")
    bench.locator("#iv-k input").fill("10")
    bench.locator("#iv-worst").click()
    expect(bench.locator("#iv-edits")).to_contain_text("10 channels knocked out")
    before, after = shares(bench)
    assert after < before
    expect(bench.locator("#iv-headline")).to_contain_text(re.compile("\N{MINUS SIGN}\\d+\\.\\d points"))


def test_top_ten_undo_redo_paint_neutral_everywhere_and_reset(bench):
    choose(bench, LAST)
    bench.locator("#iv-k input").fill("10")
    bench.locator("#iv-top").click()
    expect(bench.locator("#iv-edits")).to_contain_text("10 channels knocked out")
    before, after = shares(bench)
    assert before != after
    bench.locator("#iv-undo").click()
    expect(bench.locator("#iv-edits")).to_contain_text("Nothing yet")
    assert shares(bench) == [before, before]
    bench.locator("#iv-redo").click()
    expect(bench.locator("#iv-edits")).to_contain_text("10 channels knocked out")
    assert shares(bench) == [before, after]

    choose(bench, SPATIAL)
    bench.locator("#iv-size input").nth(1).check()
    brush = float(bench.locator("#iv-value input[type=number]").input_value())
    bench.locator("#iv-paint").evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    box = bench.locator("#iv-paint .av-box").bounding_box()
    bench.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    bench.mouse.down()
    bench.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"], steps=6)
    bench.mouse.up()
    expect(bench.locator("#iv-edits")).to_contain_text("mask painted by hand")
    cells = bench.locator("#iv-paint .av-box").get_attribute("data-cells").split(" ")
    assert 20 < sum(float(cell) == brush for cell in cells) < 200

    bench.locator("#iv-scope input").nth(1).check()
    bench.locator("#iv-replace").click()
    expect(bench.locator("#iv-edits li")).to_have_count(8)
    expect(bench.locator("#iv-edits")).to_contain_text("times as large")
    bench.locator("#iv-reset").click()
    expect(bench.locator("#iv-edits")).to_contain_text("Nothing yet")
    assert shares(bench) == [before, before]


def test_bars_are_clicked_swept_over_and_reached_by_keyboard(bench):
    choose(bench, CHANNEL)
    bench.locator('#iv-bars rect[data-index="5"]').click()
    expect(bench.locator("#iv-edits")).to_contain_text("1 channel knocked out: 5")
    first = bench.locator('#iv-bars rect[data-index="1"]').bounding_box()
    last = bench.locator('#iv-bars rect[data-index="3"]').bounding_box()
    bench.mouse.move(first["x"] + first["width"] / 2, first["y"] + 20)
    bench.mouse.down()
    bench.mouse.move(last["x"] + last["width"] / 2, last["y"] + 60, steps=5)
    bench.mouse.up()
    expect(bench.locator("#iv-edits")).to_contain_text("4 channels knocked out: 1–3, 5")
    bench.locator("#iv-bars .attnviz-bars").focus()
    bench.keyboard.press("Home")
    bench.keyboard.press("Enter")
    expect(bench.locator("#iv-edits")).to_contain_text("5 channels knocked out: 0–3, 5")
    expect(bench.locator("#iv-bars .attnviz-bars")).to_be_focused()
    bench.keyboard.press("Home")
    bench.keyboard.press("Shift+ArrowRight")
    bench.locator("#iv-action input").nth(2).check()
    bench.locator("#iv-range textarea, #iv-range input").fill("0, 1")
    bench.locator("#iv-apply").click()
    expect(bench.locator("#iv-edits")).to_contain_text("3 channels knocked out: 2–3, 5")
    bench.locator("#iv-edits [data-pick]").click()
    expect(bench.locator("#iv-edits")).to_contain_text("Nothing yet")


def test_a_mask_is_painted_by_keyboard_and_by_finger(open_page):
    page = opened(open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True))
    choose(page, SPATIAL)
    page.locator("#iv-paint .av-box").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("#iv-edits")).to_contain_text("mask painted by hand")
    cells = page.locator("#iv-paint .av-box").get_attribute("data-cells").split(" ")
    assert [i for i, cell in enumerate(cells) if float(cell) == 0] == [33]
    page.locator("#iv-paint .av-box").scroll_into_view_if_needed()
    page.locator("#iv-paint .av-box").tap(position={"x": 60, "y": 60})
    expect(page.locator("#iv-undo")).to_be_enabled()
    page.wait_for_function(
        "document.querySelector('#iv-paint .av-box').dataset.cells.split(' ').filter((c) => Number(c) === 0).length === 2"
    )
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_downloaded_edits_are_replayed_by_the_command_and_taken_back_in(bench, checkpoints, tmp_path):
    bench.locator('#iv-samples [data-pick="cat"]').click()
    choose(bench, LAST)
    bench.locator("#iv-top").click()
    expect(bench.locator("#iv-edits")).to_contain_text("channels knocked out")
    seen = shares(bench)
    with bench.expect_download() as download:
        bench.locator("#iv-take").click()
    file = tmp_path / "edits.json"
    download.value.save_as(file)
    load_sample("cat").save(tmp_path / "cat.png")
    command = [sys.executable, "-m", "attnviz", "replay", str(file), str(tmp_path / "cat.png"), "--json"]
    command += ["--model", str(checkpoints / "cbam")]
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=settings).stdout
    told = json.loads(out)
    assert (told["recorded"], told["largest_difference"]) == ("equal", 0.0)
    first = max(told["classes"], key=lambda row: row["probability_before"])
    assert seen == [round(100 * first[f"probability_{when}"], 1) for when in ("before", "after")]

    bench.locator("#iv-reset").click()
    expect(bench.locator("#iv-edits")).to_contain_text("Nothing yet")
    with bench.expect_file_chooser() as chooser:
        bench.locator("#iv-upload").click()
    chooser.value.set_files(file)
    expect(bench.locator("#iv-edits")).to_contain_text("channels knocked out")
    assert shares(bench) == seen
    wrong = json.loads(file.read_text()) | {"model": "se"}
    bench.get_by_text("Paste edits").click()
    bench.locator("#iv-paste textarea").fill(json.dumps(wrong))
    bench.locator("#iv-pasted").click()
    expect(bench.get_by_test_id("toast-body")).to_contain_text("made for the model 'se'")
    assert shares(bench) == seen
