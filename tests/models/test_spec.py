"""From descriptions to networks; a new attention type is one file and one line."""

import json
import sys

import pytest
import torch

from attnviz.attention import ATTENTION
from attnviz.backbones import BACKBONES
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.spec import ModelSpec, build, input_shape

TOY = '''
from torch import nn, sigmoid
from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels


class Toy(nn.Module):
    """One learned weight for everything, times the mean."""

    DESCRIPTION = Description("Toy", "y = x · σ(w mean(x))", "nobody, never",
                              lambda m, h, w: {"C": m.channels}, "1 + 0*C")

    def __init__(self, channels):
        super().__init__()
        self.channels = check_channels(channels)
        self.linear = nn.Linear(1, 1, bias=False)
        self.gate = Gate("spatial")

    def start_neutral(self):
        nn.init.zeros_(self.linear.weight)
        return 0.5

    def forward(self, x):
        mean = x.mean(1, keepdim=True).movedim(1, -1)
        return x * self.gate(sigmoid(self.linear(mean)).movedim(-1, 1), x)
'''
SMALL = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1]}


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """One new file and one new line in the table."""
    (tmp_path / "toy_attention.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(ATTENTION._targets, "toy", "toy_attention:Toy")
    yield
    sys.modules.pop("toy_attention", None)


@pytest.mark.slow
def test_a_new_type_appears_everywhere(toy, capsys):
    assert main(["describe", "toy", "--channels", "12"]) == 0
    assert "1 + 0·C = 1" in capsys.readouterr().out
    assert main(["describe", "tox"]) == 2
    assert "did you mean 'toy'" in capsys.readouterr().err
    options = [f"--option={k}={v}" for k, v in SMALL.items()]
    assert main(["cost", "compact-resnet", "--size", "32", "--repeats", "0", "--json", *options]) == 0
    rows = {row["attention"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["toy"]["parameters"] == rows["none"]["parameters"] + 4  # one in each of four blocks
    assert main(["cost", "compact-resnet", "--attention", "toy", "--size", "32", "--repeats", "0", "--markdown"]) == 0
    assert "| toy |" in capsys.readouterr().out
    for backbone, small in (("compact-resnet", SMALL), ("vgg16", {"width": 1 / 16, "head": "small"})):
        model = build(ModelSpec(backbone, "toy", 3, small)).eval()
        assert model(torch.randn(1, 3, 32, 32)).shape == (1, 3)
    plain = build(ModelSpec("vgg16", "none", 3, {"width": 1 / 16, "head": "small"})).eval()
    model.carry(plain.state_dict())
    x = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(model(x), plain(x))


def test_without_the_line_it_is_unknown():
    with pytest.raises(UserError, match="unknown attention type 'toy'"):
        build(ModelSpec("compact-resnet", "toy", 3, SMALL))


def test_a_finetuned_checkpoint_and_a_cost_need_no_download(tmp_path, monkeypatch):
    import torchvision

    from attnviz.models.checkpoints import Card, load, save_checkpoint
    from attnviz.models.cost import measure

    def fail(self, *args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(torchvision.models.WeightsEnum, "get_state_dict", fail)
    spec = ModelSpec("mobilenet-v2", "cbam-channel", 3, {"pretrained": True, "position": "none"})
    with pytest.raises(UserError, match="cannot be downloaded"):
        build(spec)
    module = build(spec, published_weights=False)
    save_checkpoint(tmp_path, Card("tuned", "Tuned", spec, ("a", "b", "c"), {}, {}, {}), module)
    loaded = load("tuned", tmp_path)
    assert loaded.spec.backbone_options["pretrained"] is True
    torch.testing.assert_close(loaded.module.classifier[1].weight, module.classifier[1].weight, atol=1e-3, rtol=1e-2)
    assert measure("mobilenet-v2", ["none"], 32, 3, spec.backbone_options, repeats=0).rows


def test_tables_point_to_what_exists():
    for table in (ATTENTION, BACKBONES):
        assert all(isinstance(table[name], type) and issubclass(table[name], torch.nn.Module) for name in table)
    assert len({ATTENTION[name] for name in ATTENTION}) == len(ATTENTION)


def test_input_shapes():
    size = InputSpec((32, 48))
    assert input_shape(ModelSpec("vgg16", "se", 3, input=size)) == (1, 3, 32, 48)
    assert input_shape(ModelSpec("resnet", "se", 3, {"in_channels": 6}, input=size), batch=4) == (4, 6, 32, 48)
    assert input_shape(ModelSpec("compact-3d", "cbam", 3, input=size), depth=5) == (1, 1, 5, 32, 48)


def test_the_networks_of_published_recipes_are_the_same_as_ever():
    """Names and first weights of the compact residual network, which finished checkpoints and runs depend on."""
    torch.manual_seed(0)
    model = build(ModelSpec("compact-resnet", "cbam", 10, {"dropout": 0.1}))
    keys = [key for key in model.state_dict() if key.startswith("stage2.0.attention")]
    assert keys == [f"stage2.0.attention.{k}.weight" for k in ("channel.reduce", "channel.expand", "spatial.conv")]
    total = sum(p.detach().double().abs().sum().item() for p in model.parameters())
    assert total == pytest.approx(56654.199164641956, rel=1e-9)
