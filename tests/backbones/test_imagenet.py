"""ImageNet weights are carried so that the logits equal the plain network's. Random weights stand in for them."""

import re
from urllib.error import URLError

import pytest
import torch
import torchvision
from torch import nn

from attnviz.attention import ATTENTION
from attnviz.backbones.imagenet import carry, imagenet_state, start_neutral
from attnviz.core.errors import UserError
from attnviz.models.spec import ModelSpec, build
from tests.attention.helpers import randomise, starts_neutral
from tests.backbones.tiny import case_id
from tests.crossed import crossed

PLAIN = {
    "resnet18": ("resnet", {"block": "basic", "depths": [2, 2, 2, 2]}),
    "mobilenet_v2": ("mobilenet-v2", {}),
    "densenet121": ("densenet", {}),
    "efficientnet_b0": ("efficientnet", {"position": "after"}),
}
TINY = {
    "vgg16": [
        {"width": 1 / 16, "head": head, "batch_norm": b, "position": p}
        for head, b, p in (("small", False, "block"), ("full", True, "block"), ("small", False, "pool"))
    ],
    "resnet": [
        {"block": b, "depths": [2, 1, 1, 1], "widths": [8] * 4, "position": p}
        for b, p in (("basic", "branch"), ("bottleneck", "branch"), ("basic", "pool"))
    ],
    "densenet": [{"growth": 4, "blocks": [2, 2], "position": p} for p in ("layer", "transition", "pool")],
    "mobilenet-v2": [{"width": 0.1, "position": p} for p in ("first", "last", "block", "none", "pool")],
    "efficientnet": [{"width": 0.2, "depth": 0.3, "position": p} for p in ("after", "pool")],
}


def trained(model):
    """Statistics as after training: neither 0 nor 1."""
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.running_mean, module.running_var, module.weight.data, module.bias.data):
                values.copy_(torch.rand(values.shape, generator=generator) + 0.5)
    return model.eval()


@pytest.fixture(scope="module")
def plain_networks():
    made = {}

    def get(architecture):
        if architecture not in made:
            torch.manual_seed(0)
            made[architecture] = trained(getattr(torchvision.models, architecture)())
        return made[architecture]

    return get


