"""What holds for every gate of every network: registered types, backbones, checkpoints, and the zoo."""

import collections

import pytest
import torch
from torch import nn

from attnviz import UserError
from attnviz.attention import ATTENTION
from attnviz.backbones import BACKBONES
from attnviz.core.input_spec import InputSpec
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, scale
from attnviz.models.checkpoints import checkpoint_ids, load
from attnviz.models.spec import ModelSpec, build, input_shape
from tests.attention.helpers import make
from tests.gates.witness import Witness
from tests.zoo import FAST, SLOW, awake, zoo_model

KINDS = {
    "none": [],
    "se": ["channel"],
    "cbam-channel": ["channel"],
    "spatial": ["spatial"],
    "cbam": ["channel", "spatial"],
    "local": ["channel", "spatial"],
    "eca": ["channel"],
    "sk": ["branch"],
    "gc": ["pairwise", "added"],
    "self-attention": ["pairwise"],
    "danet": ["pairwise", "pairwise"],
    "coord": ["strip", "strip"],
    "simam": ["full"],
    "stn": ["geometric"],
    "abn": ["spatial"],
    "pool": ["pairwise"],
    "bam": ["full"],
    "triplet": ["strip", "strip", "spatial"],
    "soca": ["channel"],
    "pfa": ["channel", "spatial"],
    "resnest": ["branch"],
}
"""What the specification of attention types says; a new type is tested as well, only its kinds are not known here."""


def state_of(model):
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()]
    return hooks, [m.training for m in model.modules()], [p.requires_grad for p in model.parameters()]


def outputs_of(result):
    tensors = torch.utils._pytree.tree_leaves(result)
    return [t for t in tensors if isinstance(t, torch.Tensor)]


def equal(a, b):
    return all(torch.equal(x, y) for x, y in zip(outputs_of(a), outputs_of(b), strict=True))


class Crash(Exception):
    pass


def check(model, x):
    """Every bullet of "What holds" for one network; returns its sites."""
    sites = searched_in_any_state(model, x)
    before, given = state_of(model), x.clone()
    names = [s.name for s in sites]
    assert len(set(names)) == len(names) and sites == find_gates(model, x[:1])
    with torch.no_grad():
        plain = model(x)
        with capture(model, sites) as light:
            assert equal(model(x), plain)
        with capture(model, sites, names, exact=True) as tape:
            assert equal(model(x), plain)
        assert set(light) == set(tape) == set(names)
        for site in sites:
            assert torch.equal(light[site.name].values, tape[site.name].values), site
            assert light[site.name].values.shape[1:] == site.shape[1:]
        with Witness({s.name: (s.kind, acting(s, tape), tape[s.name].features) for s in sites}) as witness:
            model(x)
        assert not witness.pending, list(witness.pending)
    with torch.inference_mode(), capture(model, sites) as tape:
        model(x)
    assert all(torch.equal(tape[n].values, light[n].values) for n in names)
    if sites:
        check_edits(model, x, sites, plain)
        check_settings(model, x, sites)
    check_crash(model, x, sites)
    assert state_of(model) == before and torch.equal(x, given)
    return sites


def searched_in_any_state(model, x):
    """The sites of a model that is in train mode and frozen in parts; both must be as they were."""
    modules, parameters = list(model.modules()), list(model.parameters())
    wanted = [p.requires_grad for p in parameters]
    for module in modules[::3]:
        module.training = True
    for parameter in parameters[::2]:
        parameter.requires_grad_(not parameter.requires_grad)
    before, example = state_of(model), x[:1].clone().requires_grad_()
    sites = find_gates(model, example)
    assert state_of(model) == before and example.requires_grad and example.grad is None
    assert torch.equal(example.detach(), x[:1])
    for parameter, grad in zip(parameters, wanted, strict=True):
        parameter.requires_grad_(grad)
    model.eval()
    return sites


def acting(site, tape):
    """What a gate multiplies in: its values, or 1 + them where it is residual."""
    values = tape[site.name].values
    return 1 + values if site.residual else values


def shows(sites, plain):
    """Whether neutral gates must change the logits.

    Weights that sum to 1 over a single place are always 1; and where random weights give two pictures all but the same logits,
    the features are dead, and no gate can show.
    """
    movable = any(site.axis is None or site.shape[site.axis] > 1 for site in sites)
    return movable and not all(len(t) > 1 and torch.allclose(t[0], t[1], 1e-3, 1e-4) for t in outputs_of(plain))


