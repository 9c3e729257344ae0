import pytest
import torch

from attnviz.attention import ATTENTION
from attnviz.attention.gate import Gate
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.spec import ModelSpec, build, count_parameters


def spec(attention="cbam", **options):
    return ModelSpec("compact-resnet", attention, 10, options)


@pytest.mark.parametrize("attention", ["none", "se", "cbam-channel", "spatial", "cbam", "local", "eca", "gc", "simam"])
def test_at_most_1_6_million_parameters_and_attention_in_every_branch(attention):
    model = build(spec(attention)).eval()
    assert 1_000_000 < count_parameters(model) <= 1_600_000
    blocks = [m for m in model.modules() if type(m).__name__ == "BasicBlock"]
    assert len(blocks) == 8
    assert all(type(b.attention) is ATTENTION[attention] for b in blocks)
    assert model(torch.randn(2, 3, 128, 128)).shape == (2, 10)


def test_output_stride_is_16():
    model = build(spec("spatial")).eval()
    masks = []
    for module in model.modules():
        if isinstance(module, Gate):
            module.register_forward_hook(lambda m, i, o: masks.append(tuple(o.shape[2:])))
    model(torch.randn(1, 3, 128, 128))
    assert masks == [(32, 32)] * 2 + [(16, 16)] * 2 + [(8, 8)] * 4


@pytest.mark.parametrize("side", [16, 17, 96, 100])
def test_other_sizes_and_channels(side):
    model = build(spec(in_channels=6, widths=[8, 8, 16, 16], depths=[1, 1, 1, 1])).eval()
    assert model(torch.randn(1, 6, side, side + 3)).shape == (1, 10)


def test_attention_acts_on_the_branch_before_the_addition():
    model = build(spec("se", widths=[8, 8, 8, 8], depths=[1, 2, 1, 1])).eval()
    block = model.stage2[1]
    block.attention.gate.register_forward_hook(lambda m, i, o: torch.zeros_like(o))
    x = torch.rand(1, 8, 4, 4)
    torch.testing.assert_close(block(x), x)  # a shut branch leaves the shortcut


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: build(ModelSpec("compact-resnt", "se", 10)), "did you mean 'compact-resnet'"),
        (lambda: build(ModelSpec("compact-resnet", "cbm", 10)), "did you mean 'cbam'"),
        (lambda: build(spec(width=3)), "unexpected keyword argument 'width'"),
        (lambda: build(ModelSpec("compact-resnet", "se", 10, {}, {"r": 2})), "unexpected keyword argument 'r'"),
        (lambda: build(spec(widths=[8, 8])), "widths must be 4 whole numbers"),
        (lambda: build(spec(dropout=1.0)), "dropout must be in"),
        (lambda: build(ModelSpec("compact-resnet", "se", 1)), "num_classes must be ≥ 2"),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(UserError, match=text):
        make()


def test_a_description_survives_json():
    made = ModelSpec("compact-resnet", "cbam", 7, {"depths": [1, 1, 1, 1]}, {"order": "parallel"}, InputSpec((96, 64)))
    assert ModelSpec.from_json(made.to_json()) == made
    with pytest.raises(UserError, match="model description: unknown key .backbon.; did you mean .backbone."):
        ModelSpec.from_json({"backbon": "x"})
    with pytest.raises(UserError, match="attention is missing"):
        ModelSpec.from_json({"backbone": "compact-resnet"})
