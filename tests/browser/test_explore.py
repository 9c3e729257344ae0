"""What a person does on the Explore tab."""

import re
import zipfile

import pytest

from attnviz.ui.shared.page import script

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

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
    return page.locator("#view").get_by_role("button", name=re.compile(rf"{re.escape(gate)}[,，]"))


def shown(page):
    """The picture of the chosen gate as it is now."""
    return page.locator("#view .photo").evaluate("c => c.toDataURL()")


def test_it_opens_with_a_picture_a_sentence_a_prediction_and_all_gates(page):
    assert page.locator("#view .photo").evaluate("c => c.width") >= 300
    expect(page.locator("#view .sentence")).to_contain_text(re.compile(r"\d"))
    expect(page.locator("#prediction li")).to_have_count(5)  # three classes, a limit, the accuracy
    expect(page.locator("#prediction")).to_contain_text("It knows 3 classes")
    expect(page.locator("#photo img")).to_be_visible()
    expect(page.locator("#view .tile")).to_have_count(8)
    expect(page.locator("#view .map-rows button")).to_have_count(4)
    page.locator("#view").get_by_text("Why this one?").click()
    expect(page.locator("#view .why")).to_contain_text("varies most over this photograph")


def test_what_is_told_first_is_above_the_fold(open_page):
    page = open_page(viewport={"width": 1280, "height": 800})
    for part in (".photo", ".sentence", ".legend"):
        box = page.locator(f"#view {part}").bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 800, part


