import json
import math
import re

import pytest
import torch

from attnviz.attention import ATTENTION
from attnviz.attention.describe import describe
from attnviz.attention.description import arithmetic, printed
from attnviz.attention.gate import Gate
from attnviz.attention.stepwise import record
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.models.spec import count_parameters
from tests.attention.helpers import make, shape_after

VARIANTS = [(name, {}) for name in ATTENTION] + [
    ("se", {"reduction": 3}),
    ("cbam-channel", {"bias": True, "reduction": 2.5}),
    ("spatial", {"kernel_size": 3}),
    ("spatial", {"dims": 3}),
    ("cbam", {"order": "parallel", "bias": True}),
    ("cbam", {"dims": 3, "kernel_size": 7}),
    ("eca", {"kernel_size": 9}),
    ("sk", {"groups": 4, "reduction": 1}),
    ("sk", {"dilated": False}),
    ("self-attention", {"similarity": "cosine", "heads": 4}),
    ("self-attention", {"similarity": "mlp", "heads": 2, "reduction": 1}),
    ("self-attention", {"max_positions": 7}),
    ("danet", {"max_positions": 7, "reduction": 4}),
    ("coord", {"reduction": 2}),
    ("stn", {"reduction": 3}),
]


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=lambda v: str(v))
@pytest.mark.parametrize("channels", [1, 24, 136])
def test_the_closed_form_is_the_real_number_of_parameters(name, options, channels):
    try:
        module = make(name, channels, **options)
    except UserError:
        return  # groups or heads that do not divide
    said = describe(name, channels, 6, 5, options)
    assert said.parameters == count_parameters(module)
    assert said.parameters == arithmetic(said.parameter_formula.replace("^", "**").replace("·", "*"), said.symbols)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "options"), [v for v in VARIANTS if v[1].get("dims", 2) == 2], ids=lambda v: str(v))
def test_the_steps_have_the_shapes_that_occur(name, options):
    said, x = describe(name, 24, 6, 5, options), torch.randn(1, 24, 6, 5)
    shapes = [step.shape for step in said.steps]
    assert shapes[0] == (1, 24, 6, 5) and shapes[-1] == shape_after(name, x)
    module = make(name, 24, **options).eval()
    seen = []
    for part in module.modules():
        if isinstance(part, Gate):
            part.register_forward_hook(lambda m, i, o: seen.append(tuple(o.shape)))
    module(x)
    sizes = {math.prod(shape) for shape in shapes}
    assert all(math.prod(shape) in sizes for shape in seen)
    assert shapes == [tuple(step.value.shape) for step in record(module, x)[1]]
    for step in said.steps:  # letters are the numbers that they stand for
        for letter, size in zip(step.symbolic.split(", ")[1:], step.shape[1:], strict=True):
            if "′" not in letter:
                assert arithmetic(letter, said.symbols) == size, (step.does, letter)


def test_se_in_words_and_numbers():
    text = describe("se", 64, 7, 9).as_text()
    for part in ("arXiv 1709.01507", "σ(W₂ ReLU(W₁ mean(x)))", "C = 64, h = 4, H = 7, W = 9", "(N, 64, 1, 1)",
                 "C·h + h·C = 512"):  # fmt: skip
        assert part in text


@pytest.mark.parametrize("name", list(ATTENTION))
def test_every_type_is_described_on_the_command_line(name, capsys):
    assert main(["describe", name, "--channels", "32", "--height", "5", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["name"] == name and said["symbols"]["C"] == 32 and said["steps"][0]["shape"] == [1, 32, 5, 32]
    assert said["paper"] and said["formula"]
    assert main(["describe", name]) == 0
    assert said["title"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["see"], "unknown attention type 'see'; did you mean 'se'"),
        (["se", "--channels", "0"], "channels must be a whole number of at least 1, got 0"),
        (["se", "--height", "0"], "height and width must be"),
        (["se", "--option", "reduction=0"], "reduction must be at least 1"),
        (["se", "--option", "r=2"], "se cannot be built: .*unexpected keyword argument 'r'"),
    ],
)
def test_what_is_refused(arguments, text, capsys):
    assert main(["describe", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(text, error)


def test_arithmetic():
    assert arithmetic("(9 + k**2)*C*C//g - 1", {"k": 3, "C": 4, "g": 2}) == 143
    assert printed("2*k**2") == "2·k^2"
    for bad in ("C.real", "f(3)", "1.5", "-C", "'a'"):
        with pytest.raises(ValueError, match="a formula has whole numbers"):
            arithmetic(bad, {"C": 1})
    with pytest.raises(KeyError):
        arithmetic("Q", {})
