"""What a search takes as example, what it says of every product, and what it costs to have it say so."""

import collections
import dataclasses
import json
import types
import warnings

import pytest
import torch
import torchvision
from torch import nn

from attnviz import UserError
from attnviz.cli.main import main
from attnviz.gates.capture import capture
from attnviz.gates.containers import tensors_within
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, set_to
from attnviz.gates.explain import as_text, explain_search
from attnviz.gates.marks import Marks
from attnviz.gates.tensor_table import storage_of
from tests.gates import foreign, published, strangers
from tests.zoo import awake

X = torch.randn(2, 8, 12, 12, generator=torch.Generator().manual_seed(0))


class Picture(torch.Tensor):
    """As fastai's: every result is of the subclass again."""


class Bare(torch.Tensor):
    """A subclass whose results are plain tensors."""

    __torch_function__ = torch._C._disabled_torch_function_impl


@dataclasses.dataclass(frozen=True)
class Sample:
    image: torch.Tensor
    label: int = 0


class Batch(collections.UserDict):
    """As the batches of tokenizers: a mapping that torch's pytree does not know."""


class Slotted:
    def __init__(self, image):
        self.image = image


Pair = collections.namedtuple("Pair", "image label")


class Reader(nn.Module):
    """Takes its picture out of any container, and gives the same kind back."""

    def __init__(self, make):
        super().__init__()
        self.gate, self.make = foreign.FunctionalSigmoid(), make

    def forward(self, batch):
        image = batch["image"] if isinstance(batch, collections.abc.Mapping) else batch.image
        return self.make(self.gate(image))


