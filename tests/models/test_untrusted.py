"""What strangers may ask for by name; nothing here reaches the network."""

import dataclasses
import json
import pickle
import struct

import pytest
import safetensors.torch
import torch

from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite
from attnviz.models import untrusted as guests
from attnviz.models.limits import PUBLIC
from attnviz.models.untrusted import Wish, invite, small

TINY = "timm:test_efficientnet"


def refused(parameters):
    raise AssertionError("something was to be fetched")


@pytest.fixture
def weights(tmp_path):
    """A file of a network with 7 classes."""
    import timm

    torch.manual_seed(0)
    model = timm.create_model("test_efficientnet", num_classes=7)
    safetensors.torch.save_file(model.half().state_dict(), tmp_path / "mine.safetensors")
    return tmp_path / "mine.safetensors"


def test_an_untrained_network_is_measured_and_built():
    guest = invite(Wish(TINY, "untrained"), refused)
    assert guest.loaded.name == f"{TINY} · untrained" and guest.loaded.source["weights"] == "random"
    assert guest.parameters == sum(p.numel() for p in guest.loaded.module.parameters())
    assert guest.macs > 10**6 and len(guest.loaded.labels) == 1000


def test_a_file_is_read_into_a_network_of_its_number_of_classes(weights):
    wish = Wish(TINY, "file", weights)
    guest = invite(wish, refused)
    assert guest.loaded.labels == tuple(f"class {i}" for i in range(7))
    assert guest.loaded.name == wish.title and guest.loaded.source["weights"] == "a file"
    state = safetensors.torch.load_file(weights)
    own = guest.loaded.module.state_dict()
    assert all(torch.equal(own[key], value.to(own[key].dtype)) for key, value in state.items())


def test_a_network_that_asks_for_versions_of_its_modules_gets_them(tmp_path):
    from torchvision.models import mnasnet0_5

    safetensors.torch.save_file(mnasnet0_5(num_classes=3).state_dict(), tmp_path / "w.safetensors")
    wish = Wish("torchvision:mnasnet0_5", "file", tmp_path / "w.safetensors")
    assert len(invite(wish, refused).loaded.labels) == 3


@pytest.mark.parametrize(
    "name", ["", "timm", "timm:", ":x", "cbam", "/etc/passwd", "hf-hub:a/b", "../x:y", "timm:" + "x" * 200, None, 3]
)
def test_only_names_of_libraries_are_asked_for(name):
    with pytest.raises(UserError, match="asked for as timm:NAME or torchvision:NAME"):
        Wish(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timm:hf-hub:somebody/model", "a network is asked for as timm:NAME"),
        ("timm:local-dir:/tmp", "a network is asked for as timm:NAME"),
        ("timm:seresnet5O", "did you mean 'seresnet50"),
        ("torchvision:raft_large", "no classification model"),
        ("timm:vit_huge_patch14_224", "parameters; at most 100,000,000"),
        ("timm:tf_efficientnet_b7", "wants 600×600 pixels; at most 512×512"),
        ("torchvision:vgg19", "parameters; at most"),
        ("timm:vit_base_patch16_384", "multiply-accumulates for one picture; at most 20,000,000,000"),
    ],
)
def test_what_is_too_large_or_unknown_is_refused_before_it_is_built(name, message, monkeypatch):
    real = guests.load

    def skeletons_only(*args, **options):
        assert options.get("device") == "meta", "memory was allocated"
        return real(*args, **options)

    monkeypatch.setattr(guests, "load", skeletons_only)
    for kind in ("untrained", "published"):
        with pytest.raises(UserError, match=message):
            invite(Wish(name, kind), refused)


def test_features_are_no_class_scores():
    with pytest.raises(UserError, match="gives features and no class scores"):
        invite(Wish("timm:vit_small_patch14_dinov2", "untrained"), refused)


