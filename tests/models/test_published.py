"""Models by name; nothing here reaches the network."""

import copy
import json
import re

import pytest
import safetensors.torch
import torch

import attnviz
from attnviz import UserError
from attnviz.cli.main import main
from attnviz.core.input_spec import InputSpec
from attnviz.models import published as loading
from attnviz.models.locator import load


def test_timm_model_comes_with_its_own_configuration():
    loaded = attnviz.load("timm:lcnet_050", pretrained=False)
    assert loaded.name == "timm:lcnet_050" and not loaded.module.training
    assert loaded.spec.input == InputSpec((224, 224), 0.875)
    assert loaded.labels[:2] == ("class 0", "class 1") and len(loaded.labels) == loaded.spec.num_classes == 1000
    assert loaded.source["weights"] == "random" and loaded.source["library"].startswith("timm 1.")
    assert not any(p.requires_grad for p in loaded.module.parameters())
    assert loaded.checkpoint is None
    with pytest.raises(UserError, match="timm:lcnet_050 is no checkpoint of attnviz"):
        _ = loaded.card
    halves = load("timm:inception_v3", pretrained=False).spec.input
    assert halves.size == (299, 299) and halves.mean == (0.5, 0.5, 0.5)


def test_torchvision_model_comes_with_its_own_configuration():
    loaded = load("torchvision:mobilenet_v3_small", pretrained=False)
    assert loaded.spec.input == InputSpec((224, 224), 224 / 256, interpolation="bilinear")
    assert loaded.source["weights"] == "random" and len(loaded.labels) == 1000


def test_weights_and_labels_of_published_networks(monkeypatch):
    import timm
    from torchvision.models import MobileNet_V3_Small_Weights, mobilenet_v3_small

    monkeypatch.setattr(loading, "_answers", lambda url: None)
    real = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: real(name, pretrained=False))
    loaded = load("timm:lcnet_050.ra2_in1k")
    assert loaded.labels[0].startswith("tench") and len(set(loaded.labels)) > 990
    assert loaded.source["weights"] == "lcnet_050.ra2_in1k" and loaded.source["license"] == "apache-2.0"

    asked = {}
    state = mobilenet_v3_small().state_dict()

    def fetch(self, **options):
        asked.update(options)
        return state

    monkeypatch.setattr(MobileNet_V3_Small_Weights, "get_state_dict", fetch)
    loaded = load("torchvision:mobilenet_v3_small")
    assert asked["weights_only"] and asked["check_hash"], "a pickle must not run code"
    assert loaded.labels[0] == "tench"
    assert all(torch.equal(state[k], v) for k, v in loaded.module.state_dict().items())


def published_by_torchvision(name, monkeypatch):
    """What torchvision itself builds for its weights, and its file of them, both random."""
    from torchvision import models

    weights = models.get_model_weights(name).DEFAULT
    torch.manual_seed(0)
    file = models.get_model(name, weights=None).state_dict()
    if name.startswith("densenet"):  # older than counters of batches and versions
        new = {key: value for key, value in file.items() if "num_batches" not in key}
        file = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12]\.)", r"\1.\2", key): value for key, value in new.items()}
    monkeypatch.setattr(type(weights), "get_state_dict", lambda self, **options: copy.copy(file))
    monkeypatch.setattr(loading, "_answers", lambda url: None)
    return models.get_model(name, weights=weights).eval(), file


@pytest.mark.parametrize("name", ["inception_v3", "googlenet", "densenet121", "mnasnet0_5", "vit_b_32", "resnet18"])
@pytest.mark.filterwarnings("ignore:The default weight initialization")
def test_torchvisions_weights_answer_as_in_torchvision(name, monkeypatch):
    theirs, _ = published_by_torchvision(name, monkeypatch)
    network = load(f"torchvision:{name}")
    x = torch.randn(1, 3, *network.input.size)
    with torch.no_grad():
        assert torch.equal(network.module(x), theirs(x))
    assert getattr(network.module, "transform_input", None) == getattr(theirs, "transform_input", None)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("name", ["mnasnet0_5", "densenet121"])
