"""What a tape holds, and what a capture leaves behind."""

import threading

import pytest
import torch
from torch import nn

from attnviz import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral
from tests.gates import foreign, published
from tests.gates.witness import Witness

X = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
STYLES = {**foreign.ATTENTION, **published.ATTENTION}


def no_hooks(model):
    return not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad], ids=lambda c: c.__name__)
@pytest.mark.parametrize("style", STYLES, ids=lambda s: s.__name__)
def test_capture_reads_what_the_network_used(style, context):
    model = foreign.build(style)
    sites = find_gates(model, X[:1])
    names = [s.name for s in sites]
    with context():
        plain = model(X)
        with capture(model, sites) as light:
            logits = model(X)
        with capture(model, sites, names, exact=True) as tape:
            again = model(X)
    assert torch.equal(plain, logits) and torch.equal(plain, again) and no_hooks(model)
    assert list(light) == list(tape) == names or set(light) == set(tape) == set(names)
    for site in sites:
        assert torch.equal(light[site.name].values, tape[site.name].values)
        assert light[site.name].features is None
        assert light[site.name].values.shape[1:] == site.shape[1:]
    seen = {s.name: (s.kind, tape[s.name].values, tape[s.name].features) for s in sites}
    with torch.no_grad(), Witness(seen) as witness:
        model(X)
    assert not witness.pending


def test_product_of_gates_is_taken_apart():
    model = foreign.build(foreign.ProductFirst)
    sites = find_gates(model, X)
    outputs = []
    handle = model.attn.register_forward_hook(lambda m, i, o: outputs.append(o))
    with torch.no_grad(), capture(model, sites, ["attn:channel", "attn:spatial"]) as tape:
        model(X)
    handle.remove()
    channel, spatial = tape["attn:channel"], tape["attn:spatial"]
    assert channel.values.shape == (2, 8, 1, 1) and spatial.values.shape == (2, 1, 12, 12)
    assert torch.equal(channel.features, spatial.features)
    assert torch.equal(channel.features * (channel.values * spatial.values), outputs[0])


def test_values_are_cloned():
    model = foreign.build(foreign.InPlaceThenReLU)
    with torch.no_grad(), capture(model, find_gates(model, X), ["attn"]) as tape:
        model(X)
    assert tape["attn"].values.min() > 0, "the module zeroes its gate afterwards"
    assert tape["attn"].features.min() < 0, "the module overwrites its features with a ReLU"


def test_a_later_pass_overwrites_an_earlier_one_and_gradients_flow():
    model = foreign.build(foreign.ModuleSigmoid)
    sites = find_gates(model, X)
    with capture(model, sites) as tape:
        model(X)
        first = tape["attn"].values
        model(-X).sum().backward()
    assert not torch.equal(first, tape["attn"].values) and not first.requires_grad
    assert model.stem.weight.grad.abs().sum() > 0
    # Under checkpointing the backward pass runs the module once more; that is no second gate.
    model = foreign.build(foreign.Checkpointed)
    with capture(model, find_gates(model, X)) as tape:
        model(X).sum().backward()
    assert list(tape) == ["attn"]


def test_a_module_called_twice_gives_two_records():
    class Twice(foreign.FunctionalSigmoid):
        def __init__(self):
            super().__init__()
            self.se = foreign.ModuleSigmoid()

        def forward(self, x):
            return self.se(torch.relu(self.se(x) - 0.5))

    model = foreign.build(Twice)
    sites = find_gates(model, X)
    with torch.no_grad(), capture(model, sites) as tape:
        model(X)
    with torch.no_grad(), capture(model, ["attn.se#2"]) as only:
        model(X)
    assert list(tape) == ["attn.se", "attn.se#2"] and list(only) == ["attn.se#2"]
    assert not torch.equal(tape["attn.se"].values, tape["attn.se#2"].values)
    assert torch.equal(only["attn.se#2"].values, tape["attn.se#2"].values)


def test_other_sizes_formats_and_types():
    model = foreign.build(foreign.Upsampled)
    sites = find_gates(model, X)
    big = torch.randn(3, 3, 20, 16)
    for x in (big, big.to(memory_format=torch.channels_last)):
        with torch.no_grad(), capture(model, sites) as tape:
            assert torch.equal(model(x), model(x))
        assert tape["attn"].values.shape == (3, 1, 20, 16)
    plain = model(X)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16), capture(model, sites) as tape:
        logits = model(X)
    assert tape["attn"].values.shape == (2, 1, 12, 12) and torch.allclose(logits.float(), plain, atol=0.05)
    double = foreign.build(foreign.Fused).double()
    with torch.no_grad(), capture(double, find_gates(double, X.double())) as tape:
        double(X.double())
    assert torch.allclose(tape["attn"].values.sum(-1), torch.ones(()))


