"""Captures of attnviz's own modules: what one has worked out serves the next, and must never be out of date."""

import gc
import threading
import weakref

import pytest
import torch
from torch import nn

from attnviz import UserError
from attnviz.attention.gate import Gate
from attnviz.gates import session
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, set_to
from tests.gates import foreign

X = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))


class Attention(nn.Module):
    def __init__(self, spoil=False):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)
        self.gate = Gate("channel")
        self.spoil = spoil

    def forward(self, x):
        values = self.gate(torch.sigmoid(self.conv(x).mean((2, 3), keepdim=True)), x)
        y = x * values
        if self.spoil:
            values.zero_()
        return y


def network(**options):
    torch.manual_seed(0)
    return nn.Sequential(nn.Sequential(Attention(**options), nn.ReLU()), Attention(**options)).eval()


def taps(model):
    return [m.tap for m in model.modules() if isinstance(m, Gate)]


def expected(model, x):
    """The gates, by plain forward hooks."""
    seen = {}
    handles = [
        m.register_forward_hook(lambda m, i, o, p=p: seen.update({p.removesuffix(".gate"): o.detach().clone()}))
        for p, m in model.named_modules()
        if isinstance(m, Gate)
    ]
    model(x)
    [h.remove() for h in handles]
    return seen


def check(model, sites, x=X):
    plain, wanted = model(x), expected(model, x)
    with capture(model, sites) as tape:
        assert torch.equal(model(x), plain)
    assert list(tape) == list(wanted) and taps(model) == [None, None]
    for name, value in wanted.items():
        assert torch.equal(tape[name].values, value) and not tape[name].values.requires_grad
    return tape


def test_one_capture_after_the_other():
    model = network()
    sites = find_gates(model, X)
    for x in (X, -X, torch.randn(3, 4, 9, 5), X.double()):
        model.to(x.dtype)
        for context in (torch.no_grad, torch.inference_mode, torch.enable_grad):
            with context():
                first, second = check(model, sites, x), check(model, [s.name for s in sites], x)
            assert first is not second and all(torch.equal(first[n].values, second[n].values) for n in first)
    with capture(model, sites) as tape:
        model(X.double())
        before = tape["1"].values
        model(-X.double())
        assert not torch.equal(before, tape["1"].values)
    with pytest.raises(ZeroDivisionError), capture(model, sites):
        1 / 0  # noqa: B018
    check(model, sites, X.double())


def test_exchanged_modules_are_met():
    model = network()
    sites = find_gates(model, X)
    first = check(model, sites)
    kept = model[1]
    model[1] = Attention()
    assert not torch.equal(check(model, sites)["1"].values, first["1"].values)
    model[1], model[0][0] = model[0][0], kept
    check(model, sites)
    model[0][0].gate = Gate("channel")
    check(model, sites)
    model[1] = nn.Identity()
    with pytest.raises(UserError, match="is gone from this Sequential"), capture(model, sites):
        pass
    assert taps(model) == [None] and not model._forward_pre_hooks
    model[1] = Attention()
    model[1].gate = nn.Flatten(0)  # no Gate, but still what is read there
    with pytest.raises(TypeError), capture(model, sites):
        model(X)
    assert taps(model) == [None] and not any(m._forward_hooks for m in model.modules())


def test_names_mean_what_the_last_search_found():
    model = network()
    find_gates(model, X)
    with capture(model, ["0.0", "1"]) as tape:
        model(X)
    model[1] = nn.Sequential(Attention())
    find_gates(model, X)
    with pytest.raises(UserError, match="unknown gate '1'"), capture(model, ["0.0", "1"]):
        pass
    with capture(model, ["1.0"]) as tape:
        model(X)
    assert list(tape) == ["1.0"]