def check_edits(model, x, sites, plain):
    with torch.no_grad():
        with edit(model, {s: neutral() for s in sites}), capture(model, sites) as tape:
            neutralised = model(x)
        assert all(torch.isfinite(t).all() for t in outputs_of(neutralised))
        assert not (shows(sites, plain) and equal(neutralised, plain))
        for site in sites:
            values = tape[site.name].values
            if site.kind in ("branch", "pairwise"):
                assert torch.allclose(values, torch.tensor(1 / values.shape[site.axis]))
            elif site.kind != "geometric":
                assert (values == (0 if site.kind == "added" or site.residual else 1)).all()
        with edit(model, {sites[-1].name: scale(1.0)}):
            same = model(x)
        assert all(
            torch.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(outputs_of(same), outputs_of(plain), strict=True)
        )
        assert equal(model(x), plain)


def check_settings(model, x, sites):
    """Autocast and channels_last: the same logits, the same gates, edits that act."""
    last = torch.channels_last if x.ndim == 4 else torch.channels_last_3d
    for given, cast in ((x, True), (x.to(memory_format=last), False)):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=cast):
            plain = model(given)
            with capture(model, sites) as tape:
                assert equal(model(given), plain)
            assert set(tape) == {s.name for s in sites}
            with edit(model, {s: neutral() for s in sites}), capture(model, sites) as changed:
                edited = model(given)
            if cast:  # eight bits may hide in the logits what every gate shows
                same = all(torch.equal(changed[s.name].values, tape[s.name].values) for s in sites)
            else:
                same = equal(edited, plain)
            assert not (shows(sites, plain) and same)


def check_crash(model, x, sites):
    """An exception in the last module that runs comes out unchanged and leaves no hook and no mode."""
    last = []
    handles = [m.register_forward_hook(lambda m, i, o: last.append(m)) for m in model.modules()]
    with torch.no_grad():
        model(x[:1])
    [h.remove() for h in handles]

    def crash(*_):
        raise Crash("the model's own")

    handle = last[len(last) // 2].register_forward_pre_hook(crash)
    changes = {s: neutral() for s in sites}
    with pytest.raises(Crash, match="the model's own"), capture(model, sites), edit(model, changes), torch.no_grad():
        model(x)
    with pytest.raises(UserError, match="fails on the example"):
        find_gates(model, x)
    handle.remove()
    assert torch.utils._python_dispatch._get_current_dispatch_mode() is None


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_types(name):
    torch.manual_seed(0)
    module = make(name, 16)
    for parameter in module.parameters():  # some start at 0, where nothing that is wrong would show
        nn.init.normal_(parameter, std=0.3)
    sites = check(nn.Sequential(nn.Conv2d(3, 16, 3), module).eval(), torch.randn(2, 3, 14, 14))
    if name in KINDS:
        assert [s.kind for s in sites] == KINDS[name]
    assert all(s.how == "tap" for s in sites), "attnviz's own modules pass every gate through Gate"


COMPACT = ("compact-resnet", "compact-3d")
PAIRS = [
    pytest.param(b, a, marks=() if b == "compact-resnet" else pytest.mark.slow)
    for b in BACKBONES
    for a in ATTENTION
    if b in COMPACT or a in ("cbam", "self-attention", "sk")
]
"""Every type in the compact backbones, and a few in every backbone."""


@pytest.mark.parametrize(("backbone", "attention"), PAIRS)
def test_backbones(backbone, attention):
    torch.manual_seed(0)
    spec = ModelSpec(backbone, attention, 4, input=InputSpec(size=(32, 32)))
    try:
        model = awake(build(spec))
    except UserError as error:
        pytest.skip(f"refused: {error}")
    check(model, torch.randn(input_shape(spec, batch=2)))


LARGE = ("vgg", "densenet", "self-attention", "sk", "danet", "local")
CHECKPOINTS = [
    pytest.param(name, marks=pytest.mark.slow if name.startswith(LARGE) else ()) for name in checkpoint_ids()
]


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_checkpoints(name):
    loaded = load(name)
    sites = check(loaded.module, torch.randn(2, loaded.spec.input.channels, *loaded.spec.input.size))
    assert sites or loaded.spec.attention == "none"


@pytest.mark.parametrize("name", [*FAST, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_zoo(name):
    side, expected = {**FAST, **SLOW}[name]
    model = zoo_model(name)
    found = check(model, torch.randn(2 if side < 224 else 1, 3, side, side))
    assert collections.Counter(s.kind for s in found) == expected


def test_the_zoo_is_large_enough():
    assert len({**FAST, **SLOW}) >= 40 and len(FAST) >= 12