CONTAINERS = {
    "dataclass": lambda x: Sample(x),
    "mapping": lambda x: Batch(image=x),
    "ordered dict": lambda x: collections.OrderedDict(image=x),
    "default dict": lambda x: collections.defaultdict(list, image=x),
    "object": lambda x: Slotted(x),
    "namespace": lambda x: types.SimpleNamespace(image=x),
    "named tuple": lambda x: Pair(x, 1),
    "frozen mapping": lambda x: types.MappingProxyType({"image": x}),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_containers_as_input_and_output(kind):
    make = CONTAINERS[kind]
    model = Reader(make).eval()
    (site,) = find_gates(model, (make(X),))
    assert (site.name, site.kind) == ("gate", "channel")
    ((given,), (result,)) = tensors_within(make(X)), tensors_within(model(make(X)))
    assert given is X and result.shape == X.shape
    with edit(model, {site: set_to(0.5)}):
        (edited,) = tensors_within(model(make(X)))
        assert torch.equal(edited, X * 0.5)
        with pytest.raises(UserError, match="gradients cannot pass"):
            edited.sum().backward()


def test_an_object_may_be_the_example_itself():
    assert [s.name for s in find_gates(Reader(Sample), Sample(X))] == ["gate"]


@pytest.mark.parametrize("kind", [Picture, Bare, nn.Parameter])
@pytest.mark.parametrize(
    "style", [foreign.ModuleSigmoid, foreign.Context, foreign.BranchesCutApart, strangers.ChannelLoop]
)
def test_subclasses_of_tensor(kind, style):
    model = style().eval()
    given = nn.Parameter(X) if kind is nn.Parameter else X.as_subclass(kind)
    assert find_gates(model, given) == find_gates(model, X) != ()


@pytest.mark.parametrize("kind", [Picture, Bare])
def test_subclasses_of_tensor_without_gates(kind):
    assert find_gates(foreign.HandGRN(), X.as_subclass(kind)) == ()


def test_a_tensor_is_listed_once_and_a_container_may_hold_itself():
    assert tensors_within({"a": [X, (1, "b")], "c": Sample(X)}) == [X]
    loop = [X]
    loop.append(loop)
    assert tensors_within(loop) == [X]


@pytest.mark.filterwarnings("ignore")
def test_quantised_networks():
    torch.manual_seed(0)
    engine = torch.backends.quantized.engine
    torch.backends.quantized.engine = "qnnpack"
    try:
        model = torchvision.models.quantization.mobilenet_v3_large(weights=None, quantize=False)
        model = awake(model)
        model.fuse_model()
        model.qconfig = torch.ao.quantization.default_qconfig
        torch.ao.quantization.prepare(model, inplace=True)
        x = torch.randn(2, 3, 64, 64)
        with torch.no_grad():
            model(x)
            torch.ao.quantization.convert(model, inplace=True)
            plain = model(x)
            sites = find_gates(model, x)
            assert [s.kind for s in sites] == ["channel"] * 8
            with capture(model, sites) as tape:
                assert torch.equal(model(x), plain)
            assert all(not seen.values.is_quantized and seen.values.min() >= 0 for seen in tape.values())
            with edit(model, {sites[-1]: set_to(0.0)}), capture(model, sites) as tape:
                assert not torch.equal(model(x), plain)
            assert (tape[sites[-1].name].values == 0).all()
    finally:
        torch.backends.quantized.engine = engine


REASONS = {
    foreign.HandGRN: "has no upper limit",
    foreign.HandSiLU: "both factors are functions of the same value: an activation",
    published.Softplus: "1×8×1×1 has no upper limit",
    strangers.Peaks: "it meets the result of a comparison, no features",
    strangers.OwnMean: "both factors come from one activation",
    strangers.Recurrent: "it meets a vector, no feature map",
    strangers.SumInLogit: "the sum is the argument of an activation",
    strangers.BoxOffsets: "the product is a coordinate at which something is sampled",
    strangers.TimeStep: "what is added is no mean or maximum over places",
    strangers.Expectation: "an expectation, nothing is looked up",
    strangers.ObjectMap: "no learned weights follow: a score",
    strangers.TwiceUsed: "what is added is a gate that was found before",
    foreign.NonLocal: "neither factor sums to 1",
}


@pytest.mark.parametrize("style", REASONS, ids=lambda c: c.__name__)
def test_every_product_has_its_reason(style):
    model = style().eval()
    told = explain_search(model, X[:1])
    assert any(REASONS[style] in e.reason for e in told), [e.reason for e in told]
    assert all(bool(e.reason) != bool(e.sites) for e in told)
    in_order = dict.fromkeys(site for e in told for site in e.sites)
    assert set(in_order) == set(find_gates(model, X[:1]))


class Applied(nn.Module):
    """A gate that is applied in another way than by a product of two tensors."""

    def __init__(self, way):
        super().__init__()
        self.fc, self.way = nn.Conv2d(8, 8, 1), way

    def forward(self, x):
        features = self.fc(x)
        return self.way(features, self.fc(features.mean((2, 3), keepdim=True)))


def assigned(x, z):
    x = x.clone()
    x[(z.sigmoid() < 0.5).expand_as(x)] = 0.0
    return x


def as_kernel(x, z):
    kernel = z.sigmoid().flatten()[:, None, None, None]
    return torch.conv2d(x.flatten(0, 1)[None], kernel, groups=len(kernel)).view_as(x)


UNSERVED = {
    "divided": (lambda x, z: x / (1 + torch.exp(-z)), "a division is not served"),
    "divided by 1 over": (lambda x, z: torch.div(x, 1 / z.sigmoid()), "a division is not served"),
    "divided in place": (lambda x, z: x.clone().div_(1 + z.neg().exp()), "a division is not served"),
    "addcdiv": (lambda x, z: torch.addcdiv(torch.zeros_like(x), x, 1 + (-z).exp()), "a division is not served"),
    "masked_fill": (lambda x, z: x.masked_fill(z.sigmoid() < 0.5, 0.0), "left out by a mask"),
    "where": (lambda x, z: torch.where(z.sigmoid() > 0.5, x, torch.zeros_like(x)), "left out by a mask"),
    "where of logits": (lambda x, z: torch.where(z > 0, x, 0.0), "left out by a mask"),
    "assigned": (assigned, "left out by a mask"),
    "bmm": (lambda x, z: torch.bmm(z.sigmoid().flatten(1).diag_embed(), x.flatten(2)), "on a diagonal are not served"),
    "matmul": (lambda x, z: z.sigmoid().flatten(1).diag_embed() @ x.flatten(2), "on a diagonal are not served"),
    "glu": (lambda x, z: torch.nn.functional.glu(x, 1), "a gated linear unit is not served"),
    "kernel": (as_kernel, "used as a kernel is not served"),
    "foreach": (lambda x, z: torch._foreach_mul([x, x * 2], [z.sigmoid()] * 2)[0], "in one operation are not served"),
}


@pytest.mark.parametrize("way", UNSERVED)
def test_another_way_of_applying_a_gate_is_named(way):
    function, reason = UNSERVED[way]
    model = Applied(function).eval()
    assert find_gates(model, X) == ()
    assert [e for e in explain_search(model, X) if reason in e.reason]


def test_an_activation_by_a_mask_is_not_called_a_gate():
    for way in (lambda x, z: x.masked_fill(x < 0, 0.0), lambda x, z: torch.where(x > 0, x, x.exp() - 1)):
        assert explain_search(Applied(way).eval(), X) == ()


def test_explanations_as_text():
    text = as_text(explain_search(foreign.build(foreign.HandGRN), torch.zeros(1, 3, 12, 12)))
    assert "attn: multiplication 1 of 1×8×12×12 and 1×8×1×1\n    no gate: " in text
    text = as_text(explain_search(foreign.build(foreign.ModuleSigmoid), torch.zeros(1, 3, 12, 12)))
    assert text == "attn: multiplication 1 of 1×8×12×12 and 1×8×1×1\n    gate attn (channel)"
    assert as_text(explain_search(nn.Conv2d(8, 2, 1), X)).startswith("no two values")
    with pytest.raises(UserError, match="fails on the example"):
        explain_search(nn.Conv2d(3, 2, 1), X)


def test_why_on_the_command_line(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main(["gates", "timm:lcnet_050", "--untrained", "--why"])
        text = capsys.readouterr().out
        main(["gates", "timm:lcnet_050", "--untrained", "--why", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert text.count("    gate ") == 2 == sum(bool(row["sites"]) for row in rows)
    assert set(rows[0]) == {"module", "operation", "shapes", "sites", "reason"}


def test_what_is_written_to_again_and_again_is_remembered_once():
    marks, table = Marks(), torch.zeros(64, 4)
    marks.set(table, marks.new())
    for row in range(64):  # as people's networks, each row of a table of points
        part = table[row]
        marks.set(part, marks.new())
        marks.touch(part)
    assert len(marks._in_storage[storage_of(table)]) < 64


def test_an_operation_of_another_library_is_named():
    @torch.library.custom_op("attnviz_tests::gated", mutates_args=())
    def gated(x: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
        return x * gate

    (explanation,) = explain_search(Applied(lambda x, z: gated(x, z.sigmoid())).eval(), X)
    assert "another library" in explanation.reason
    assert explanation.place.op == "attnviz_tests::gated"
