import base64
import importlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from attnviz.core.displays import DISPLAYS
from attnviz.core.types import Analysis, GateRecord, PreparedImage
from attnviz.models.checkpoints import checkpoint_ids
from attnviz.render.figures.bars import channel_bars
from attnviz.render.notebook import MOST_TILES
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.gate_html import Settings
from attnviz.ui.shared.gate_picture import picture_html
from attnviz.ui.shared.view import open_view
from tests.render.synthetic import analysis, channel, every_kind, spatial

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


def test_an_analysis_shows_prediction_photograph_gate_and_strip():
    shown = read(analysis()._repr_html_())
    for text in ("tiny", "cat", "dog", "fox", "s1.sp"):
        assert text in shown.text
    alts = [image["alt"] for image in shown.images]
    assert len(alts) == 2 and "mask s1.sp" in alts[0] and "s2.se (channel)" in alts[1]


def test_without_a_fine_mask_the_last_channel_gate_stands_beside_the_photograph():
    shown = read(analysis([channel("a", 16), channel("b", 8)])._repr_html_())
    assert [image["alt"][:14] for image in shown.images] == ["The photograph", "Channel scores", "All gates, fir"]
    assert "b · channel 8" in shown.text


def test_without_gates_it_says_what_the_network_has():
    empty = replace(analysis(), gates=(), facts={"contents": "3 Conv2d"})
    shown = read(empty._repr_html_())
    assert "no attention gates. Here is what it has: 3 Conv2d." in shown.text and len(shown.images) == 1


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
    for gates in ((named,), ()):
        made = replace(analysis(labels=(EVIL, "b", "c"), model=EVIL), gates=gates, facts={"contents": EVIL})
        shown = read(made._repr_html_())
        assert EVIL in shown.text and not any(image["src"] == "x" for image in shown.images)
    read(named._repr_html_())


def test_a_network_of_hundreds_of_gates_is_shown_in_part():
    many = tuple(spatial(f"g{i}", 8) for i in range(2 * MOST_TILES + 1))
    assert "One in 3 of 121 gates" in read(analysis(many)._repr_html_()).images[-1]["alt"]


def test_every_display_belongs_to_a_type():
    assert {t.__name__ for t in (Analysis, GateRecord)} == set(DISPLAYS)
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
    assert len(read(results[1]["text/html"]).images) >= 2
    assert "stage1.0.attention.channel" in read(results[2]["text/html"]).text
    png = results[3]["image/png"]
    data = png if isinstance(png, bytes) else base64.b64decode(png)
    assert Image.open(io.BytesIO(data)).size == (800, 300)


def test_figures_show_themselves_without_pyplot():
    figure = channel_bars(np.linspace(0, 1, 8))
    assert Image.open(io.BytesIO(figure._repr_png_())).format == "PNG"


def test_a_photograph_of_any_size_is_reduced():
    pixels = np.zeros((900, 1200, 3), np.uint8)
    image = PreparedImage(pixels, (150, 0, 1050, 900), np.zeros((16, 16, 3), np.uint8), (1200, 900))
    html = replace(analysis(), image=image)._repr_html_()
    assert len(html) < 300_000


@pytest.mark.parametrize("name", checkpoint_ids())
def test_the_notebook_opens_the_gate_that_the_app_opens(name):
    """Over all bundled networks: the same gate, and a map over the photograph in both or in neither."""
    store = Store()
    opened = open_view(store, name, sample="church")
    shown = read(opened.analysis._repr_html_())
    if opened.record is None:
        assert "no attention gates" in shown.text
        return
    assert f"{opened.record.site.name} · " in shown.text
    in_app = "av-picture" in picture_html(opened, Settings()) and opened.record.site.kind not in (
        "channel",
        "geometric",
    )
    assert any("with the mask" in image["alt"] for image in shown.images) == in_app
