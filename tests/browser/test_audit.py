"""The Audit tab in a browser: an audit of a few small pictures that is cancelled, one that ends, and its report."""

import re

import pytest

from tests.ui.tabs.audit_photographs import named, packed

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def audit_url(checkpoints):
    from scripts.screenshots import ROOT, app

    environment = {"ATTNVIZ_CHECKPOINTS": str(checkpoints), "OMP_NUM_THREADS": "1"}
    with app(environment, script=ROOT / "tests" / "browser" / "audit_app.py") as address:
        yield address


@pytest.fixture
def page(browser, audit_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    found, troubles = context.new_page(), []
    found.on("pageerror", lambda error: troubles.append(str(error)))
    found.goto(f"{audit_url}?tab=audit")
    expect(found.locator("#audit-report pre")).to_be_visible(timeout=60_000)
    yield found
    context.close()
    assert troubles == []


@pytest.mark.slow
def test_an_audit_is_cancelled_another_one_ends_and_its_report_is_read(page, browser, tmp_path):
    archive = packed(tmp_path / "photographs.zip", named(12))
    expect(page.locator("#audit-report")).to_contain_text("attnviz.audit(network")  # nobody has audited it before
    page.locator("#audit-own > button").click()
    page.locator("#audit-zip input[type=file]").set_input_files(archive)
    expect(page.locator("#audit-zip")).to_contain_text("photographs")
    page.locator("#audit-depth").get_by_text("each gate alone too").click()
    page.locator("#audit-run").click()
    expect(page.locator("#audit-progress")).to_contain_text(re.compile("[123] of 3"), timeout=60_000)
    page.get_by_role("tab", name="Explore").click()  # nothing else waits for the audit, of the same network too
    page.locator('#samples [data-pick="coffee"]').click()
    expect(page.locator("#link a")).to_have_attribute("href", re.compile("sample=coffee"), timeout=60_000)
    page.get_by_role("tab", name="Audit").click()
    expect(page.locator("#audit-stop")).to_be_enabled()
    page.locator("#audit-stop").click()
    expect(page.locator("#audit-progress")).to_contain_text("Cancelled", timeout=60_000)
    expect(page.locator("#audit-file")).to_be_hidden()
    expect(page.locator("#audit-run")).to_be_enabled()

    page.locator("#audit-model input").click()
    page.get_by_role("option", name="Tiny cbam").click()
    expect(page.locator("#audit-report")).to_contain_text("attnviz audit cbam")
    page.locator("#audit-run").click()
    expect(page.locator("#audit-progress")).to_contain_text("Done: 12 photographs", timeout=120_000)
    expect(page.locator("#audit-report h2")).to_contain_text("Does the attention of Tiny cbam do anything?")
    expect(page.locator("#audit-report .av-verdicts li").first).to_be_visible()
    with page.expect_download() as loaded:
        page.locator("#audit-file").click()
    assert loaded.value.suggested_filename == "attnviz-audit-cbam.html"
    loaded.value.save_as(tmp_path / "report.html")
    report = browser.new_page()
    report.goto((tmp_path / "report.html").as_uri())
    expect(report.locator("h1")).to_contain_text("Does the attention of cbam do anything?")
    expect(report.locator("#attnviz .sentence")).to_contain_text(re.compile(r"\d"))  # a photograph is open in it
    report.close()
    with page.expect_download() as loaded:
        page.locator("#audit-numbers").click()
    assert loaded.value.suggested_filename == "attnviz-audit-cbam.zip"
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(WIDE) <= 0

    page.locator("#audit-zip").get_by_role("button", name=re.compile("Clear|Remove")).first.click()
    page.locator("#audit-folder input, #audit-folder textarea").fill("/nowhere/at/all")
    page.locator("#audit-run").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("no folder '/nowhere/at/all'", timeout=60_000)
    expect(page.locator("#audit-stop")).to_be_disabled()
