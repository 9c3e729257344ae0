import numpy as np
import pytest
import torch
from PIL import Image

import attnviz
from attnviz.analysis.analyse_many import Unreadable, analyse_many, as_table, photographs_in, save_npz
from attnviz.core.errors import UserError
from tests.own_models import own_net


@pytest.fixture
def network():
    return attnviz.wrap(own_net().eval(), size=(40, 56), mean=0.5, std=0.25, scores="softmax")


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "b").mkdir()
    for number in range(5):
        place = tmp_path / ("b" if number % 2 else ".") / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (60 + number, 80, 3), dtype=np.uint8)).save(place)
    return tmp_path


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_many_are_analysed_as_one_is(network, folder, batch):
    pairs = list(analyse_many(network, folder, batch=batch))
    assert [path for path, _ in pairs] == photographs_in(folder) and len(pairs) == 5
    for path, analysis in pairs:
        alone = attnviz.analyse(network, path)
        np.testing.assert_allclose(analysis.logits, alone.logits, atol=1e-5)
        assert [g.site for g in analysis.gates] == [g.site for g in alone.gates]
        for one, other in zip(analysis.gates, alone.gates, strict=True):
            assert one.values.shape == one.site.shape
            np.testing.assert_allclose(one.values, other.values, atol=1e-5)
        assert np.array_equal(analysis.image.network, alone.image.network)


def test_a_loaded_network_costs_one_pass_a_photograph(network, photograph):
    calls = []
    network.module.register_forward_hook(lambda *_: calls.append(1))
    attnviz.analyse(network, photograph)
    first = len(calls)
    for _ in range(3):
        attnviz.analyse(network, photograph)
    assert first >= 2 and len(calls) == first + 3, "a search once, and one pass each"
    list(analyse_many(network, [photograph] * 5, batch=2))
    assert len(calls) == first + 6


def test_what_cannot_be_read_is_named_or_left_out(network, folder):
    (folder / "1.jpg").write_text("no picture")
    with pytest.raises(UserError, match=r"1\.jpg"):
        list(analyse_many(network, folder))
    pairs = list(analyse_many(network, folder, skip_unreadable=True, batch=2))
    left_out = [(p.name, a) for p, a in pairs if isinstance(a, Unreadable)]
    assert len(pairs) == 6 and left_out[0][0] == "1.jpg" and "no picture" in left_out[0][1].reason
    assert save_npz(pairs, folder / "all.npz") == 5
    with np.load(folder / "all.npz") as archive:
        assert archive["unreadable"].tolist() == [str(folder / "1.jpg")]
    pytest.importorskip("pyarrow")
    table = as_table(pairs).to_pylist()
    assert len(table) == 5 * 2 + 1 and [row["path"] for row in table if row["error"]] == [str(folder / "1.jpg")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"batch": 0}, "batch must be a whole number of at least 1"),
        ({"workers": True}, "workers must be"),
        ({"paths": 7}, "paths must be a folder or a sequence"),
        ({"model": 7}, "a model is a locator"),
        ({"model": "cbm"}, "did you mean 'cbam'"),
    ],
)
def test_bad_arguments_are_said_before_anything_runs(network, folder, given, message):
    with pytest.raises(UserError, match=message):
        analyse_many(**{"model": network, "paths": folder, **given})


def test_an_empty_folder_is_said(network, tmp_path):
    with pytest.raises(UserError, match="holds no pictures"):
        analyse_many(network, tmp_path)
    with pytest.raises(UserError, match="no photograph that could be read"):
        save_npz([], tmp_path / "x.npz")


def test_the_table_holds_every_gate(network, folder):
    pytest.importorskip("pyarrow")
    table = as_table(analyse_many(network, folder))
    assert table.num_rows == 10
    row = table.to_pylist()[0]
    alone = attnviz.analyse(network, row["path"])
    record = alone.gate(row["gate"])
    assert row["kind"] == record.site.kind and row["label"] == alone.top(1)[0][0]
    np.testing.assert_allclose(row["weights"], record.scores, atol=1e-5)
    assert row["mean"] == pytest.approx(record.values.mean(), abs=1e-5)


def test_pandas_gets_the_same_table(network, folder):
    pytest.importorskip("pandas")
    pairs = list(analyse_many(network, folder))
    assert attnviz.as_pandas(pairs)["mean"].tolist() == as_table(pairs)["mean"].to_pylist()


def test_the_archive_gives_the_same_arrays_back(network, folder, tmp_path):
    pairs = list(analyse_many(network, folder))
    assert save_npz(pairs, tmp_path / "gates.npz") == 5
    with np.load(tmp_path / "gates.npz", allow_pickle=False) as archive:
        assert archive["paths"].tolist() == [str(path) for path, _ in pairs]
        np.testing.assert_array_equal(archive["logits"], [a.logits for _, a in pairs])
        np.testing.assert_array_equal(archive["squeeze"][2:3], pairs[2][1].gate("squeeze").values)
        assert archive["look"].shape == (5, 1, 20, 28) and archive["unreadable"].size == 0


def test_modes_are_put_back_also_when_it_is_left_early(folder):
    model = own_net()
    network = attnviz.wrap(model, size=32, mean=0.5, std=0.5)
    walk = analyse_many(network, folder, batch=2)
    next(walk)
    walk.close()
    assert model.training and torch.is_grad_enabled()
