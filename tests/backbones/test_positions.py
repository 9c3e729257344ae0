"""Attention sits where it is said to sit, and meets the number of channels it should."""

import pytest
import torch

from attnviz.attention.gate import Gate
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.spec import ModelSpec, build, input_shape
from tests.backbones.tiny import TINY


def made(backbone, attention="se", attention_options=None, **options):
    torch.manual_seed(0)
    spec = ModelSpec(backbone, attention, 3, {**TINY[backbone][0], **options}, attention_options or {})
    return build(spec).eval()


def met(model, x):
    """Shapes of gates and features, in the order in which they act."""
    seen = []
    for module in model.modules():
        if isinstance(module, Gate):
            module.register_forward_hook(lambda m, i, o: seen.append((tuple(o.shape[1:]), tuple(i[1].shape[1:]))))
    model(x)
    return seen


def test_mobilenet_first_meets_the_input_and_last_the_final_map():
    x = torch.randn(1, 5, 64, 64)
    for position, shape in (("first", (5, 64, 64)), ("last", (1280, 2, 2))):
        [(gate, features)] = met(made("mobilenet-v2", "cbam-channel", position=position, in_channels=5), x)
        assert (gate, features) == ((shape[0], 1, 1), shape)
    assert len(met(made("mobilenet-v2", position="block", in_channels=5), x)) == 17
    assert not met(made("mobilenet-v2", position="none", in_channels=5), x)


def test_mobilenet_default_gate_is_the_papers():
    gate = made("mobilenet-v2", "cbam-channel", position="last").attention
    assert gate.reduce.out_features == 1280 and gate.reduce.bias is not None
    assert made("mobilenet-v2", "cbam-channel", {"reduction": 16}, position="last").attention.reduce.out_features == 80
    block = made("mobilenet-v2", "cbam-channel", position="block").blocks()[-1]
    assert block.attention.reduce.out_features < block.attention.channels and block.attention.reduce.bias is None
    from attnviz.backbones.mobilenet_v2 import AttentionMobileNetV2

    direct = AttentionMobileNetV2(num_classes=3, width=0.1)
    assert direct.attention.reduce.out_features == 1280


def test_mobilenet_block_gates_before_the_projection():
    block = made("mobilenet-v2", position="block").blocks()[1]
    block.attention.gate.register_forward_hook(lambda m, i, o: torch.zeros_like(o))
    out = block(torch.randn(1, block.conv[0][0].in_channels, 8, 8))
    torch.testing.assert_close(out, block.conv[-1](torch.zeros_like(out)))  # only what the last batch norm adds


def test_a_stem_for_other_channels_is_he_fan_out():
    model = made("mobilenet-v2", width=1.0, position="none", in_channels=40)
    stem = model.features[0][0]
    assert stem.weight.shape == (32, 40, 3, 3) and stem.stride == (2, 2)
    assert stem.weight.std().item() == pytest.approx((2 / (32 * 9)) ** 0.5, rel=0.05)


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_resnet_branch_and_after(block):
    model = made("resnet", block=block, position="branch", depths=[2, 1, 1, 1])
    part = model.layer1[1]
    part.attention.gate.register_forward_hook(lambda m, i, o: torch.zeros_like(o))
    x = torch.rand(1, part.conv1.in_channels, 4, 4)
    torch.testing.assert_close(part(x), x)  # a shut branch leaves the shortcut
    part = made("resnet", block=block, position="after", depths=[2, 1, 1, 1]).layer1[1]
    part.attention.gate.register_forward_hook(lambda m, i, o: torch.zeros_like(o))
    assert not part(x).any()


def test_vgg_gates_meet_what_the_max_pools_get():
    model = made("vgg16", batch_norm=False)
    pooled = []
    for module in model.features:
        if isinstance(module, torch.nn.MaxPool2d):
            module.register_forward_hook(lambda m, i, o: pooled.append(i[0].clone()))
    outputs = []
    for module in model.attention:
        module.register_forward_hook(lambda m, i, o: outputs.append(o.clone()))
    shapes = [features for _, features in met(model, torch.randn(1, 3, 64, 64))]
    assert shapes == [(4, 64, 64), (8, 32, 32), (16, 16, 16), (32, 8, 8), (32, 4, 4)]
    assert all(torch.equal(a, b) for a, b in zip(pooled, outputs, strict=True))


def test_vgg_full_head():
    model = made("vgg16", head="full")
    assert [m.in_features for m in model.classifier if hasattr(m, "in_features")] == [32 * 49, 256, 256]
    assert sum(isinstance(m, torch.nn.Dropout) for m in model.classifier) == 2
    assert model(torch.randn(2, 3, 40, 56)).shape == (2, 3)


def test_densenet_gates_new_features_or_transitions():
    x = torch.randn(1, 3, 32, 32)
    model = made("densenet", position="layer", stem="small", growth=6, blocks=[2, 1])
    assert [features for _, features in met(model, x)] == [(6, 32, 32), (6, 32, 32), (6, 16, 16)]
    assert model.features.denseblock1.denselayer1.attention.reduce.out_features == 1  # int(6 / 16), never below 1
    model = made("densenet", position="transition", stem="small", growth=6, blocks=[2, 2, 1])
    assert [features for _, features in met(model, x)] == [(12, 16, 16), (12, 8, 8)]
    assert met(made("densenet", position="layer", stem="large"), x)[0][1] == (4, 8, 8)


def test_efficientnet_replaces_or_follows_its_se():
    from torchvision.ops import SqueezeExcitation as TheirSE

    replaced, after = made("efficientnet", position="replace"), made("efficientnet", position="after")
    count = len(replaced.blocks())
    assert not [m for m in replaced.modules() if isinstance(m, TheirSE)]
    assert len([m for m in after.modules() if isinstance(m, TheirSE)]) == count
    x = torch.randn(1, 3, 64, 64)
    expanded = [block[-1][0].in_channels for block in after.blocks()]
    assert [f[0] for _, f in met(after, x)] == [f[0] for _, f in met(replaced, x)] == expanded


def test_volumes_have_a_weight_per_slice_and_a_mask_per_slice():
    spec = ModelSpec("compact-3d", "cbam", 3, {"widths": [4, 8]}, {}, InputSpec((16, 12)))
    x = torch.randn(input_shape(spec, batch=2, depth=5))
    assert x.shape == (2, 1, 5, 16, 12)
    assert [gate for gate, _ in met(build(spec).eval(), x)] == [
        (4, 5, 1, 1),
        (1, 5, 16, 12),
        (8, 5, 1, 1),
        (1, 5, 8, 6),
    ]


def test_a_type_error_inside_a_type_is_not_taken_for_a_missing_form():
    with pytest.raises(UserError, match="unexpected keyword argument 'r'"):
        build(ModelSpec("compact-3d", "cbam", 3, {"widths": [4]}, {"r": 2}))