def test_a_fetch_may_be_refused():
    def budget(parameters):
        assert parameters == 356_196
        raise UserError("no more")

    with pytest.raises(UserError, match="no more"):
        invite(Wish(TINY, "published"), budget)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


def huge_header(path):
    header = json.dumps(
        {"conv_stem.weight": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4]}}
    ).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0\0\0")


def changed(path, **tensors):
    state = {**safetensors.torch.load_file(path), **tensors}
    safetensors.torch.save_file({key: value for key, value in state.items() if value is not None}, path)


def recast(path, dtype):
    changed(path, **{"bn2.weight": safetensors.torch.load_file(path)["bn2.weight"].to(dtype)})


DAMAGE = {
    "pickle": (lambda p: p.write_bytes(pickle.dumps(Bomb())), "is a pickle, which can run code"),
    "torch.save": (lambda p: torch.save({"a": Bomb}, p), "is a pickle, which can run code"),
    "empty": (lambda p: p.write_bytes(b""), "cannot be read as safetensors"),
    "text": (lambda p: p.write_bytes(b"no weights at all" * 100), "cannot be read as safetensors"),
    "cut": (lambda p: p.write_bytes(p.read_bytes()[:-100]), "cannot be read as safetensors"),
    "lying": (huge_header, "cannot be read as safetensors|lacks"),
    "gone": (lambda p: p.unlink(), "no longer kept here"),
    "missing": (lambda p: changed(p, **{"bn2.weight": None}), "lacks bn2.weight"),
    "foreign": (lambda p: changed(p, **{"<img src=x>" * 30: torch.zeros(2)}), "has unknown"),
    "shape": (lambda p: changed(p, **{"bn2.weight": torch.ones(3)}), "bn2.weight must have shape"),
    "nan": (lambda p: changed(p, **{"classifier.bias": torch.full((7,), float("nan"))}), "not finite"),
    "inf": (lambda p: changed(p, **{"classifier.bias": torch.full((7,), float("inf"))}), "not finite"),
    "too large": (
        lambda p: changed(p, **{"classifier.bias": torch.full((7,), 1e300, dtype=torch.float64)}),
        "classifier.bias holds numbers up to 1e\\+300, which are not finite in float32",
    ),
    "complex": (lambda p: recast(p, torch.complex64), "holds complex64 numbers, and float32"),
    "int8": (lambda p: recast(p, torch.int8), "holds int8 numbers.*dequantised"),
    "bool": (lambda p: recast(p, torch.bool), "holds bool numbers"),
    "float8": (lambda p: recast(p, torch.float8_e4m3fn), "holds float8_e4m3fn numbers"),
    "a count of fractions": (
        lambda p: changed(p, **{"bn1.num_batches_tracked": torch.tensor(0.5)}),
        "bn1.num_batches_tracked holds float32 numbers, and int64",
    ),
    "one class": (lambda p: changed(p, **{"classifier.weight": torch.ones(1, 256)}), "2 to 100,000 classes"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_file_that_does_not_fit_is_one_clear_sentence(weights, name):
    harm, message = DAMAGE[name]
    harm(weights)
    with pytest.raises(UserError, match=message) as caught:
        invite(Wish(TINY, "file", weights), refused)
    assert len(str(caught.value)) < 600


def test_a_file_that_is_too_large_is_not_read(weights, monkeypatch):
    tight = dataclasses.replace(PUBLIC, file_bytes=1000)
    with pytest.raises(UserError, match="MiB, at most"):
        invite(Wish(TINY, "file", weights, limits=tight), refused)
    with pytest.raises(UserError, match="choose a file with the weights"):
        Wish(TINY, "file")


def test_gates_that_are_too_large_are_left_out():
    sites = [GateSite(n, "pairwise", (1, s, s), (1, s, s)) for n, s in (("a", 1000), ("b", 3000), ("c", 100))]
    assert [site.name for site in small(sites)] == ["a", "c"]