def test_nested_captures_of_the_same_sites():
    model = network()
    sites = find_gates(model, X)
    check(model, sites)
    with capture(model, sites) as outer:
        with capture(model, sites) as inner, edit(model, {"1": neutral()}):
            model(X)
        assert (outer["1"].values == 1).all() and (inner["1"].values == 1).all()
        wanted = inner["0.0"].values
        model(-X)
        assert torch.equal(inner["0.0"].values, wanted) and not torch.equal(outer["0.0"].values, wanted)
        with edit(model, {"0.0": set_to(0.5)}):
            model(X)
        assert (outer["0.0"].values == 0.5).all()
        assert not (outer["1"].values == 1).all()
        with capture(model, sites, ["1"]) as tape:
            model(X)
        assert tape["1"].features.shape == X.shape and tape["0.0"].features is None
    check(model, sites)


def test_values_are_cloned():
    model = network(spoil=True)
    sites = find_gates(model, X)
    with torch.no_grad(), capture(model, sites) as tape:
        model(X)
    assert all((seen.values > 0).all() for seen in tape.values()), "the module zeroes its gate afterwards"


def test_a_gate_that_is_called_once_more_than_at_the_search():
    model = network()
    sites = find_gates(model, X)
    twice = nn.Sequential(model[0], model[1], model[1])
    assert [s.name for s in find_gates(twice, X)] == ["0.0", "1", "1#2"]
    with capture(twice, sites), pytest.raises(UserError, match="1: 1.gate is called more often than at the search"):
        twice(X)
    with capture(twice, ["0.0", "1"]) as tape:
        twice(X)
    with capture(twice, ["0.0", "1", "1#2"]) as both:
        twice(X)
    assert torch.equal(tape["1"].values, both["1"].values) and not torch.equal(both["1"].values, both["1#2"].values)
    with (
        capture(twice, ["1"]),
        pytest.raises(UserError, match="while the whole Sequential runs: call the model itself"),
    ):
        twice[1](X)
    with capture(twice, ["1"]) as tape:
        twice.forward(X)
    assert torch.equal(tape["1"].values, both["1"].values)


def test_another_thread_is_refused():
    model = network()
    sites = find_gates(model, X)
    check(model, sites)
    said = []

    def attempt(action):
        try:
            action()
        except UserError as error:
            said.append(str(error))

    with capture(model, sites) as tape:
        for action in (lambda: capture(model, sites).__enter__(), lambda: model(X), lambda: find_gates(model, X)):
            thread = threading.Thread(target=attempt, args=(action,))
            thread.start(), thread.join()
        assert not tape
        model(X)
        assert list(tape) == ["0.0", "1"]
    assert len(said) == 3 and all("another thread is reading or editing this Sequential" in s for s in said)
    thread = threading.Thread(target=check, args=(model, sites))
    thread.start(), thread.join()
    assert taps(model) == [None, None]


def test_a_captured_model_can_be_freed():
    class Linked(nn.Sequential):
        def link(self):
            self[1].__dict__["above"] = self  # modules that know their parents are common
            return self

    model = Linked(*network()).link()
    sites = find_gates(model, X)
    tape = check(model, sites)
    noted, old = weakref.ref(tape["1"].values), weakref.ref(model)
    assert session._sessions[id(model)][1].prepared.tape is None
    del tape
    assert noted() is None
    del model
    gc.collect()
    assert old() is None and sites


def test_functions_that_are_compiled_around_or_inside_a_model_obey():
    torch._dynamo.reset()
    own, other = network(), foreign.build(foreign.ModuleSigmoid)
    for model, x in ((own, X), (other, torch.randn(2, 3, 12, 12))):
        sites = find_gates(model, x)
        around = torch.compile(lambda x, model=model: model(x) + 1, backend="eager")
        with torch.no_grad():
            plain = around(x)
            with capture(model, sites) as outer, capture(model, sites) as tape:
                assert torch.allclose(around(x), plain)
            assert set(tape) == set(outer) == {s.name for s in sites}
            with edit(model, {s: set_to(0.25) for s in sites}):
                assert not torch.allclose(around(x), plain)
            assert torch.allclose(around(x), plain)
    own[1].forward = torch.compile(own[1].forward, backend="eager")
    with torch.no_grad():
        own(X)
        with edit(own, {"1": set_to(0.0)}):
            assert not own(X).any()