def test_several_models_at_once():
    one, two = foreign.build(foreign.FunctionalSigmoid), foreign.build(foreign.SpatialMask)
    with torch.no_grad(), capture(one, find_gates(one, X)) as a, capture(two, find_gates(two, X)) as b:
        one(X), two(X)
    assert a["attn"].values.shape == (2, 8, 1, 1) and b["attn"].values.shape == (2, 1, 12, 12)


@pytest.mark.parametrize("style", [foreign.FunctionalSigmoid, foreign.ModuleSigmoid], ids=lambda s: s.__name__)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_comes_out_unchanged_and_leaves_nothing(style, error):
    class Broken(style):
        broken = False

        def logits(self, x):
            if self.broken:
                raise error("the model's own")
            return super().logits(x)

    model = foreign.build(Broken).train()
    sites = find_gates(model, X)
    plain = model(X)
    Broken.broken = True
    with pytest.raises(error, match="the model's own"), capture(model, sites), edit(model, {"attn": neutral()}):
        model(X)
    assert no_hooks(model) and model.training
    assert torch.utils._python_dispatch._get_current_dispatch_mode() is None
    Broken.broken = False
    assert torch.equal(model(X), plain)
    with capture(model, sites) as tape:
        assert torch.equal(model(X), plain)
    assert tape["attn"].values.shape == (2, 8, 1, 1)


def test_threads_have_models_of_their_own():
    models = [foreign.build(s) for s in (foreign.FunctionalSigmoid, foreign.Strips, foreign.NonLocal)]
    sites = [find_gates(m, X) for m in models]
    with torch.no_grad():
        plain = [m(X) for m in models]
    wrong = []

    def work(number):
        for _ in range(40):
            with torch.no_grad(), capture(models[number], sites[number]) as tape:
                if not torch.equal(models[number](X), plain[number]) or len(tape) != len(sites[number]):
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert not wrong and all(no_hooks(m) for m in models)


def test_two_threads_on_one_model_are_refused():
    model = foreign.build(foreign.FunctionalSigmoid)
    sites = find_gates(model, X)
    said = []

    def attempt(action):
        try:
            action()
        except UserError as error:
            said.append(str(error))

    def read():
        with capture(model, sites):
            pass

    with capture(model, sites) as tape:
        for action in (read, lambda: find_gates(model, X), lambda: model(X)):
            thread = threading.Thread(target=attempt, args=(action,))
            thread.start(), thread.join()
        model(X)
    assert len(said) == 3 and all("another thread is reading or editing this Sequential" in s for s in said)
    assert list(tape) == ["attn"] and no_hooks(model)
    read()


def test_wrong_names_before_any_hook():
    model = foreign.build(foreign.Strips)
    with pytest.raises(UserError, match=r"call find_gates\(model, example\) first"), capture(model, ["attn:0"]):
        pass
    sites = find_gates(model, X)
    with pytest.raises(UserError, match="did you mean 'attn:"), capture(model, ["attn:7"]):
        pass
    with pytest.raises(UserError, match="read features at"), capture(model, sites[:1], ["attn:1"]):
        pass
    other = find_gates(foreign.Several(), torch.randn(1, 8, 6, 6))
    with pytest.raises(UserError, match="unknown gate 'gate' in this Sequential"), capture(model, other):
        pass
    assert no_hooks(model)
    with capture(model, sites) as tape, pytest.raises(UserError, match="run the model inside the capture"):
        tape["attn:0"]
    with capture(model, sites[:1]) as tape:
        model(X)
    with pytest.raises(UserError, match="was not captured; did you mean 'attn:0'"):
        tape["attn:1"]


def test_compiled_models_obey():
    torch._dynamo.reset()
    model = foreign.build(foreign.ModuleSigmoid)
    compiled = torch.compile(model, backend="eager")
    with torch.no_grad():
        plain = compiled(X)
        sites = find_gates(compiled, X)
        assert [s.name for s in sites] == ["attn"]
        with capture(compiled, sites) as tape:
            assert torch.allclose(compiled(X), plain)
        with edit(compiled, {"attn": neutral()}):
            edited = compiled(X)
        assert tape["attn"].values.shape == (2, 8, 1, 1)
        assert not torch.allclose(edited, plain) and torch.equal(compiled(X), plain)
        inner = nn.Sequential(torch.compile(model, backend="eager"))
        inner(X)
        (site,) = find_gates(inner, X)
        assert site.name == "0.attn"
        with edit(inner, {site: neutral()}):
            assert torch.equal(inner(X), edited)
