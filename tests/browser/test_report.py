"""What a reader does in the report of an audit that was sent as a file: no server, no network, a strict policy."""

import re

import numpy as np
import pytest
from PIL import Image

from attnviz.audit.run import audit
from attnviz.audit.settings import Settings
from attnviz.cli.commands.audit import view_of
from attnviz.render.audit.photographs import shown_photographs
from attnviz.render.audit.report import report_html
from tests.audit.conftest import LABELS, Gated, follows, photographs, prepared
from tests.browser.test_view import open_file  # noqa: F401 - a fixture

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    root = tmp_path_factory.mktemp("report")
    for number, (picture, label) in enumerate(zip(*photographs(40), strict=True)):
        (root / LABELS[label]).mkdir(exist_ok=True)
        Image.fromarray(np.asarray(picture)).save(root / LABELS[label] / f"{number}.png")
    found = audit(prepared(Gated(follows, 0.1)), root, settings=Settings(tests=40, workers=0))
    pictures = found.pictures(shown_photographs(found.summary))
    return {language: report_html(found.summary, pictures, language, view_of(found)) for language in ("en", "zh")}


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_a_photograph_is_opened(report, open_file, options):  # noqa: F811
    page = open_file(report["en"], **options)
    sentence = page.locator("#attnviz .sentence")
    expect(sentence).to_contain_text(re.compile(r"\d"))
    before = sentence.inner_text()
    last = page.locator("#photographs button").last
    last.tap() if options else last.click()
    expect(last).to_have_attribute("aria-pressed", "true")
    expect(sentence).not_to_have_text(before)
    expect(page.locator("#attnviz")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_in_chinese(report, open_file):  # noqa: F811
    page = open_file(report["zh"])
    expect(page.locator("#attnviz .sentence")).to_contain_text(re.compile("[\u4e00-\u9fff]"))


def test_without_the_script_the_photographs_are_pictures(report, browser, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(report["en"], encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#photographs button").first).to_be_disabled()
    expect(page.locator("#photographs img").first).to_be_visible()
    context.close()
