"""Every backbone with every attention type builds, runs forward and backward, or says why not."""

import pytest
import torch

from attnviz.attention import ATTENTION
from attnviz.attention.gate import Gate
from attnviz.attention.walk import volume_types
from attnviz.backbones import BACKBONES
from attnviz.backbones.blocks import kinds_of
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.kinds import KINDS
from attnviz.models.spec import ModelSpec, build, input_shape
from attnviz.training.auxiliary import auxiliary_loss
from tests.attention.helpers import make
from tests.backbones.tiny import CASES, TINY, case_id
from tests.crossed import crossed

VOLUME_TYPES = {"none", *volume_types()}


def refusal(backbone, options, attention):
    """Text that must be in the refusal of a pair, or None where the pair makes sense."""
    if backbone == "compact-3d":
        return None if attention in VOLUME_TYPES else "has no form for volumes"
    position = options.get("position", "")
    if getattr(ATTENTION[attention], "pools", False) != position.startswith("pool"):
        return None if attention == "none" else "place of mean"
    branch = backbone == "efficientnet" or position in ("branch", "block", "layer")
    branch &= backbone not in ("small-cnn", "vgg16")  # all features pass every one of their places
    moves = any(KINDS[kind].moves for kind in kinds_of(make(attention, 8)))
    return "moves features" if moves and branch else None


def test_the_cases_are_complete():
    assert set(TINY) <= set(BACKBONES) == {name for name, _ in CASES}


@pytest.mark.parametrize(
    ("case", "attention"), crossed(CASES, list(ATTENTION)), ids=lambda v: v if isinstance(v, str) else case_id(v)
)
def test_pair(case, attention):
    backbone, options = case
    spec = ModelSpec(backbone, attention, 3, options, {}, InputSpec((32, 32)))
    reason = refusal(backbone, options, attention)
    if reason:
        with pytest.raises(UserError, match=reason):
            build(spec)
        return
    torch.manual_seed(0)
    model = build(spec)
    gates = [m for m in model.modules() if isinstance(m, Gate)]
    calls = []
    for gate in gates:
        gate.register_forward_hook(lambda m, i, o: calls.append(m))
    logits = model(torch.randn(input_shape(spec, batch=2)))
    assert logits.shape == (2, 3)
    assert calls and set(calls) == set(gates) if attention != "none" else not gates
    (logits.square().sum() + auxiliary_loss(model, torch.eye(3)[:2])).backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None]
    assert not idle
    # three input channels leave se one hidden unit, and ReLU may shut it
    if attention in ("se", "cbam", "local", "eca", "coord") and options.get("position") != "first":
        learns = [p.grad.abs().sum() > 0 for n, p in model.named_parameters() if "attention" in n]
        assert any(learns)


def test_types_that_start_in_their_own_way_do_so_in_every_backbone():
    for backbone, options in CASES:
        if backbone == "compact-3d" or options.get("position", "").startswith("pool"):
            continue
        model = build(ModelSpec(backbone, "gc", 3, options, {}, InputSpec((32, 32))))
        assert all(not m.expand.weight.any() for m in model.modules() if type(m).__name__ == "GlobalContext"), backbone
        model = build(ModelSpec(backbone, "local", 3, options, {"start_scale": 0}, InputSpec((32, 32))))
        found = [m for m in model.modules() if type(m).__name__ == "LocalAttention"]
        assert found and all(not m.spatial.expand.weight.any() for m in found), backbone


@pytest.mark.parametrize("backbone", [name for name in BACKBONES if name != "compact-3d"])
def test_modules_for_volumes_are_refused_in_backbones_for_maps(backbone):
    with pytest.raises(UserError, match="asked for volumes"):
        build(ModelSpec(backbone, "cbam", 3, TINY.get(backbone, [{}])[0], {"dims": 3}))


@pytest.mark.parametrize(
    ("backbone", "options", "text"),
    [
        ("mobilenet-v2", {"position": "frist"}, "unknown position 'frist'; did you mean 'first'"),
        ("mobilenet-v2", {"width": 0}, r"width must be a number in \(0, 4\], got 0"),
        ("resnet", {"block": "botleneck"}, "did you mean 'bottleneck'"),
        ("resnet", {"depths": [1, 1]}, r"depths must be 4 whole numbers ≥ 1, got \[1, 1\]"),
        ("resnet", {"widths": [8, 8, 8, 0]}, "widths must be 4 whole numbers"),
        ("resnet", {"position": "before"}, "unknown position"),
        ("vgg16", {"head": "smal"}, "did you mean 'small'"),
        ("vgg16", {"dropout": 1}, r"dropout must be in \[0, 1\), got 1"),
        ("densenet", {"compression": 0}, r"compression must be in \(0, 1\], got 0"),
        ("densenet", {"growth": 0}, "growth and bottleneck must be whole numbers ≥ 1"),
        ("densenet", {"stem": "huge"}, "unknown stem 'huge'; known: large, small"),
        ("efficientnet", {"position": "infront"}, "unknown position"),
        ("compact-3d", {"widths": []}, "widths must be whole numbers"),
        ("vgg16", {"in_channels": 0}, "in_channels ≥ 1"),
        ("densenet", {"widht": 3}, "unexpected keyword argument 'widht'"),
    ],
)
def test_options_outside_their_limits_are_refused(backbone, options, text):
    with pytest.raises(UserError, match=text):
        build(ModelSpec(backbone, "cbam", 3, {**TINY[backbone][0], **options}))