def test_torchvisions_files_are_weights_of_ones_own(name, suffix, monkeypatch, tmp_path):
    theirs, file = published_by_torchvision(name, monkeypatch)
    path = tmp_path / f"w.{suffix}"
    if suffix == "pth":
        torch.save(file, path)
    else:
        safetensors.torch.save_file(file, path)
    network = load(f"torchvision:{name}", weights=path)
    x = torch.randn(1, 3, *network.input.size)
    with torch.no_grad():
        assert torch.equal(network.module(x), theirs(x))


@pytest.mark.parametrize("name", ["mnasnet0_5", "densenet121"])
def test_torchvisions_networks_get_a_fresh_head(name, monkeypatch):
    theirs, _ = published_by_torchvision(name, monkeypatch)
    fresh = loading.with_head(f"torchvision:{name}", 5, True)
    assert torch.equal(next(fresh.parameters()), next(theirs.parameters()))


@pytest.mark.parametrize("name", ["vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32", "vit_h_14"])
def test_vision_transformers_are_built_for_the_size_that_they_are_given(name):
    with torch.device("meta"):
        network = load(f"torchvision:{name}", pretrained=False, device="meta")
    assert network.module.image_size == network.input.size[0] == network.input.size[1]


def test_offline_is_said_in_a_sentence(monkeypatch):
    import timm
    from torchvision.models import MobileNet_V3_Small_Weights

    def offline(*args, **keywords):
        raise OSError("Name or service not known\nand more")

    monkeypatch.setattr(loading, "_answers", lambda url: None)
    monkeypatch.setattr(timm, "create_model", offline)
    monkeypatch.setattr(MobileNet_V3_Small_Weights, "get_state_dict", offline)
    for name in ("timm:lcnet_050", "torchvision:mobilenet_v3_small"):
        with pytest.raises(UserError, match=rf"weights of {name} could not be fetched \(Name or service not known\); "):
            load(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timm:seresnet5O", "did you mean 'seresnet50"),
        ("torchvision:efficientnet_bO", "did you mean 'efficientnet_b"),
        ("torchvision:fasterrcnn_resnet50_fpn", "no classification model"),
        ("tim:seresnet50", "unknown library 'tim' in 'tim:seresnet50'; did you mean 'timm'"),
        ("no-such-checkpoint", "no checkpoint"),
    ],
)
def test_wrong_names(name, message):
    with pytest.raises(UserError, match=message):
        load(name, pretrained=False)


@pytest.mark.parametrize("name", ["cbam", "none", "noise-attention", "noise-plain"])
def test_the_gates_command_takes_every_checkpoint(name, noise_checkpoints, capsys):
    status = main(["gates", str(noise_checkpoints / f"{name}.json")])
    told = capsys.readouterr()
    if name in ("none", "noise-plain"):
        assert status == 2 and f"{name}: this model has no attention gates; here is what it has: " in told.err
    else:
        assert status == 0 and "attention" in told.out and "tap" in told.out


def test_the_gates_command(capsys):
    assert main(["gates", "timm:lcnet_050", "--untrained"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "kind", "shape", "features", "how"] and len(lines) == 3
    assert " ".join(lines[1].split()) == "blocks.5.0.se channel 1×128×1×1 1×128×7×7 output of blocks.5.0.se.gate"
    assert main(["gates", "timm:lcnet_050", "--untrained", "--json"]) == 0
    sites = json.loads(capsys.readouterr().out)
    assert sites[1]["name"] == "blocks.5.1.se" and sites[1]["shape"] == [1, 256, 1, 1]
    assert main(["gates", "torchvision:squeezenet1_0", "--untrained"]) == 2
    assert "has no attention gates; here is what it has: 26 Conv2d" in capsys.readouterr().err
