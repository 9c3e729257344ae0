"""The large picture of a gate, for every kind that there is."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from attnviz.attention import ATTENTION
from attnviz.core.kinds import KINDS
from attnviz.models.checkpoints import save_checkpoint
from attnviz.models.spec import build
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.gate_html import Settings
from attnviz.ui.shared.gate_picture import PICTURES, picture_html
from attnviz.ui.shared.text import TEXTS
from attnviz.ui.shared.view import open_view, show_gate
from tests.conftest import tiny_card, tiny_spec


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A tiny network of every attention type."""
    folder = tmp_path_factory.mktemp("types")
    for name in ATTENTION:
        spec = tiny_spec(name, 64)
        # what moves features cannot stand inside a residual branch, and what pools only in the place of the mean
        place = {"stn": "first", "pool": "pool"}.get(name, "block")
        spec = replace(spec, backbone_options={**spec.backbone_options, "position": place})
        save_checkpoint(folder, tiny_card(spec, name), build(spec))
    return Store(folder)


@pytest.fixture(scope="module")
def views(store):
    """One view of a gate for every type and kind: a list of (type, view)."""
    found = []
    for name in ATTENTION:
        view = open_view(store, name, sample="cat")
        sites = {record.site.kind: record.site.name for record in view.analysis.gates}
        found += [(name, show_gate(store, view, gate)) for gate in sites.values()]
    return found


def of_kind(views, kind, name=None):
    return next(v for n, v in views if v.record.site.kind == kind and name in (None, n))


def cells(html):
    """The numbers under the pointer: (rows, columns)."""
    rows, numbers = re.search(r'data-rows="(\d+)".*?data-cells="([^"]*)"', html).groups()
    return np.array([float(v) for v in numbers.split()]).reshape(int(rows), -1)


def test_every_kind_has_a_picture_and_a_sentence(views):
    assert set(PICTURES) == set(KINDS)
    assert {view.record.site.kind for _, view in views} == set(KINDS)
    assert all(f"kind_{kind}" in TEXTS for kind in KINDS)


def test_every_gate_of_every_type_is_drawn_and_is_well_formed(views):
    for name, view in views:
        for language in ("en", "zh"):
            html = picture_html(replace(view, language=language), Settings())
            tree = ElementTree.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", f"<x>{html}</x>"))
            drawn = [e.get("alt") or e.get("aria-label") for e in tree.iter() if e.tag in ("img", "div", "svg")]
            assert any(drawn), (name, view.gate)
            assert ("img" in html or "<path" in html) and "{" not in html.replace("{0}", ""), name


def test_strips_are_multiplied_over_the_photograph(views):
    view = of_kind(views, "strip", "coord")
    pair = [r.values for r in view.analysis.gates if r.site.name.rpartition(".")[0] == view.gate.rpartition(".")[0]]
    expected = (pair[0] * pair[1])[0].mean(0)
    assert np.allclose(cells(picture_html(view, Settings())), expected, atol=2e-3)


def test_a_full_gate_is_its_mean_over_channels(views):
    view = of_kind(views, "full")
    assert np.allclose(cells(picture_html(view, Settings())), view.record.values[0].mean(0), atol=2e-3)


def test_a_pairwise_gate_is_read_from_the_place_that_asks(views):
    view = of_kind(views, "pairwise", "self-attention")
    weights = view.record.values[0].mean(0)
    side = round(len(weights) ** 0.5)
    for query, place in (((0.0, 0.0), 0), ((0.999, 0.0), (side - 1) * side), ((1.0, 1.0), side * side - 1)):
        html = picture_html(replace(view, query=query), Settings())
        assert np.allclose(cells(html).ravel(), weights[place], rtol=1e-2, atol=1e-5)
        row, column = divmod(place, side)
        assert f'data-row="{row}" data-column="{column}"' in html and "av-here" in html


def test_channels_that_look_at_channels_are_a_matrix(views):
    view = next(v for n, v in views if n == "danet")
    gate = next(r.site.name for r in view.analysis.gates if r.site.name.endswith("channel"))
    html = picture_html(replace(view, gate=gate, channel=None), Settings())
    assert "av-matrix-large" in html and "One row for each that asks" in html


def test_branches_are_bars_that_say_their_mean(views):
    view = of_kind(views, "branch")
    html = picture_html(view, Settings())
    for number, row in enumerate(view.record.values[0]):
        assert f"Branch {number}: mean weight {row.mean():.3f}" in html
    assert html.count("<svg") == len(view.record.values[0])


def test_what_is_added_stands_about_zero(views):
    view = of_kind(views, "added")
    values = np.linspace(-2, 1, view.record.values.size, dtype=np.float32).reshape(view.record.values.shape)
    record = replace(view.record, values=values)
    gates = tuple(record if g.site.name == view.gate else g for g in view.analysis.gates)
    html = picture_html(replace(view, analysis=replace(view.analysis, gates=gates)), Settings())
    assert re.search(r'class="av-low">.2<', html) and 'class="av-high">2<' in html


def test_a_spatial_transformer_shows_where_it_reads(views):
    view = of_kind(views, "geometric")
    theta = np.float32([[[0.5, 0, 0.25], [0, 0.5, -0.25]]])
    record = replace(view.record, values=theta)
    gates = tuple(record if g.site.name == view.gate else g for g in view.analysis.gates)
    html = picture_html(replace(view, analysis=replace(view.analysis, gates=gates)), Settings())
    # from (-0.5 + 0.25, -0.5 - 0.25) in -1..1
    assert 'd="M37.50 12.50L' in html and "<td" in html and ".25" in html


def test_a_gate_without_a_finite_number_says_so(views):
    for kind in KINDS:
        view = of_kind(views, kind)
        record = replace(view.record, values=np.full_like(view.record.values, np.nan))
        gates = tuple(record if g.site.name == view.gate else g for g in view.analysis.gates)
        html = picture_html(replace(view, analysis=replace(view.analysis, gates=gates)), Settings())
        assert "no finite number" in html
