"""A network of one's own: opened with ``attnviz.launch``, asked for by name, or not to be had."""

import re

import pytest

from attnviz.ui.networks.store import PUBLISHED
from tests.conftest import TINY

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def own_url(checkpoints):
    from scripts.screenshots import ROOT, app

    environment = {"ATTNVIZ_CHECKPOINTS": str(checkpoints), "OMP_NUM_THREADS": "1"}
    with app(environment, script=ROOT / "tests" / "browser" / "own_app.py") as address:
        yield address


def test_a_live_network_is_opened_and_its_gates_are_clicked(browser, own_url):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(own_url)
    expect(page.locator("#view .tile")).to_have_count(2)
    expect(page.locator("#prediction")).to_contain_text("It knows 7 classes.")
    expect(page.locator("#prediction")).to_contain_text(re.compile("ant|bee|cat|dog|elk|fox|gnu"))
    expect(page.locator("#prediction i")).to_have_count(0)
    expect(page.locator("#view .kind")).to_contain_text("look")
    page.locator("#view").get_by_role("button", name=re.compile("squeeze,")).click()
    expect(page.locator("#view .bars")).to_have_attribute("aria-valuemax", "11")
    page.locator("#model input").click()
    options = page.get_by_role("listbox").get_by_role("option")  # of the list of networks, not of the view's colours
    expect(options).to_have_count(1 + len(TINY) + len(PUBLISHED))
    page.get_by_role("option", name="Tiny cbam").click()
    expect(page.locator("#view .tile")).to_have_count(8)
    page.close()


def test_a_network_that_cannot_be_fetched_is_told_and_the_page_goes_on(browser, checkpoints, tmp_path_factory):
    from scripts.screenshots import app

    # a server that is not there stands for being offline, wherever the tests run
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    home = {"TORCH_HOME": str(tmp_path_factory.mktemp("torch")), "ATTNVIZ_CHECKPOINTS": str(checkpoints)}
    with app({**nowhere, **home, "OMP_NUM_THREADS": "1"}) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        page.goto(address)
        page.locator("#view .tile").first.wait_for()
        page.wait_for_timeout(1500)
        before = page.locator("#model input").input_value()
        page.locator("#model input").click()
        page.get_by_role("option", name=re.compile("EfficientNet-B0")).click()
        toast = page.get_by_test_id("toast-body")
        expect(toast).to_contain_text("could not be fetched")
        expect(toast).not_to_contain_text("Traceback")
        expect(page.locator("#model input")).to_have_value(before)
        page.locator('#samples [data-pick="coffee"]').click()
        expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=coffee"))
        page.close()


def opened(open_page, **options):
    page = open_page(**options)
    page.get_by_role("tab", name="Your model").click()
    expect(page.locator("#own-view .tile").first).to_be_visible()
    return page


def test_a_network_is_asked_for_by_name_and_its_gates_are_explored_without_a_request(open_page):
    page = opened(open_page)
    expect(page.locator("#own-found")).to_contain_text("8 gates")  # of a network that has learned something
    expect(page.locator("#own-found")).not_to_contain_text("Random weights")
    name = page.get_by_label("Network, as timm:NAME", exact=False)
    name.fill("timm:test_efficientnet")
    page.locator("#own-find").click()
    expect(page.locator("#own-found")).to_contain_text("timm:test_efficientnet · untrained: 2 gates")
    expect(page.locator("#own-found")).to_contain_text("Random weights")
    expect(page.locator("#own-list tbody tr")).to_have_count(2)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
    view = page.locator("#own-view")
    view.get_by_role("button", name=re.compile(r"blocks\.3\.0\.se,")).click()
    expect(view.locator(".bars")).to_have_attribute("aria-valuemax", "127")
    view.locator(".bars").press("Home")
    expect(view.locator(".sentence")).to_contain_text(re.compile("hannel 0 "))
    assert asked == []
    view.get_by_role("button", name="Show where channel 0 lights up").click()
    expect(view.locator(".below")).to_contain_text("Features of channel 0 before the gate")
    name.fill("<img src=x onerror=alert(1)>")
    page.locator("#own-find").click()
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("asked for as timm:NAME")
    expect(toast.locator("img")).to_have_count(0)
    expect(view.locator(".sentence")).to_contain_text(re.compile("hannel 0 "))


def test_the_gate_and_the_channel_of_another_tab_are_taken_up(open_page):
    page = open_page()
    page.locator("#view").get_by_role("button", name=re.compile(r"stage2\.0\.attention\.channel,")).click()
    page.locator("#view .bars").press("Home")
    page.get_by_role("tab", name="Your model").click()
    expect(page.locator("#own-view .kind")).to_contain_text("stage2.0.attention.channel")
    expect(page.locator("#own-view .channel input")).to_have_value("0")
    page.locator("#own-view").get_by_role("button", name=re.compile(r"stage3\.0\.attention\.channel,")).click()
    page.get_by_role("tab", name="Inside a gate").click()
    expect(page.locator("#inside-place input")).to_have_value(re.compile(r"stage3\.0\.attention$"))
    page.get_by_role("tab", name="Explore").click()
    expect(page.locator("#view .kind")).to_contain_text("stage3.0.attention.channel")


def test_a_file_of_weights_is_sent(open_page, tmp_path):
    import safetensors.torch
    import timm

    file = tmp_path / "mine.safetensors"
    safetensors.torch.save_file(timm.create_model("test_efficientnet", num_classes=5).state_dict(), file)
    page = opened(open_page)
    name = page.get_by_label("Network, as timm:NAME", exact=False)
    name.fill("timm:test_efficientnet")
    page.locator("#own-weights").get_by_text("from a file").click()
    page.locator("#own-file input[type=file]").set_input_files(file)
    expect(page.locator("#own-file")).to_contain_text("mine")
    page.locator("#own-find").click()
    expect(page.locator("#own-prediction")).to_contain_text("It knows 5 classes")


def test_on_a_phone_nothing_scrolls_sideways(open_page):
    page = opened(open_page, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    assert page.evaluate(WIDE) <= 0