def test_no_click_on_a_gate_or_a_channel_asks_the_server(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
    for i in range(8):
        page.locator("#view .tile").nth(i).click()
    tile(page, CHANNEL).click()
    page.locator("#view .bars").click(position={"x": 60, "y": 60})
    page.locator("#view .map-rows button").nth(1).click()
    page.locator("#view .seen").click()
    page.locator("#view").get_by_text("How it is drawn").click()
    page.locator("#view").get_by_label("highest first").check()
    page.wait_for_timeout(500)
    assert asked == []
    expect(page.locator("#link a")).to_have_attribute(
        "href", re.compile(r"gate=stage2\.0\.attention\.channel&.*channel=\d")
    )


def test_features_are_fetched_when_they_are_wanted(page):
    tile(page, CHANNEL).click()
    page.locator("#view .bars").press("Home")
    before = shown(page)
    page.get_by_role("button", name="Show where channel 0 lights up").click()
    expect(page.locator("#view .below")).to_contain_text("Features of channel 0 before the gate")
    assert shown(page) != before
    expect(page.locator("#view .ask")).to_be_hidden()


def test_a_photograph_is_analysed_and_its_bars_and_channels_can_be_read(page, upright):
    before = shown(page)
    send(page, upright)
    expect(page.locator("#link")).to_contain_text("not part of the link")
    assert page.locator("#view .photo").evaluate("c => c.width / c.height") == pytest.approx(300 / 420, abs=0.01)
    assert shown(page) != before
    tile(page, CHANNEL).click()
    expect(tile(page, CHANNEL)).to_have_attribute("aria-pressed", "true")
    page.locator("#view .bars").press("Home")
    expect(page.locator("#view .scores .readout")).to_have_text(re.compile(r"Channel 0: 0\.\d+, rank \d of 8"))


def test_gates_can_be_chosen_from_the_list_and_from_the_map(page):
    page.locator("#view").get_by_label("Gate", exact=True).select_option(index=0)
    expect(tile(page, CHANNEL)).to_have_attribute("aria-pressed", "true")
    page.locator("#view .map-rows button").nth(1).click()
    expect(page.locator("#view .kind")).to_contain_text("stage2.0.attention.channel")
    tile(page, SPATIAL).click()
    expect(page.locator("#view .kind")).to_contain_text(SPATIAL)
    expect(page.locator("#view .scores")).to_be_hidden()


def test_of_a_large_pairwise_gate_another_place_is_asked_from_the_server(open_page):
    page = open_page("?model=self-attention")
    expect(page.locator("#view .tile")).to_have_count(4)
    page.locator("#view .tile").first.click()
    ring, seen = page.locator("#view .ring"), page.locator("#view .seen")
    expect(ring).to_be_visible()
    box = seen.bounding_box()
    page.mouse.click(box["x"] + 0.01 * box["width"], box["y"] + 0.99 * box["height"])
    page.wait_for_function(
        "() => parseFloat(document.querySelector('#view .av-host').shadowRoot.querySelector('.ring').style.left) < 20"
    )
    middle = ring.bounding_box()
    assert middle["x"] + middle["width"] / 2 < box["x"] + 0.2 * box["width"]
    assert middle["y"] + middle["height"] / 2 > box["y"] + 0.8 * box["height"]


HOST = """(code) => {
  const props = { value: '{"id":"b","format":"x"}', features: '{"gate":0,"document":"a"}', view: 'x', module: 'm' };
  const sent = [];
  let model;
  const load = () => ({ then: (use) => use({ default: { render: (given) => { model = given.model; } } }) });
  new Function('element', 'props', 'watch', 'trigger', 'load', code.replace('import(', 'load('))(
    { querySelector: () => null }, props, () => {}, (name, value) => sent.push([name, value]), load);
  const shown = [model.get('features')];
  for (const features of ['{"gate":0,"document":"b"}', '{"gate":0}', null]) {
    props.features = features;
    shown.push(model.get('features'));
  }
  model.set('asked', { gate: 0 });
  model.save_changes();
  return [shown, sent];
}"""


def test_an_answer_of_another_document_is_not_shown_and_a_question_names_its_document(page):
    shown, asked = page.evaluate(HOST, script("viewer_host", viewer="view.js", shown="view", asks=True))
    assert shown == [None, '{"gate":0,"document":"b"}', None, None]
    assert asked == [["submit", {"gate": 0, "document": "b"}]]


def test_samples_and_networks_can_be_changed_and_the_chosen_gate_stays(page):
    photo = page.locator("#photo img").get_attribute("src")
    tile(page, CHANNEL).click()
    page.locator('#samples [data-pick="cat"]').click()
    expect(page.locator("#photo img")).not_to_have_attribute("src", photo)
    expect(page.locator("#link a")).to_have_attribute(
        "href", re.compile(r"sample=cat&.*gate=stage1\.0\.attention\.channel")
    )
    expect(tile(page, CHANNEL)).to_have_attribute("aria-pressed", "true")
    choose(page, "model", "Tiny none")
    expect(page.locator("#view .sentence")).to_contain_text("no attention gates")
    choose(page, "model", "Tiny se")
    expect(page.locator("#view .tile")).to_have_count(4, timeout=30_000)
    expect(page.locator("#view .below")).to_contain_text("Features of channel")  # of the first one, without asking
    expect(page.locator("#link a")).to_have_attribute("href", re.compile(r"\?model=se&sample=cat&.*gate="))


def test_what_is_known_of_a_network_is_there_on_demand_and_follows_the_choice(page):
    about = page.locator("#about")
    expect(about.locator("dl")).to_be_hidden()
    about.get_by_text("About this network").click()
    expect(about.locator("dl")).to_be_visible()
    expect(about).to_contain_text("compact-resnet, cbam")
    choose(page, "model", "Tiny se")
    expect(about).to_contain_text("compact-resnet, se")


def test_a_wrong_file_in_the_place_of_a_removed_one_is_refused_and_not_shown(page, tmp_path):
    file = tmp_path / "<img src=x>.jpg"
    file.write_text("no picture at all", encoding="utf-8")
    send(page, file)
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("is no picture")
    expect(toast.locator("img")).to_have_count(0)
    expect(page.locator("#photo img")).to_have_count(0)
    expect(page.locator("#prediction")).to_contain_text("No photograph")
    page.locator('#samples [data-pick="coffee"]').click()
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=coffee"))


def test_pictures_and_numbers_can_be_downloaded(page, tmp_path):
    page.get_by_label("SVG").check()
    with page.expect_download(timeout=60_000) as waiting:
        page.locator("#export").click()
    waiting.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    assert {"gates.csv", "captions.txt", "gates.svg"} <= set(names)
    expect(page.locator("#export")).to_be_enabled()


def test_a_link_opens_its_view_and_unknown_values_are_told(open_page):
    page = open_page(f"?model=cbam&sample=cat&gate={CHANNEL}&channel=6")
    expect(page.locator("#view .scores .readout")).to_contain_text("Channel 6:")
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=cat.*channel=6"))
    page = open_page("?model=%3Cimg%20src%3Dx%3E&sample=nothing")
    expect(page.get_by_test_id("toast-body")).to_contain_text("<img src=x>")
    expect(page.get_by_test_id("toast-body").locator("img")).to_have_count(0)
    expect(page.locator("#view .photo")).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_there_is_one_column_and_no_sideways_scrolling(open_page, width):
    page = open_page(viewport={"width": width, "height": 844}, is_mobile=True, has_touch=True)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    parts = ("view", "model", "photo", "prediction")
    tops = [page.locator(f"#{part}").bounding_box()["y"] for part in parts]
    assert tops == sorted(tops)
    photo = page.locator("#view .photo").bounding_box()
    assert photo["y"] + photo["height"] <= 844 and photo["width"] > 0.75 * width
    for part in parts:
        box = page.locator(f"#{part}").bounding_box()
        assert 0 < box["x"] <= 16 and abs(width - 2 * box["x"] - box["width"]) <= 1, part
    tile(page, CHANNEL).tap()
    expect(page.locator("#view .bars")).to_be_visible()
    assert page.evaluate(wide) <= 0


def test_it_speaks_chinese(open_page):
    page = open_page(locale="zh-CN")
    expect(page.locator("h1")).to_contain_text("看见")
    expect(page.locator("#model")).to_contain_text("网络")
    expect(page.locator("#view .network h2")).to_have_text("网络：从照片到答案")
    assert not re.search(r"\b(mean|lowest|layers|channels|answer)\b", page.locator("#view .view").inner_text())


def test_headings_are_in_order_and_every_picture_has_a_text(page):
    levels = [int(h.evaluate("h => h.tagName[1]")) for h in page.locator("h1, h2, h3").all()]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    bare = page.locator("img:visible").evaluate_all(
        "all => all.filter(i => !i.alt && !i.ariaHidden && !i.closest('button[aria-label], button:has(span)')).length"
    )
    assert bare == 0
