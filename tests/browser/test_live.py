"""What a person does with a camera in Explore; Chromium's own moving test picture is the camera."""

import re

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

from benchmarks.live import CAMERAS, ON  # noqa: E402

expect = sync_api.expect

RATE = re.compile(r"[\d.]+ frames a second, each shown after \d+ ms")


REFUSED = """(name) => {
  navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name); };
}"""


def button(page):
    return page.locator("#live button")


def on(page):
    """How many cameras are on."""
    return page.evaluate(ON)


@pytest.fixture
def camera(open_page):
    """A page that may use the camera, with it on."""

    def opened(**options):
        page = open_page(permissions=["camera"], **options)
        page.evaluate(CAMERAS)
        button(page).click()
        expect(page.locator("#live [role=status]")).to_have_text(RATE)
        return page

    return opened


def photograph(page):
    return page.locator("#view .photo").evaluate("c => c.toDataURL()")


def test_frames_follow_each_other_the_chosen_gate_stays_and_one_is_kept(camera):
    page = camera()
    first = photograph(page)
    expect(page.locator("#prediction li").first).to_contain_text("%")
    page.locator("#view .tile").nth(2).click()
    expect(page.locator("#view .kind")).to_contain_text("Gate 3 of 8")
    page.wait_for_function(
        "(before) => window.attnvizLive.length > before + 3", arg=page.evaluate("attnvizLive.length")
    )
    expect(page.locator("#view .kind")).to_contain_text("Gate 3 of 8")
    assert photograph(page) != first
    button(page).click()
    expect(button(page)).to_have_text("Live camera")
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("camera.jpg"))
    expect(page.locator("#view .kind")).to_contain_text("Gate 3 of 8")
    assert on(page) == 0
    page.get_by_role("tab", name="Intervene").click()  # it is a photograph like any other
    expect(page.locator("#iv-photo img")).to_have_attribute("src", re.compile("camera.jpg"))


def test_the_features_of_a_chosen_channel_come_with_every_frame(camera):
    page = camera()
    page.locator("#view .tile").nth(0).click()
    page.locator("#view .bars").press("ArrowRight")
    page.wait_for_function(
        "(before) => window.attnvizLive.length > before + 2", arg=page.evaluate("attnvizLive.length")
    )
    expect(page.locator("#view .sentence")).to_contain_text(re.compile(r"Channel \d+"))
    expect(page.locator("#view .ask")).to_be_hidden()


def test_the_camera_goes_off_when_the_tab_is_left_and_when_another_photograph_is_chosen(camera):
    page = camera()
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_function("!window.tracks.some((track) => track.readyState === 'live')")
    page.get_by_role("tab", name="Explore").click()
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("camera.jpg"))
    button(page).click()
    expect(page.locator("#live [role=status]")).to_have_text(RATE)
    page.locator('#samples [data-pick="coffee"]').click()
    page.wait_for_function("!window.tracks.some((track) => track.readyState === 'live')")
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=coffee"))


def test_on_a_phone_in_chinese(camera):
    page = camera(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.get_by_role("button", name="中文").click()
    expect(button(page)).to_have_text("保留这一帧")
    expect(page.locator("#live [role=status]")).to_have_text(re.compile("每秒"))
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_without_leave_or_without_a_camera_a_sentence_says_so(open_page):
    page = open_page()
    page.evaluate(REFUSED, "NotAllowedError")
    button(page).click()
    expect(page.locator("#live [role=status]")).to_contain_text("The camera may not be used")
    page.evaluate(REFUSED, "NotFoundError")
    button(page).click()
    expect(page.locator("#live [role=status]")).to_contain_text("No camera was found")
    expect(button(page)).to_have_text("Live camera")
