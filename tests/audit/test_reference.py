import dataclasses

import numpy as np
import pytest
import torch

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.searched import sites_of
from attnviz.attention import ATTENTION
from attnviz.audit import reference as measuring
from attnviz.audit import walk
from attnviz.audit.ablation import gate_means
from attnviz.audit.network import AuditedNetwork
from attnviz.audit.reference import measure_reference
from attnviz.cli.main import main
from attnviz.gates.capture import capture
from attnviz.models.checkpoints import FOLDER, load, save_checkpoint
from attnviz.models.gate_reference import BUDGET, LEVELS, encode, load_reference, read_reference, summary
from attnviz.models.spec import build
from attnviz.training.data import prepare_batch
from tests.conftest import tiny_card, tiny_spec


def network(folder, attention, images, known=True):
    torch.manual_seed(3)
    spec = tiny_spec(attention)
    if getattr(ATTENTION[attention], "pools", False):
        spec = dataclasses.replace(spec, backbone_options={**spec.backbone_options, "position": "pool"})
    val = images.describe() if known else {"images": 1, "fingerprint": "0"}
    card = dataclasses.replace(tiny_card(spec, attention), labels=images.labels, data={"name": "squares", "val": val})
    save_checkpoint(folder, card, build(spec))
    return load(attention, folder)


@pytest.mark.parametrize("attention", sorted(set(ATTENTION) - {"none", "stn"}))
def test_statistics_are_those_of_the_gates_of_all_images(attention, images, photographs, tmp_path, monkeypatch):
    monkeypatch.setattr(walk, "BATCH", 7)  # several batches, the last one smaller
    loaded = network(tmp_path, attention, images)
    sites, made = sites_of(loaded), measure_reference(loaded, photographs, "squares")
    x = prepare_batch(images.images, loaded.spec.input)
    with torch.inference_mode(), capture(loaded.module, sites) as tape:
        loaded.module(x)
    assert (made.images, made.fingerprint, made.weights) == (24, images.fingerprint, loaded.card.sha256)
    assert list(made.gates) == [site.name for site in sites] and sites
    means = gate_means(AuditedNetwork(Analyser(loaded)), photographs)
    for site in sites:
        values, found = tape[site.name].values.numpy(), made.gates[site.name]
        assert found.fits(site.kind, site.shape)
        np.testing.assert_allclose(means[site.name], values.mean(0, keepdims=True), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found.mean, values.mean(0), rtol=1e-4, atol=1e-6)
        if found.sd is not None:
            np.testing.assert_allclose(found.sd, values.std(0), rtol=1e-2, atol=2e-6)
        told = summary(site.kind, values)
        assert (told is None) == (found.quantiles is None)
        if told is not None:
            np.testing.assert_allclose(found.quantiles, np.quantile(told, np.array(LEVELS) / 100, axis=0), rtol=1e-3)


def test_large_means_are_left_out_until_the_file_is_small(images, photographs, tmp_path, monkeypatch):
    loaded = network(tmp_path, "simam", images)
    whole = measure_reference(loaded, photographs, "squares")
    assert len(encode(whole)) <= BUDGET and all(gate.mean is not None for gate in whole.gates.values())
    monkeypatch.setattr(measuring, "BUDGET", budget := len(encode(whole)) - 100)
    small = measure_reference(loaded, photographs, "squares")
    sizes = {name: gate.mean.size for name, gate in whole.gates.items()}
    left_out = {name for name, gate in small.gates.items() if gate.mean is None}
    assert left_out and len(encode(small)) <= budget
    assert min(sizes[name] for name in left_out) >= max(sizes[n] for n in set(sizes) - left_out)
    assert all(gate.quantiles is not None for gate in small.gates.values())


def test_the_command_writes_beside_the_checkpoint_and_refuses_other_data(data, images, tmp_path, capsys):
    for name in ("se", "none"):
        network(tmp_path, name, images)
    assert main(["reference", "--data", str(data), "--folder", str(tmp_path), "--all"]) == 0
    out = capsys.readouterr().out
    assert "none: has no gates" in out and "4 gates over 24 images" in out
    assert read_reference(tmp_path / "se.reference").data == "squares"
    network(tmp_path, "eca", images, known=False)
    assert main(["reference", str(tmp_path / "eca"), "--data", str(data)]) == 2
    assert "other data" in capsys.readouterr().err
    assert not (tmp_path / "eca.reference").exists()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.reference")), ids=lambda path: path.stem)
def test_bundled_statistics_are_those_of_their_network(path):
    loaded = load(path.stem)
    found = load_reference(path.stem, loaded.card.sha256)
    sites = sites_of(loaded)
    assert path.stat().st_size <= BUDGET and list(found.gates) == [site.name for site in sites]
    assert all(found.of(site.name, site.kind, site.shape) for site in sites)
    val = loaded.card.data["val"]
    assert (found.images, found.fingerprint) == (val["images"], val["fingerprint"])
