import html
import json
import re
import sys
from types import ModuleType

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.core.types import ChannelMap
from attnviz.viewer import notebook
from tests.render.synthetic import analysis, channel

EVIL = "</iframe><img src=x onerror=alert(1)>\"'&"


def inside(text):
    """The page in a frame, and the frame's attributes."""
    found = re.fullmatch(r'<iframe sandbox="([^"]*)" srcdoc="([^"]*)" title="attnviz" style="[^"]*"></iframe>', text)
    return html.unescape(found[2]), found[1]


def test_an_analysis_is_a_page_in_a_frame_that_has_no_origin():
    page, sandbox = inside(analysis()._repr_html_())
    assert "allow-same-origin" not in sandbox and page.startswith("<!doctype html>")
    assert "default-src 'none'" in html.unescape(page) and len(page) < 400_000


def test_names_from_outside_do_not_end_the_frame():
    page, _ = inside(analysis((channel(EVIL, 8),), labels=(EVIL, "b"), model=EVIL)._repr_html_())
    assert "onerror" in page and "<img src=x" not in page


def test_without_anywidget_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(UserError, match=r"attnviz\[notebook\]"):
        notebook.widget(analysis())


@pytest.fixture
def widgets(monkeypatch):
    """anywidget where it is installed; else the least that stands for it."""
    try:
        import anywidget  # noqa: F401
    except ImportError:
        traitlets = pytest.importorskip("traitlets")
        module = ModuleType("anywidget")
        module.AnyWidget = type("AnyWidget", (traitlets.HasTraits,), {})
        monkeypatch.setitem(sys.modules, "anywidget", module)


def test_a_widget_answers_what_is_asked_of_a_live_network(widgets):
    gate, asked = channel("s1.se", 8), []

    def features(name, number):
        asked.append((name, number))
        return ChannelMap(gate.site, number, np.ones((4, 4), np.float32), 0.5, 1)

    view = notebook.widget(analysis((gate,)), features, language="zh")
    assert view.asks is True and view.lang == "zh" and json.loads(view.document)["gates"][0]["name"] == "s1.se"
    view.asked = {"gate": 0, "channel": 3, "name": "s1.se"}
    assert asked == [("s1.se", 3)] and json.loads(view.features)["channel"] == 3
    for wrong in ({}, {"name": "nonsense", "channel": 1}, {"name": "s1.se", "channel": "1"}, None):
        view.asked = wrong
    assert len(asked) == 1
    assert notebook.widget(analysis((gate,))).asks is False


def test_the_form_of_anywidget_is_kept():
    from attnviz.viewer.bundles import bundle

    assert re.search(r"export\{[^}]*\b\w+ as default\}", bundle("view"))
