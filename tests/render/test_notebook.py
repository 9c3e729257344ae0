import base64
import importlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from attnviz.audit.result import Audit
from attnviz.core.displays import DISPLAYS
from attnviz.core.types import Analysis, GateRecord
from attnviz.render.figures.bars import channel_bars
from tests.render.synthetic import channel, every_kind

EVIL = "<img src=x onerror=alert(1)>\"'&"


class Reader(HTMLParser):
    """Checks that tags are closed in order, and collects pictures and text."""

    def __init__(self):
        super().__init__()
        self.open, self.images, self.tags, self.text = [], [], set(), ""

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "img":
            self.images.append(dict(attributes))
        else:
            self.open.append(tag)
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(html):
    reader = Reader()
    reader.feed(html)
    assert not reader.open and not reader.tags & {"script", "iframe", "link", "object", "style"}
    assert not re.search(r"https?://|//cdn|@import", html), "it holds everything it needs"
    for image in reader.images:
        assert image["alt"].strip()
        head, _, data = image["src"].partition(",")
        assert re.fullmatch(r"data:image/(png|jpeg);base64", head)
        Image.open(io.BytesIO(base64.b64decode(data))).load()
    return reader


@pytest.mark.parametrize("record", every_kind(), ids=lambda r: r.site.kind)
def test_every_kind_of_gate_is_shown(record):
    shown = read(record._repr_html_())
    assert record.site.name in shown.text and record.site.kind in shown.text
    assert len(shown.images) == (record.site.kind != "geometric")


def test_what_has_no_finite_value_is_said_in_words():
    lost = replace(channel("a", 4), values=np.full((1, 4, 1, 1), np.nan, np.float32))
    assert "no finite value" in read(lost._repr_html_()).text


def test_what_comes_from_outside_is_escaped():
    record = channel("a", 8)
    named = replace(record, site=replace(record.site, name=EVIL))
    shown = read(named._repr_html_())
    assert EVIL in shown.text and not any(image["src"] == "x" for image in shown.images)


def test_every_display_belongs_to_a_type():
    assert {t.__name__ for t in (Analysis, GateRecord, Audit)} == set(DISPLAYS)
    for target in DISPLAYS.values():
        module, function = target.split(":")
        assert callable(getattr(importlib.import_module(module), function))


CELLS = [
    "import attnviz; analysis = attnviz.analyse(FOLDER / 'cbam.json', PICTURE)",
    "analysis",
    "analysis.gates[0]",
    "from attnviz.render.figures.bars import channel_bars; channel_bars(analysis.gates[0].scores)",
]


def test_cells_of_a_notebook_show_what_they_end_with(checkpoints, photograph, tmp_path, monkeypatch):
    """A real IPython shell runs the cells; what it would send to the page is looked at."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    photograph.save(tmp_path / "p.png")
    shell = InteractiveShell(user_ns={"FOLDER": checkpoints, "PICTURE": tmp_path / "p.png"})
    shell.display_formatter.active_types = list(shell.display_formatter.formatters)
    results = []
    for cell in CELLS:
        with capture_output():
            ran = shell.run_cell(cell)
        ran.raise_error()
        results.append(shell.display_formatter.format(ran.result)[0] if ran.result is not None else {})
    assert results[0] == {}
    assert results[1]["text/html"].startswith('<iframe sandbox="allow-scripts')
    assert "stage1.0.attention.channel" in read(results[2]["text/html"]).text
    png = results[3]["image/png"]
    data = png if isinstance(png, bytes) else base64.b64decode(png)
    assert Image.open(io.BytesIO(data)).size == (800, 300)


def test_figures_show_themselves_without_pyplot():
    figure = channel_bars(np.linspace(0, 1, 8))
    assert Image.open(io.BytesIO(figure._repr_png_())).format == "PNG"
