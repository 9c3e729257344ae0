"""What is asked for is served in every pass, wherever it begins, or an error names it."""

import contextlib
import copy
import io
import pickle
import threading

import pytest
import torch
from torch import nn

from attnviz import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, scale, set_to
from attnviz.gates.entrances import Hook
from tests.gates import models_of_passes as nets
from tests.gates.models_of_passes import C, named

X = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))
STYLES = pytest.mark.parametrize("attention", nets.ATTENTION, ids=lambda a: a.__name__)


class Wrapper(nn.Module):
    """What ``DataParallel`` and its like put around a network."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x)


def clean(model):
    """Whether nothing is left on a model."""
    return not any(
        m._forward_hooks
        or m._forward_pre_hooks
        or isinstance(m.__dict__.get("forward"), Hook)
        or getattr(m, "tap", None) is not None
        for m in model.modules()
    )


def by_hand(model, x, attention):
    """Logits if the gate is half of what it is: what ``edit`` must give, without it."""
    features = model.stem(x)
    kind = type(model.attention)
    if kind in (nets.Pairs, nets.Selective, nets.Mask, nets.ByModule, nets.Inside, nets.Tapped):
        return model.forward_head(model.attention(features) / 2)  # all of them are linear in the gate
    raise AssertionError(attention)


ENTRIES = {
    "call": (lambda m: m, lambda m, x: m(x)),
    "forward": (lambda m: m, lambda m, x: m.forward(x)),
    "forward_features": (lambda m: m, lambda m, x: m.forward_head(m.forward_features(x))),
    "parts": (lambda m: m, lambda m, x: m.forward_head(m.attention(m.stem(x)))),
    "a part's forward": (lambda m: m, lambda m, x: m.forward_head(m.attention.forward(m.stem(x)))),
    "wrapper": (Wrapper, lambda m, x: m(x)),
    "module of a wrapper": (Wrapper, lambda m, x: m.module(x)),
    "forward of the module": (Wrapper, lambda m, x: m.module.forward(x)),
    "DataParallel": (nn.DataParallel, lambda m, x: m(x)),
    "module of DataParallel": (nn.DataParallel, lambda m, x: m.module(x)),
    "Sequential": (lambda m: nn.Sequential(m), lambda m, x: m[0](x)),
    "ModuleDict": (lambda m: Wrapper(nn.ModuleDict({"net": m})["net"]), lambda m, x: m.module.forward(x)),
}
"""Name -> what is made of a network, and how a pass of that begins."""


@STYLES
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_pass_is_edited_and_read_wherever_it_begins(entry, attention):
    wrap, run = ENTRIES[entry]
    inner = named(nets.Net, attention)
    model = wrap(inner)
    (site,) = find_gates(model, X)
    inputs = [X, -X, X[:1], torch.randn(3, 3, 7, 5)]
    with torch.no_grad():
        expected = [by_hand(inner, x, attention) for x in inputs]
        plain = [run(model, x) for x in inputs]
        edited = half_all(model, site, run, inputs)
        with capture(model, [site]) as tape:
            for x, logits in zip(inputs, plain, strict=True):
                assert torch.equal(run(model, x), logits)
                values = tape[site.name].values
                with capture(model, [site]) as once:
                    model(x)
                assert torch.equal(values, once[site.name].values)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(edited, expected, strict=True)) and clean(model)


def half_all(model, site, run, inputs):
    with edit(model, {site: scale(0.5)}):
        return [run(model, x) for x in inputs]


MORE = {
    "crops": (nets.MultiCrop, [X], [X, -X, X[..., :5, :5]]),
    "crops in the batch": (nets.FiveCrops, X[:, None], torch.stack((X, -X, X.flip(3)), 1)),
    "twins": (nets.Twins, (X,), (X, X.flip(3))),
    "chunks": (nets.Chunks, X[:1], torch.cat((X, -X))),
    "augmented": (nets.Augmented, X, X),
    "rounds": (nets.Refined, X, X),
}


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("attention", nets.ATTENTION[:3], ids=lambda a: a.__name__)
def test_more_calls_than_at_the_search(more, attention):
    net, example, given = MORE[more]
    model = named(net, attention)
    args = given if isinstance(given, tuple) else (given,)
    (site,) = find_gates(model, [example] if isinstance(example, list) else example)
    model.augment, model.rounds = True, 3
    with torch.no_grad():
        with edit(model, {site: set_to(0.25)}):
            edited = model(*args)
        kept, model.attention.forward = model.attention.forward, lambda x: x * 0.25
        expected = model(*args)
        model.attention.forward = kept
        assert torch.allclose(edited, expected, atol=1e-6), "every call"
        if net is nets.FiveCrops:
            with capture(model, [site]) as tape:
                model(*args)
            assert tape[site.name].values.shape == (6, C, 1, 1)
            return
        with (
            capture(model, [site]) as tape,
            pytest.raises(
                UserError, match=f"^{site.name}: .* is called more often than at the search, where .* 1 time"
            ),
        ):
            model(*args)
        for crop in X, -X:  # of single calls each is a pass of its own
            with capture(model, [site]) as tape:
                model.attention(model.stem(crop))
            assert tape[site.name].values.shape == (2, C, 1, 1)
    assert clean(model)


class Shared(nets.Net):
    """One attention module for two stages."""

    def forward_features(self, x):
        return self.attention(torch.relu(self.attention(self.stem(x)) - 0.1))


@pytest.mark.parametrize("attention", nets.ATTENTION[:3], ids=lambda a: a.__name__)
def test_a_module_of_several_gates_is_told_apart_or_refused(attention):
    model = named(Shared, attention)
    first, second = find_gates(model, X)
    features = model.stem(X)
    with torch.no_grad():
        for run in (model, lambda x: model.forward(x)):
            for site, expected in (
                (first, model.attention(torch.relu(features * 0.5 - 0.1))),
                (second, torch.relu(model.attention(features) - 0.1) * 0.5),
            ):
                with edit(model, {site: set_to(0.5)}):
                    assert torch.allclose(run(X), model_head(model, expected), atol=1e-6)
                    assert torch.allclose(run(X), model_head(model, expected), atol=1e-6)
        for reading in (capture(model, [second]), edit(model, {second: neutral()})):
            with pytest.raises(UserError, match=f"{first.name} is one of 2|{second.name} is one of 2"), reading:
                model.forward_features(X)
    assert clean(model)


def model_head(model, features):
    with torch.no_grad():
        return model.head(features.mean((2, 3)))


@pytest.mark.parametrize(
    ("net", "switch"),
    [(nets.EarlyExit, "sure"), (nets.Skipped, "drop"), (nets.Flagged, "use_attention")],
    ids=lambda v: getattr(v, "__name__", ""),
)
@STYLES
def test_a_pass_that_does_not_come_to_a_gate(net, switch, attention):
    model = named(net, attention)
    (site,) = find_gates(model, X)
    wrapper = Wrapper(model)
    (outer,) = find_gates(wrapper, X)
    away = switch != "use_attention"

    def leave_out(value):
        setattr(model, switch, value if away else not value)

    with torch.no_grad():
        for whole, gate, run in (
            (model, site, model),
            (model, site, lambda x: model.forward(x)),
            (wrapper, outer, model),
        ):
            leave_out(False)
            with (
                pytest.raises(UserError, match=f"the edit of {gate.name} had no effect"),
                edit(whole, {gate: neutral()}),
            ):
                run(X)
                leave_out(True)
                run(X)
        leave_out(False)
        with capture(model, [site]) as tape:
            model.forward(X)
            assert tape[site.name].values is not None
            leave_out(True)
            model.forward(X)
            with pytest.raises(UserError, match=f"'{site.name}' was not captured|nothing was captured for"):
                tape[site.name]
        leave_out(False)
        with capture(model, [site]) as tape:
            model(X)
        assert tape[site.name].values is not None
    assert clean(model)


def test_an_edit_that_is_never_come_to():
    model = named(nets.Net)
    (site,) = find_gates(model, X)
    copied, exported = copy.deepcopy(model), torch.export.export(model, (X,)).module()
    for other in (copied, exported, torch.jit.trace(model, X), lambda x: model.stem(x), lambda x: None):
        with (
            torch.no_grad(),
            pytest.raises(UserError, match=f"the edit of {site.name} had no effect: while it was open, no pass"),
            edit(model, {site: neutral()}),
        ):
            other(X)
        assert clean(model)
    with pytest.raises(ZeroDivisionError), edit(model, {site: neutral()}):
        1 / 0  # noqa: B018 - an exception that is under way is not masked
    with edit(model, {site: neutral()}), contextlib.suppress(RuntimeError):
        model(torch.zeros(1, 5, 4, 4))  # the network's own exception has been seen


CHECKPOINTED = (nets.Checkpointed, nets.CheckpointedBlock, nets.CheckpointedWhole)


def gradients(model, x):
    model.zero_grad()
    model(x).square().sum().backward()
    return [None if p.grad is None else p.grad.clone() for p in model.parameters()]


@pytest.mark.parametrize("reentrant", [True, False], ids=["reentrant", "not reentrant"])
@pytest.mark.parametrize("net", CHECKPOINTED, ids=lambda n: n.__name__)
@pytest.mark.parametrize("attention", nets.ATTENTION, ids=lambda a: a.__name__)
def test_gradients_of_an_edit_under_checkpointing(net, reentrant, attention):
    plain, model = named(nets.Net, attention), named(net, attention)
    model.reentrant = reentrant
    model.load_state_dict(plain.state_dict())
    (site,) = find_gates(model, X)
    (own,) = find_gates(plain, X)
    x = X.clone().requires_grad_()
    below = site.place.op not in ("output", "tap")
    for change in (scale(0.5), set_to(0.3)):
        for twice in range(2):
            if below:
                message = "gradients cannot pass a gate that was edited"
                with pytest.raises(UserError, match=message), edit(model, {site: change}):
                    gradients(model, x)
                continue
            with edit(plain, {own: change}):
                expected = gradients(plain, x)
            with edit(model, {site: change}):
                actual = gradients(model, x)
            for a, b in zip(actual, expected, strict=True):
                assert (a is None) == (b is None) and (a is None or torch.allclose(a, b, rtol=1e-4, atol=1e-6)), twice
        if not below:
            with edit(model, {site: change}):
                loss = model(x).sum()
            with pytest.raises(UserError, match=f"the edit of {site.name} is closed, and gradient checkpointing"):
                loss.backward()
            with edit(plain, {own: change}):
                loss = plain(x).sum()
            loss.backward()
    with capture(model, [site]) as tape:
        gradients(model, x)
    assert tape[site.name].values is not None and clean(model)
    with torch.no_grad(), edit(model, {site: scale(0.5)}):
        edited = model(X)
    assert torch.allclose(edited, by_hand(plain, X, attention), atol=1e-6)


SAME = {
    "Identity": nn.Identity,
    "Dropout": lambda: nn.Dropout(0.5),
    "Dropout2d": lambda: nn.Dropout2d(0.2),
    "AlphaDropout": lambda: nn.AlphaDropout(0.2),
    "own": nets.Through,
    "nested": lambda: nn.Sequential(nn.Identity(), nn.Dropout(0.1)),
    "in place": lambda: nn.Hardtanh(0, 1, inplace=True),
    "a view": lambda: nn.Flatten(0, -1),
}


@pytest.mark.parametrize("use", [True, False], ids=["used", "not used"])
@pytest.mark.parametrize("before", [True, False], ids=["module", "function"])
@pytest.mark.parametrize("thing", SAME)
def test_a_module_between_gate_and_product(thing, before, use):
    attention = nets.between(SAME[thing], use, before)
    if thing == "a view" and use:
        pytest.skip("the product could not be formed")
    model = named(nets.Net, attention)
    (site,) = find_gates(model, X)
    with torch.no_grad(), capture(model, [site], exact=True) as tape:
        with edit(model, {site: set_to(0.0)}):
            edited = model(X)
        assert torch.allclose(edited, model.head.bias.expand_as(edited), atol=1e-6), "features times 0"
        assert not tape[site.name].values.any()
        model(X)
        assert tape[site.name].values.all()
    assert clean(model)


class Dropped(nets.Inside):
    """What the tap, or the activation, gives out is not what is multiplied."""

    def __init__(self, module):
        super().__init__()
        self.act = module

    def forward(self, x):
        gate = torch.sigmoid(self.fc(x.mean((2, 3))))[..., None, None]
        self.act(gate, x) if isinstance(self.act, nets.Gate) else self.act(gate)
        return x * gate


def test_an_edit_is_confirmed_where_it_acts():
    model = named(nets.Net, lambda: Dropped(nets.Gate("channel")))
    sites = find_gates(model, X)
    tapped = next(s for s in sites if s.how == "tap")
    message = f"the edit of {tapped.name}, at .*, did not reach the features: attention does not use"
    with torch.no_grad(), edit(model, {tapped: set_to(0.0)}), pytest.raises(UserError, match=message):
        model(X)
    # a network that is changed after the search
    model = named(nets.Net, nets.ByModule)
    (site,) = find_gates(model, X)
    kept = model.attention.forward
    model.attention.forward = lambda x: (kept(x), x * torch.sigmoid(x.mean((2, 3), keepdim=True)))[1]
    with torch.no_grad(), edit(model, {site: scale(0.5)}):
        model(X)  # the first product used it
    model.attention.forward = lambda x: (model.attention.scale_activation(x), x * 0.5)[1]
    message = f"the edit of {site.name}, at .*, did not reach the features: attention does not use"
    with torch.no_grad(), edit(model, {site: set_to(0.5)}), pytest.raises(UserError, match=message):
        model(X)
    assert clean(model)


COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "save": lambda model: torch.save(model, io.BytesIO()),
    "script": torch.jit.script,
    "export": lambda model: torch.export.export(model, (X,)),
    "a part": lambda model: copy.deepcopy(model.attention),
}


@pytest.mark.parametrize("way", COPIES)
@STYLES
def test_copies_inside_of_a_context_are_refused_by_name_or_clean(way, attention):
    model = named(nets.Net, attention)
    (site,) = find_gates(model, X)
    for context in (capture(model, [site]), edit(model, {site: set_to(0.5)}), capture(model, [site], exact=True)):
        with context, torch.no_grad():
            plain = model(X)
            try:
                copied = COPIES[way](model)
            except UserError as error:
                assert "while its gates are read or edited" in str(error)
            else:
                assert isinstance(copied, nn.Module) and clean(copied)
            assert torch.equal(model(X), plain)
            state = io.BytesIO()
            torch.save(model.state_dict(), state)
    copied = copy.deepcopy(model)
    assert clean(copied) and clean(model) and pickle.loads(pickle.dumps(model)) is not None
    thread = threading.Thread(target=copied, args=(X,))
    thread.start(), thread.join()


def scripted(model):
    return torch.jit.script(model)


@pytest.mark.parametrize(
    "form",
    [scripted, lambda m: torch.jit.trace(m, X), lambda m: torch.jit.freeze(torch.jit.script(m))],
    ids=["script", "trace", "frozen"],
)
@pytest.mark.parametrize("part", [False, True], ids=["whole", "part"])
def test_modules_of_torch_jit_are_refused_by_name(form, part):
    model = named(nets.Net, nets.ByModule)
    (site,) = find_gates(model, X)
    if part:
        for wrapper in (nn.Sequential(form(model)), Wrapper(form(model))):
            with pytest.raises(UserError, match=r"^\w+ is a \w+ of torch.jit"):
                find_gates(wrapper, X)
        return
    model = form(model)
    with pytest.raises(UserError, match=r"the model is a \w+ of torch.jit \(scripted, traced or frozen\)"):
        find_gates(model, X)
    for opening in (capture(model, [site]), edit(model, {site: neutral()})):
        with pytest.raises(UserError), opening:
            raise AssertionError("must not open")


@STYLES
def test_exported_and_compiled_models_are_served(attention):
    torch._dynamo.reset()
    model = named(nets.Net, attention)
    forms = (
        torch.export.export(model, (X,)).module(),
        torch.compile(model, backend="eager"),
        torch.fx.symbolic_trace(model),
    )
    with torch.no_grad():
        expected, plain = by_hand(model, X, attention), model(X)
        for form in forms:
            (site,) = find_gates(form, X)
            with capture(form, [site]) as tape:
                assert torch.equal(form(X), plain)
            assert tape[site.name].values.shape[1:] == site.shape[1:]
            with edit(form, {site: scale(0.5)}):
                assert torch.allclose(form(X), expected, atol=1e-6)
            assert torch.equal(form(X), plain)


@STYLES
@pytest.mark.parametrize(
    "transform",
    [
        lambda m: torch.vmap(m)(X[:, None]),
        lambda m: torch.vmap(lambda x: m(x[None]))(X),
        lambda m: torch.func.grad(lambda x: m(x).sum())(X),
        lambda m: torch.func.jvp(m, (X,), (X,)),
        lambda m: torch.func.jacrev(m)(X[:1]),
        lambda m: torch.vmap(lambda p: torch.func.functional_call(m, p, X))({"head.bias": torch.zeros(3, 5)}),
    ],
    ids=["vmap", "vmap of pictures", "grad", "jvp", "jacrev", "ensemble"],
)
def test_transforms_of_torch_func_are_refused_by_name(attention, transform):
    model = named(nets.Net, attention)
    (site,) = find_gates(model, X)
    for opening in (capture(model, [site]), edit(model, {site: set_to(0.5)}), capture(model, [site], exact=True)):
        with opening, pytest.raises(UserError, match=f"{site.name} runs inside torch.func"):
            transform(model)
    assert clean(model)
    with torch.no_grad(), edit(model, {site: set_to(0.5)}):
        model(X)


def test_replicas_in_other_threads_are_refused():
    model = named(nets.Net, nets.Tapped)
    (site,) = find_gates(model, X)
    said = []

    def run(module):
        try:
            module(X)
        except UserError as error:
            said.append(str(error))

    for opening in (capture(model, [site]), edit(model, {site: set_to(0.5)})):
        with opening:
            replica = model._replicate_for_data_parallel()
            for module in (model, replica, lambda x: replica.attention(replica.stem(x))):
                thread = threading.Thread(target=run, args=(module,))
                thread.start(), thread.join()
            model(X)
    assert len(said) == 6 and all("another thread is reading or editing this Net" in s for s in said)


@STYLES
def test_quantised_models_are_served_or_refused_by_name(attention):
    model = named(nets.Net, attention)
    (own,) = find_gates(model, X)
    reduced = torch.ao.quantization.quantize_dynamic(model, {nn.Linear})
    (site,) = find_gates(reduced, X)
    with torch.no_grad(), capture(reduced, [site]) as tape:
        with edit(reduced, {site: set_to(0.0)}):
            assert torch.allclose(reduced(X)[0], reduced(-X)[1], atol=0.1), "nothing of the features is left"
        assert not tape[site.name].values.any()
    half = copy.deepcopy(model).bfloat16()
    with torch.no_grad(), edit(half, {own: set_to(0.0)}):
        assert torch.equal(half(X.bfloat16())[0], half(-X.bfloat16())[1])


class Int8(nn.Module):
    """As torchvision's quantisable MobileNetV3: the product is a module."""

    def __init__(self):
        super().__init__()
        self.quant, self.dequant = torch.ao.quantization.QuantStub(), torch.ao.quantization.DeQuantStub()
        self.conv, self.fc, self.act = nn.Conv2d(3, C, 3, padding=1), nn.Conv2d(C, C, 1), nn.Sigmoid()
        self.skip_mul = torch.ao.nn.quantized.FloatFunctional()

    def forward(self, x):
        x = self.conv(self.quant(x))
        return self.dequant(self.skip_mul.mul(x, self.act(self.fc(x.mean((2, 3), keepdim=True)))))


@pytest.mark.filterwarnings("ignore")
def test_an_edit_of_int8_values_is_refused_by_name():
    model = Int8().eval()
    (site,) = find_gates(model, X)
    model.qconfig = torch.ao.quantization.default_qconfig
    prepared = torch.ao.quantization.prepare(model)
    prepared(X)
    converted = torch.ao.quantization.convert(prepared)
    plain = converted(X)
    with torch.no_grad(), edit(converted, {site: set_to(0.0)}), pytest.raises(UserError, match="set_to does not fit"):
        converted(X)
    assert torch.equal(converted(X), plain) and clean(converted)
