import json
import os
import pickle
import shutil

import pytest
import torch

from attnviz.core import files
from attnviz.core.errors import UserError
from attnviz.core.files import write_atomically
from attnviz.models import checkpoints as module
from attnviz.models.checkpoints import Card, checkpoint_ids, load, load_card, save_checkpoint
from attnviz.models.cost import macs_of
from attnviz.models.spec import build
from tests.conftest import tiny_card, tiny_spec


@pytest.fixture
def folder(checkpoints, tmp_path):
    for path in checkpoints.glob("se.*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_ids_are_those_with_both_files(folder):
    (folder / "lonely.json").write_text("{}")
    assert checkpoint_ids(folder) == ("se",)


def test_a_saved_network_comes_back(tmp_path):
    spec = tiny_spec("cbam")
    network = build(spec)
    network(torch.randn(4, 3, 32, 32))  # moves the running statistics
    card = save_checkpoint(tmp_path, tiny_card(spec, "x"), network)
    loaded = load("x", tmp_path)
    assert loaded.card == card and loaded.labels == ("red", "green", "blue") and loaded.spec == spec
    assert not loaded.module.training and not any(p.requires_grad for p in loaded.module.parameters())
    for name, value in network.state_dict().items():
        stored = loaded.module.state_dict()[name]
        exact = name.split(".")[-1] in ("running_mean", "running_var", "num_batches_tracked")
        assert torch.equal(stored, value if exact else value.half().float()), name


@pytest.mark.parametrize("suffix", ["", ".json", ".safetensors"])
def test_paths_work_like_ids(folder, suffix):
    assert load(folder / f"se{suffix}").name == "se"
    assert load_card(str(folder / f"se{suffix}")).id == "se"


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def misspell(folder, where):
    """A key that is nearly one, somewhere in a card."""
    spec = tiny_spec("se").to_json()
    spec["input"]["noise"] = {"channels": 3} if where == "noise" else None
    table = {"spec": spec, "input": spec["input"], "noise": spec["input"]["noise"]}[where]
    table[{"spec": "backbon", "input": "sise", "noise": "chanels"}[where]] = 1
    change(folder / "se.json", spec=spec)


def drop_key(folder):
    card = json.loads((folder / "se.json").read_text())
    del card["labels"]
    (folder / "se.json").write_text(json.dumps(card))


def other_weights(folder, network):
    import hashlib

    import safetensors.torch

    data = safetensors.torch.save(network.state_dict())
    (folder / "se.safetensors").write_bytes(data)
    change(folder / "se.json", sha256=hashlib.sha256(data).hexdigest())


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


DAMAGE = {
    "flipped": (lambda f: (f / "se.safetensors").write_bytes((f / "se.safetensors").read_bytes()[:-1] + b"\0x"), "sha256"),
    "truncated": (lambda f: (f / "se.safetensors").write_bytes((f / "se.safetensors").read_bytes()[:100]), "sha256"),
    "empty": (lambda f: (f / "se.safetensors").write_bytes(b""), "sha256"),
    "pickle": (lambda f: (f / "se.safetensors").write_bytes(pickle.dumps(Bomb())), "is a pickle"),
    "torch.save": (lambda f: torch.save({"a": 1}, f / "se.safetensors"), "is a pickle"),
    "no weights": (lambda f: (f / "se.safetensors").unlink(), "has no se.safetensors beside it"),
    "no json": (lambda f: (f / "se.json").write_text("{"), "cannot be read as a card"),
    "a list": (lambda f: (f / "se.json").write_text("[]"), "JSON object"),
    "not utf-8": (lambda f: (f / "se.json").write_bytes(b"\xff\xfe"), "cannot be read as a card"),
    "missing key": (drop_key, "labels is missing"),
    "unknown key": (lambda f: change(f / "se.json", lables=[]), "did you mean 'labels'"),
    **{
        f"unknown key in {where}": (lambda f, where=where: misspell(f, where), f"unknown key '{key}'; did you mean '{meant}'")
        for where, key, meant in (
            ("spec", "backbon", "backbone"), ("input", "input.sise", "size"), ("noise", "input.noise.chanels", "channels")
        )
    },
    "other attention": (lambda f: change(f / "se.json", spec=tiny_spec("cbam").to_json()), "does not fit"),
    "unknown backbone": (
        lambda f: change(f / "se.json", spec={**tiny_spec("se").to_json(), "backbone": "compat-resnet"}),
        "did you mean 'compact-resnet'",
    ),
    "labels": (lambda f: change(f / "se.json", labels=["a"]), "3 classes but 1 labels"),
    "foreign weights": (lambda f: other_weights(f, torch.nn.Linear(2, 2)), "lacks .* and has unknown bias, weight"),
    "other width": (
        lambda f: other_weights(f, build(tiny_spec("se").__class__.from_json(
            {**tiny_spec("se").to_json(), "backbone_options": {"widths": [4, 4, 16, 16], "depths": [1, 1, 1, 1]}}))),
        "must have shape",
    ),
    "spec is text": (lambda f: change(f / "se.json", spec="x"), "cannot be read as a card|card"),
    "labels is a number": (lambda f: change(f / "se.json", labels=3), "cannot be read as a card"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_one_clear_sentence(folder, name):
    harm, text = DAMAGE[name]
    harm(folder)
    with pytest.raises(UserError, match=text) as caught:
        load(folder / "se.json")
    assert "\n" not in str(caught.value)


def test_an_unknown_checkpoint_names_the_nearest(checkpoints):
    with pytest.raises(UserError, match="no checkpoint 'cbm'; did you mean 'cbam'"):
        load("cbm", checkpoints)


@pytest.mark.parametrize("name", ["../se", "/etc/passwd", "se\0", ""])
def test_strange_names_are_refused(checkpoints, name):
    with pytest.raises(UserError):
        load(name, checkpoints)


def test_what_a_killed_process_left_goes_when_it_is_old(tmp_path):
    left, lately, other = (tmp_path / name for name in (".x.abcdefgh", ".x.ijklmnop", ".y.abcdefgh"))
    for path in (left, lately, other):
        path.write_bytes(b"half")
    for path in (left, other):
        os.utime(path, (1, 1))
    write_atomically(tmp_path / "x", b"new")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".x.ijklmnop", ".y.abcdefgh", "x"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    write_atomically(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("name", checkpoint_ids())
def test_bundled_checkpoints_load_and_are_small(name):
    loaded = load(name)
    metrics = loaded.card.metrics
    assert metrics["predictions_changed_by_fp16"] <= 2 or metrics["stored"] == "float32"
    assert (module.FOLDER / f"{name}.safetensors").stat().st_size <= 12 * 2**20
    assert Card.from_json(loaded.card.to_json()) == loaded.card
    assert metrics["parameters"] == sum(p.numel() for p in loaded.module.parameters())
    assert metrics["macs"] == macs_of(loaded.spec)


def test_files_that_belong_together_are_replaced_together(tmp_path, monkeypatch):

    one, two = tmp_path / "one", tmp_path / "two"
    files.write_together({one: b"old 1", two: b"old 2"})
    whole = files._write_out

    def full(handle, data):
        if data == b"new 2":
            raise OSError("no space")
        whole(handle, data)

    monkeypatch.setattr(files, "_write_out", full)
    with pytest.raises(OSError, match="no space"):
        files.write_together({one: b"new 1", two: b"new 2"})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"one": b"old 1", "two": b"old 2"}
    files.write_together({one: b"newer 1", two: b"newer 2"})
    assert (one.read_bytes(), two.read_bytes()) == (b"newer 1", b"newer 2")