def publish(monkeypatch, network):
    """Let torchvision "download" the weights of a network."""
    state = {k: v.clone() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    monkeypatch.setattr(torchvision.models.WeightsEnum, "get_state_dict", lambda self, *a, **k: dict(state))


@pytest.mark.parametrize("attention", ["cbam", "local"])
@pytest.mark.parametrize("architecture", list(PLAIN))
def test_logits_equal_torchvisions(architecture, attention, plain_networks, monkeypatch):
    plain = plain_networks(architecture)
    publish(monkeypatch, plain)
    backbone, options = PLAIN[architecture]
    model = build(ModelSpec(backbone, attention, 1000, {**options, "pretrained": True})).eval()
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = plain(x)
        torch.testing.assert_close(model(x), expected, rtol=1e-3, atol=1e-4 * expected.abs().max().item())


@pytest.mark.parametrize(
    ("case", "attention"),
    crossed(
        [(b, o) for b, several in TINY.items() for o in several], [name for name in ATTENTION if starts_neutral(name)]
    ),
    ids=lambda v: v if isinstance(v, str) else case_id(v),
)
def test_every_type_starts_without_an_effect_in_every_place(case, attention):
    backbone, options = case
    torch.manual_seed(0)
    plain = trained(build(ModelSpec(backbone, "none", 3, options)).double())
    try:
        model = build(ModelSpec(backbone, attention, 3, options)).double().eval()
    except UserError as error:
        assert re.search("moves features|place of mean", str(error))
        return
    for module in model.modules():
        if type(module) is ATTENTION[attention]:
            randomise(module)
    model.carry(plain.state_dict())
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    expected = plain(x)
    torch.testing.assert_close(model(x), expected, rtol=1e-8, atol=1e-8 * expected.abs().max().item())


def test_other_inputs_and_classes_leave_stem_and_classifier_fresh(plain_networks, monkeypatch):
    plain = plain_networks("mobilenet_v2")
    publish(monkeypatch, plain)
    options = {"pretrained": True, "in_channels": 4, "position": "block"}
    model = build(ModelSpec("mobilenet-v2", "se", 7, options)).eval()
    assert model.features[0][0].weight.shape[1] == 4 and model.classifier[1].out_features == 7
    assert torch.equal(model.features[0][1].running_mean, plain.features[0][1].running_mean)
    projection, theirs = model.features[1].conv[-2].weight, plain.features[1].conv[-2].weight
    torch.testing.assert_close(projection, theirs * 2)


@pytest.mark.parametrize("attention", [name for name in ATTENTION if not starts_neutral(name)])
def test_types_without_a_neutral_start_are_refused(attention, monkeypatch):
    plain = trained(build(ModelSpec("vgg16", "none", 3, TINY["vgg16"][0])))
    model = build(ModelSpec("vgg16", attention, 3, TINY["vgg16"][0]))
    with pytest.raises(UserError, match=f"{attention} .*pretrained=False"):
        model.carry(plain.state_dict())
    with pytest.raises(UserError, match="Linear does not say how to start"):
        start_neutral(nn.Linear(2, 2))


def test_a_gate_after_a_residual_block_is_refused_unless_it_starts_at_one():
    options = {**TINY["resnet"][0], "position": "after"}
    plain = trained(build(ModelSpec("resnet", "none", 3, options)))
    with pytest.raises(UserError, match="scales the shortcut.*position='branch'"):
        build(ModelSpec("resnet", "se", 3, options)).carry(plain.state_dict())
    model = build(ModelSpec("resnet", "self-attention", 3, options)).eval()
    model.carry(plain.state_dict())
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(model(x), plain(x))


@pytest.mark.parametrize(
    ("backbone", "options", "text"),
    [
        ("vgg16", {"width": 0.5, "head": "small"}, "ImageNet weights exist only for vgg16 with width=1"),
        ("mobilenet-v2", {"width": 0.1}, "with width=1 and hidden=0;"),
        ("resnet", {"depths": [1, 1, 1, 1], "block": "basic"}, r"resnet with widths .*basic \(2, 2, 2, 2\)"),
        ("densenet", {"growth": 4, "blocks": [2]}, r"growth=32 blocks=\(6, 12, 24, 16\)"),
        ("efficientnet", {"width": 0.2, "depth": 0.3, "position": "after"}, "efficientnet with"),
        ("efficientnet", {"width": 0.2, "depth": 0.3}, "takes out the pretrained gates"),
    ],
)
def test_sizes_without_published_weights_are_refused(backbone, options, text):
    with pytest.raises(UserError, match=text):
        build(ModelSpec(backbone, "se", 1000, {**options, "pretrained": True}))


@pytest.mark.parametrize("error", [URLError("no network"), RuntimeError("invalid hash value"), TimeoutError("slow")])
def test_without_a_network_one_sentence_says_so(error, monkeypatch):
    def fail(self, *args, **kwargs):
        raise error

    monkeypatch.setattr(torchvision.models.WeightsEnum, "get_state_dict", fail)
    with pytest.raises(UserError) as raised:
        build(ModelSpec("resnet", "se", 1000, {"block": "basic", "depths": [2, 2, 2, 2], "pretrained": True}))
    text = str(raised.value)
    assert "resnet18" in text and "pretrained=False" in text and "\n" not in text


def test_old_densenet_keys_are_renamed(monkeypatch):
    old = {"features.denseblock1.denselayer2.norm.1.weight": torch.ones(1), "features.conv0.weight": torch.ones(1)}
    monkeypatch.setattr(torchvision.models.WeightsEnum, "get_state_dict", lambda self, *a, **k: dict(old))
    assert set(imagenet_state("densenet121")) == {
        "features.denseblock1.denselayer2.norm1.weight",
        "features.conv0.weight",
    }


def test_weights_that_do_not_fit_change_nothing():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 3))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    good = {k: torch.ones_like(v) for k, v in before.items()}
    for bad, text in (
        ({**good, "0.weight": torch.ones(5, 2)}, r"0.weight is \(2, 2\), they have \(5, 2\)"),
        ({k: v for k, v in good.items() if k != "0.bias"}, "they have nothing"),
        ({**good, "9.weight": torch.ones(1)}, "have 9.weight, which this network lacks"),
    ):
        with pytest.raises(UserError, match=text):
            carry(model, bad, ("1",))
        assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    fresh = carry(model, {**good, "1.weight": torch.ones(4, 2), "1.bias": torch.ones(4)}, ("1",))
    assert fresh == ("1.weight", "1.bias")
    assert torch.equal(model[0].weight, torch.ones(2, 2)) and torch.equal(model[1].weight, before["1.weight"])


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", [False, True])
def test_full_vgg16_equals_torchvisions(batch_norm, monkeypatch):
    torch.manual_seed(0)
    plain = trained(torchvision.models.vgg16_bn() if batch_norm else torchvision.models.vgg16())
    publish(monkeypatch, plain)
    model = build(ModelSpec("vgg16", "local", 1000, {"batch_norm": batch_norm, "pretrained": True})).eval()
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(model(x), plain(x), rtol=1e-3, atol=1e-5)
