"""Passes in which a network does something else with a gate than at the search: served as said, or refused by name."""

import contextlib
import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

import attnviz
from attnviz.attention.gate import Gate
from attnviz.core.errors import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, mean, neutral, scale, set_to, shuffle
from attnviz.gates.log import log_gates

C = 8


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


class Gated(nn.Module):
    """A channel gate by a module; ``change`` says what is done with it when ``flag`` is set."""

    def __init__(self, change=lambda gate: gate):
        super().__init__()
        self.stem, self.gate, self.change, self.flag = nn.Conv2d(3, C, 1), nn.Sequential(), change, False
        self.gate.append(nn.Conv2d(C, C, 1)).append(nn.Sigmoid())

    def forward(self, x):
        x = self.stem(x)
        gate = self.gate(x.mean((2, 3), keepdim=True))
        self.met = self.change(gate) if self.flag else gate
        return x * self.met


def found(model, x):
    (site,) = find_gates(model.eval(), x)
    return site


CHANGES = {
    "softened": lambda g: 0.5 + 0.5 * g,
    "halved": lambda g: 0.5 * g,
    "hard": lambda g: (g > 0.5).float(),
    "clamped": lambda g: g.clamp(0.2, 0.8),
    "clamped in place": lambda g: g.clamp_(0.2, 0.8),
    "rounded": torch.round,
    "relative": lambda g: g / g.amax(0, keepdim=True),
    "padded": lambda g: F.pad(g[..., :0, :], (0, 0, 0, 1), value=1.0),
    "resized": lambda g: F.interpolate(g, (4, 4)),
    "turned": lambda g: g.roll(1, 1),
    "dropped": lambda g: torch.ones_like(g),
    "another": lambda g: g.detach().new_full(g.shape, 0.7),
    "scaled by a parameter": lambda g: g * nn.Parameter(torch.full((1, C, 1, 1), 0.5)),
    "only logged": lambda g: g.mean() * 0 + torch.rand(1, C, 1, 1),
}


@pytest.mark.parametrize("way", CHANGES)
def test_what_is_changed_between_a_module_and_the_product_is_refused(way):
    model, x = Gated(CHANGES[way]), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    assert site.place.op == "output"
    model.flag = True
    with (
        torch.no_grad(),
        pytest.raises(UserError, match=r"the edit of .* did not reach the features: the model does not use it"),
        edit(model, {site: set_to(0.3)}),
    ):
        model(x)
    model.train()
    match = "like that of the search" if way in ("dropped", "another") else "exact=True"  # nothing used it
    with torch.no_grad(), pytest.raises(UserError, match=match), capture(model, [site]) as tape:
        model(x)
        tape[site.name]
    with torch.no_grad(), capture(model, [site], exact=True) as tape:
        model(x)
    if way == "resized":  # the product repeats nothing then, and is not the one of the search
        with pytest.raises(UserError, match="like that of the search"):
            tape[site.name]
    else:
        assert torch.equal(tape[site.name].values, model.met)


SAME = {
    "viewed": lambda g: g.flatten(1)[:, :, None, None],
    "expanded": lambda g: g.expand(-1, -1, 4, 4),
    "copied": lambda g: g.clone(),
    "cast": lambda g: g.double().float(),
    "squeezed": lambda g: g.squeeze(-1).unsqueeze(-1),
    "logged too": lambda g: (g.mean(), g.detach().amax(), g)[2],
}


class Applying(Gated):
    """One way of multiplying."""

    def __init__(self, way):
        super().__init__()
        self.way = way

    def forward(self, x):
        x = self.stem(x)
        return self.way(x, self.gate(x.mean((2, 3), keepdim=True)))


WAYS = {
    "out": lambda x, g: torch.mul(x, g, out=torch.empty_like(x)),
    "out, turned": lambda x, g: torch.mul(g, x, out=torch.empty_like(x)),
    "in place": lambda x, g: x.mul_(g),
    "method": lambda x, g: x.mul(g),
    "addcmul": lambda x, g: torch.addcmul(torch.zeros_like(x), x, g),
    "addcmul in place": lambda x, g: torch.zeros_like(x).addcmul_(x, g),
    "lerp": lambda x, g: torch.lerp(torch.zeros_like(x), x, g),
    "einsum": lambda x, g: torch.einsum("nchw,nc->nchw", x, g[..., 0, 0]),
    "multiply": lambda x, g: torch.multiply(x, g),
    "expanded": lambda x, g: x * g.expand_as(x),
    "into a slice": lambda x, g: torch.zeros_like(x).index_put_((torch.arange(len(x)),), x * g),
    "copied": lambda x, g: torch.empty_like(x).copy_(x * g),
    "half": lambda x, g: (x.double() * g.double()).float(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trained", [False, True])
def test_ways_of_multiplying_are_served(way, trained):
    model, x = Applying(WAYS[way]), torch.randn(2, 3, 4, 4)
    with torch.no_grad():
        site = found(model, x)
        model.train(trained)
        with capture(model, [site]) as tape, edit(model, {site: set_to(0.3)}):
            out = model(x)
        assert torch.allclose(out, model.stem(x) * 0.3)
    assert torch.equal(tape[site.name].values, torch.full((2, C, 1, 1), 0.3))


@pytest.mark.parametrize("way", SAME)
@pytest.mark.parametrize("trained", [False, True])
def test_what_is_only_moved_is_served(way, trained):
    model, x = Gated(SAME[way]), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    model.flag = True
    model.train(trained)
    with torch.no_grad(), capture(model, [site]) as tape, edit(model, {site: set_to(0.3)}):
        out = model(x)
    assert torch.equal(out, model.stem(x) * 0.3)
    assert torch.equal(tape[site.name].values, torch.full((2, C, 1, 1), 0.3))


class Joined(Gated):
    """Several tensors behind each other in one batch, and what else a network may be given."""

    def __init__(self, join):
        super().__init__()
        self.join = join

    def forward(self, *given):
        return super().forward(self.join(*given))


def pictures(count):
    return torch.randn(count, 3, 4, 4) + 3 * torch.randn(count, 3, 1, 1)


JOINED = {
    "flipped": (lambda x: torch.cat([x, x.flip(-1)]), (3,)),
    "flipped, one picture": (lambda x: torch.cat([x, x.flip(-1)]), (1,)),
    "stacked in front": (lambda x: torch.stack([x, -x]).flatten(0, 1), (3,)),
    "two views": (lambda a, b: torch.cat([a, b]), (3, 3)),
    "labelled and unlabelled": (lambda a, b: torch.cat([a, b]), (2, 6)),
    "repeated": (lambda x: torch.cat([x, x, x * 2]), (2,)),
}


@pytest.mark.parametrize("way", JOINED)
@pytest.mark.parametrize("change", [mean(), shuffle("batch")], ids=["mean", "shuffle"])
def test_joined_views_are_no_examples(way, change):
    join, counts = JOINED[way]
    model, given = Joined(join), tuple(map(pictures, counts))
    site = found(model, given)
    with pytest.raises(UserError, match="do not lie side by side"), edit(model, {site: change}):
        model(*given)
    with torch.no_grad(), capture(model, [site]) as tape, edit(model, {site: neutral()}):
        model(*given)
    assert len(tape[site.name].values) == len(join(*given))


@pytest.mark.parametrize(
    ("join", "other"),
    [
        (lambda t, x: x + t.sum() * 0, torch.rand(1)),
        (lambda words, x: x + words.sum() * 0, torch.arange(5)),
        (lambda words, x: x + words.sum() * 0, torch.arange(2)),
        (lambda mask, x: x * mask, torch.ones(1, 1, 4, 4)),
        (lambda x, t: x + t.sum() * 0, torch.rand(4)),
    ],
    ids=["time", "words", "two words", "mask for all", "a time each"],
)
def test_examples_are_those_of_the_pictures(join, other):
    model, x = Joined(join), pictures(4)
    given = (x, other) if other.shape == (4,) else (other, x)
    site = found(model, given)
    assert site.shape == (1, C, 1, 1)
    with torch.no_grad():
        plain = model(*given)
        gate = model.met
        with edit(model, {site: mean()}):
            edited = model(*given)
    assert torch.allclose(edited, plain / gate * gate.mean(0, keepdim=True), atol=1e-5)
    with torch.no_grad(), edit(model, {site: shuffle("batch")}):
        model(*given)


def test_crops_of_one_picture_lie_side_by_side():
    model, x = Joined(lambda x: x.flatten(0, 1)), torch.randn(2, 5, 3, 4, 4)
    site = found(model, x)
    assert site.shape == (5, C, 1, 1)
    with torch.no_grad(), capture(model, [site]) as tape:
        model(x)
        gate = tape[site.name].values
        with edit(model, {site: mean()}):
            model(x)
        assert torch.allclose(tape[site.name].values, gate.unflatten(0, (2, 5)).mean(0).repeat(2, 1, 1, 1))


def test_a_trace_is_not_made_of_an_edited_model():
    model, x = Gated().requires_grad_(False), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    with pytest.raises(UserError, match="traced"), edit(model, {site: set_to(0.0)}):
        torch.jit.trace(model, (x,))
    assert torch.allclose(torch.jit.trace(model, (x,))(x), model(x))


@pytest.mark.parametrize("exact", [False, True])
def test_a_pass_without_values_ends_in_python(exact):
    """Memory and shapes are estimated so; the process was aborted."""
    model, x = Gated(), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fake = mode.from_tensor(x)
        with capture(model, [site], exact=exact) as tape, edit(model, {site: scale(0.5)}):
            assert model(fake).shape == (2, C, 4, 4)
    assert tape[site.name].values.shape == (2, C, 1, 1)


def test_contexts_can_be_opened_again():
    model, x = Gated(), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    halved, plain = edit(model, {site: scale(0.5)}), model(x).detach()
    for _ in range(2):
        with halved:
            assert torch.allclose(model(x), plain / 2)
    with halved, halved:
        assert torch.allclose(model(x), plain / 4)
    logging = log_gates(model.train(), x, every=1)
    for _ in range(2):
        with logging as log:
            model(x)
        assert log.step == 1


def test_a_search_draws_no_numbers_of_a_seeded_run():
    class Drawing(Gated):
        def forward(self, x):
            return super().forward(x + torch.rand_like(x))

    model = Drawing()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    find_gates(model, torch.zeros(1, 3, 4, 4))
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("model", [None, "resnet", 3, torch.zeros(2)])
def test_what_is_no_module_is_refused(model):
    with pytest.raises(UserError, match=r"torch\.nn\.Module"), capture(model, ["gate"]):
        pass
    with pytest.raises(UserError, match=r"torch\.nn\.Module"), edit(model, {"gate": neutral()}):
        pass


def test_what_is_no_name_is_refused():
    model = Gated()
    find_gates(model, torch.zeros(1, 3, 4, 4))
    with pytest.raises(UserError, match="unknown gate"), capture(model, [["gate"]]):
        pass


@pytest.mark.parametrize("value", [[[1.0], [2.0, 3.0]], torch.ones(1, requires_grad=True)], ids=["ragged", "learned"])
def test_values_that_cannot_be_set_are_refused(value):
    with pytest.raises(UserError, match="what a gate is set to"):
        set_to(value)


class Latents(nn.Module):
    """Attention whose queries, keys or values are learned (SigLIP's pooling, DETR, Perceiver, memories)."""

    def __init__(self, learned, fused):
        super().__init__()
        self.stem, self.learned, self.fused = nn.Conv2d(3, C, 2, 2), learned, fused
        self.memory = nn.Parameter(torch.randn(5, C))
        self.query, self.key, self.value = (nn.Linear(C, C) for _ in "qkv")

    def forward(self, x):
        tokens = self.stem(x).flatten(2).transpose(1, 2)
        memory = self.memory.expand(len(x), -1, -1)
        q, k, v = (memory if name in self.learned else tokens for name in ("query", "key", "value"))
        q, k, v = self.query(q)[:, None], self.key(k)[:, None], self.value(v)[:, None]
        if self.fused:
            return F.scaled_dot_product_attention(q, k, v)
        return (q @ k.mT / C**0.5).softmax(-1) @ v


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("learned", [("query",), ("key", "value"), ("query", "key", "value"), ()], ids=str)
def test_attention_with_learned_parts(learned, fused):
    model, x = Latents(learned, fused).eval(), torch.randn(2, 3, 8, 8)
    sites = find_gates(model, x)
    if len(learned) == 3:
        assert sites == ()
        return
    (site,) = sites
    keys = 5 if "key" in learned else 16
    assert (site.kind, site.shape) == ("pairwise", (1, 1, 5 if "query" in learned else 16, keys))
    with torch.no_grad():
        with capture(model, [site]) as tape:
            model(x)
        assert torch.allclose(tape[site.name].values.sum(-1), torch.ones(()))
        with edit(model, {site: neutral()}):
            out = model(x)
        given = model.memory.expand(2, -1, -1) if "value" in learned else model.stem(x).flatten(2).transpose(1, 2)
        assert torch.allclose(out, model.value(given).mean(1)[:, None, None].expand_as(out), atol=1e-5)


def test_a_softmax_over_one_value_multiplies_nothing():
    """``einsum`` over a single key is a multiplication; at another size it is pairwise, and was ``branch`` here."""

    class Einsum(Latents):
        def forward(self, x):
            tokens = self.stem(x).flatten(2).transpose(1, 2)
            scores = torch.einsum("nic,njc->nij", self.query(tokens), self.key(tokens))
            return torch.einsum("nij,njc->nic", scores.softmax(-1), self.value(tokens))

    model = Einsum((), False).eval()
    assert find_gates(model, torch.randn(2, 3, 2, 2)) == ()
    assert [site.kind for site in find_gates(model, torch.randn(2, 3, 4, 4))] == ["pairwise"]


def test_containers_that_a_network_writes_into_are_as_before():
    class Pathways(Gated):
        def forward(self, batch):
            pictures = batch["pictures"]
            for i, picture in enumerate(pictures):
                pictures[i] = self.stem(picture)
            batch["features"] = pictures.pop()
            x = batch.pop("features")
            return x * self.gate(x.mean((2, 3), keepdim=True))

    x = torch.randn(1, 3, 4, 4)
    batch = {"pictures": [x]}
    assert len(find_gates(Pathways(), (batch,))) == len(find_gates(Pathways(), (batch,))) == 1
    assert batch["pictures"] == [x]
    assert list(batch) == ["pictures"]


class Halves(nn.Module):
    """Two modules give out parts of one tensor."""

    def __init__(self):
        super().__init__()
        self.stem, self.both = nn.Conv2d(3, C, 1), nn.Sequential(nn.Conv2d(C, 2 * C, 1), nn.Sigmoid())
        self.first, self.second = Part(slice(0, C)), Part(slice(C, 2 * C))

    def forward(self, x):
        x = self.stem(x)
        both = self.both(x.mean((2, 3), keepdim=True))
        first, second = self.first(both), self.second(both)
        return x * first + x.flip(-1) * second


class Part(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, gate):
        return gate[:, self.part]


@pytest.mark.parametrize("trained", [False, True])
def test_two_gates_in_one_memory_arrive_both(trained):
    model, x = Halves().eval(), torch.randn(2, 3, 4, 4)
    sites = find_gates(model, x)
    model.train(trained)
    with torch.no_grad(), capture(model, sites) as tape:
        model(x)
    assert len(sites) == len(tape) == 2


def test_another_product_in_train_mode_is_served():
    way = Applying(lambda x, g: torch.addcmul(x, x, g) if way.training else x + x * g)
    x = torch.randn(2, 3, 4, 4)
    with torch.no_grad():
        site = found(way, x)
        with edit(way.train(), {site: set_to(0.3)}):
            assert torch.allclose(way(x), way.stem(x) * 1.3)


class Skipping(Gated):
    """A residual branch that is left out in train mode after its gate was computed."""

    def forward(self, x):
        x = self.stem(x)
        gate = self.gate(x.mean((2, 3), keepdim=True))
        return x if self.flag else x + x * gate


def test_a_gate_that_nothing_uses_is_not_on_the_tape():
    model, x = Skipping(), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    model.flag = True
    with torch.no_grad(), capture(model.train(), [site]) as tape:
        model(x)
    assert site.name not in tape
    model.flag = False
    with log_gates(model, x, every=1) as log:
        for model.flag in (True, False):
            model(x)
    assert [math.isnan(row["mean"]) for row in log.rows] == [True, False]


def rows_and_pictures():
    """Networks whose rows are not their pictures, and other counts of both than at the search."""
    words = torch.randn(3, 5, C)
    return {
        "clips of frames": (lambda x: x.unflatten(0, (-1, 4)).mean(1), (pictures(4),), (pictures(12),)),
        "time in front": (lambda x: x.mean(0), (torch.randn(4, 1, 3, 4, 4),), (torch.randn(4, 3, 3, 4, 4),)),
        "one after the other": (lambda *xs: torch.cat(xs), (pictures(1),), tuple(map(pictures, (1, 1, 1)))),
        "words first": (lambda words, x: x + words.mean() * 0, (words, pictures(1)), (words, pictures(2))),
    }


@pytest.mark.parametrize("way", rows_and_pictures())
def test_a_mean_over_what_lies_in_front(way):
    join, first, second = rows_and_pictures()[way]
    model = Joined(join)
    site = found(model, first)
    assert site.shape[0] == 1
    with torch.no_grad(), capture(model, [site]) as tape:
        model(*second)
        gate = tape[site.name].values
        with edit(model, {site: mean()}):
            model(*second)
        assert torch.allclose(tape[site.name].values, gate.mean(0, keepdim=True).expand_as(gate))


def test_windows_of_a_batch_that_was_cut_lie_side_by_side():
    def cut(x):
        return x.unflatten(0, (2, -1)).unflatten(-1, (2, 2)).movedim(-2, 2).flatten(0, 2)

    model = Joined(cut)
    site = found(model, pictures(4))
    assert site.shape[0] == 2
    with torch.no_grad(), edit(model, {site: mean()}):
        model(pictures(4))


def test_heads_in_front_of_one_example_are_no_examples():
    model = Joined(lambda x: torch.cat([x, x * 2], 1).unflatten(1, (2, 3)).transpose(0, 1).flatten(0, 1))
    for count in (1, 3):
        site = found(model, pictures(count))
        with pytest.raises(UserError, match="do not lie side by side"), edit(model, {site: mean()}):
            model(pictures(3))


def test_concatenation_into_given_memory():
    def join(x):
        return torch.cat([x, x.flip(-1)], out=torch.empty(2 * len(x), *x.shape[1:]))

    with torch.no_grad():
        assert found(Joined(join).requires_grad_(False), pictures(2)).shape[0] == 2


def test_a_weight_over_a_learned_number_is_found():
    class Tempered(Gated):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.tensor(0.5))

        def forward(self, x):
            x = self.stem(x)
            return x * (self.gate(x.mean((2, 3), keepdim=True)) / (1 + F.softplus(self.a)))

    assert found(Tempered(), pictures(2)).kind == "channel"


NOISES = {
    "scaled": lambda gate: gate * torch.rand_like(gate),
    "dropped": lambda gate: F.dropout(gate, 0.5, True),
    "softened": lambda gate: 0.5 + 0.5 * gate,
    "hard": lambda gate: (gate > 0.5).float(),
}


class Trained(Gated):
    """Something is done with the gate in train mode only."""

    def forward(self, x):
        self.flag = self.training
        return super().forward(x)


@pytest.mark.parametrize("noise", NOISES)
def test_a_capture_that_was_opened_in_eval_mode_refuses_train_mode(noise):
    model, x = Trained(NOISES[noise]), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    with capture(model, [site]) as tape:
        model(x)
        model.train()
        for call in (model, model.forward):
            with pytest.raises(UserError, match="open the capture in train mode"):
                call(x)
        model.eval()
        model(x)
        assert torch.equal(tape[site.name].values, model.met)
    with capture(model, [site], exact=True) as tape:
        model.train()
        model(x)
        assert torch.equal(tape[site.name].values, model.met)
    with pytest.raises(UserError, match="exact=True"), capture(model, [site]):
        model(x)
    model.eval()
    with edit(model, {site: set_to(1.0)}), capture(model, [site]):  # the long way, by hooks
        model(x)
        model.train()
        with pytest.raises(UserError, match="open the capture in train mode"):
            model(x)
    with torch.no_grad(), capture(model.eval(), [site]) as tape:
        assert torch.equal(model(x), model.stem(x) * tape[site.name].values)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("early", [False, True], ids=["train mode before", "train mode inside"])
def test_a_log_writes_down_what_the_features_met_in_train_mode(noise, early):
    model, x, met = Trained(NOISES[noise]), torch.randn(2, 3, 4, 4), []
    model.train(not early)
    with log_gates(model, x, every=2) as log:
        for _ in range(5):
            model.train()
            model(x)
            met.append(model.met.mean().item())
            model.eval()
            model(x)
    assert [row["step"] for row in log.rows] == [0, 2, 4]
    assert [row["mean"] for row in log.rows] == pytest.approx(met[::2])


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_gate_that_nothing_uses_is_on_no_tape(number):
    class Skipping(Gated):
        skip = False

        def forward(self, x):
            x = self.stem(x)
            gate = self.gate(x.mean((2, 3), keepdim=True))
            return x if self.skip else x * gate

    model, x = Skipping(), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    model.train()
    with contextlib.ExitStack() as stack:
        tapes = [stack.enter_context(capture(model, [site])) for _ in range(number)]
        model(x)
        assert all(site.name in tape for tape in tapes)
        model.skip = True
        model(x)
        assert not any(tapes)


class InPlace(nn.Module):
    """A module that weighs what it is given in place."""

    def __init__(self, gives):
        super().__init__()
        self.fc, self.gives = nn.Linear(C, C), gives

    def forward(self, x):
        x.mul_(self.fc(x.mean((2, 3))).sigmoid()[:, :, None, None])
        return self.gives(x)


GIVES = {
    "nothing": lambda x: None,
    "a number": lambda x: 0.5,
    "a text": lambda x: "done",
    "itself": lambda x: x,
    "a loss": lambda x: x.detach().mean(),
    "an empty tuple": lambda x: (),
}


class Around(nn.Module):
    def __init__(self, gives):
        super().__init__()
        self.stem, self.se = nn.Conv2d(3, C, 1), InPlace(gives)

    def forward(self, x):
        x = self.stem(x)
        self.se(x)
        return x


@pytest.mark.parametrize("given", GIVES)
def test_gradients_do_not_pass_an_edit_whatever_a_module_gives_out(given):
    model, x = Around(GIVES[given]), torch.randn(2, 3, 4, 4)
    (site,) = find_gates(model, x)
    with edit(model, {site: set_to(0.5)}):
        out = model(x)
        assert torch.allclose(out, 0.5 * model.stem(x))
        with pytest.raises(UserError, match="gradients cannot pass"):
            out.sum().backward()
    with capture(model, [site]) as tape:
        model(x).sum().backward()
    assert tape[site.name].values.shape == (2, C, 1, 1)


HOOKS = {
    "a product": lambda m, i, o: o * torch.ones(1, C, 1, 1),
    "two products": lambda m, i, o: o * torch.ones(1, C, 1, 1) * torch.ones(1, 1, 4, 4),
    "a sum": lambda m, i, o: o + torch.ones(1, C, 1, 1),
    "a pruning mask": lambda m, i, o: o * (torch.arange(C) % 2)[:, None, None],
    "nothing": lambda m, i, o: print(end=""),
    "a softmax": lambda m, i, o: o.flatten(2).softmax(-1).view_as(o),
}


class Squeezed(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.se = nn.Conv2d(3, C, 1), InPlace(lambda x: x)

    def forward(self, x):
        return self.se(self.stem(x))


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
def test_hooks_of_the_user_that_compute_are_no_part_of_their_module(hook, first):
    model, x = Squeezed().eval(), torch.randn(2, 3, 4, 4)
    (bare,) = find_gates(model, x)
    model.se.register_forward_hook(HOOKS[hook], prepend=first)
    site = find_gates(model, x)[0]
    assert site == bare
    with torch.no_grad():
        plain = model(x)
        with capture(model, [site]) as tape:
            assert torch.equal(model(x), plain)
        with edit(model, {site: set_to(tape[site.name].values)}):
            assert torch.equal(model(x), plain)
        with edit(model, {site: set_to(0.0)}):
            assert not torch.equal(model(x), plain) or hook == "a softmax"


class Torn(nn.Module):
    """A gate inside an operation, and modules before and behind, at which something is opened or closed."""

    def __init__(self):
        super().__init__()
        self.before, self.within, self.behind = nn.Conv2d(3, C, 1), nn.Linear(C, C), nn.Conv2d(C, 2, 1)

    def forward(self, x):
        x = self.before(x)
        return self.behind(x * self.within(x.mean((2, 3))).sigmoid()[..., None, None])


@pytest.mark.parametrize("where", ["before", "within", "behind"])
@pytest.mark.parametrize("exact", [False, True])
def test_what_is_closed_in_the_middle_of_an_edited_pass_is_told(where, exact):
    model, x = nn.Sequential(Torn()).eval(), torch.randn(2, 3, 4, 4)
    (site,) = find_gates(model, x)
    reading = capture(model, [site], exact=exact)
    with edit(model, {site: set_to(0.0)}):
        model(x)
        reading.__enter__()
        handle = getattr(model[0], where).register_forward_hook(lambda *_: reading.__exit__(None, None, None))
        with pytest.raises(UserError, match="in the middle of a pass"):
            model(x)
        handle.remove()
        for _ in range(2):
            assert torch.equal(model(x), model[0].behind.bias[:, None, None].expand(2, 2, 4, 4))
    assert "forward" not in model.__dict__ and not any(m._forward_hooks for m in model.modules())


@pytest.mark.parametrize("where", ["before", "within", "behind"])
def test_reading_that_is_opened_or_closed_in_the_middle_of_a_pass_breaks_no_later_one(where):
    model, x = nn.Sequential(Torn()).eval(), torch.randn(2, 3, 4, 4)
    (site,) = find_gates(model, x)
    open_now = []

    def toggle(*_):
        if open_now:
            open_now.pop().__exit__(None, None, None)
        else:
            open_now.append(capture(model, [site], exact=True))
            open_now[-1].__enter__()

    with capture(model, [site], exact=True) as tape:
        handle = getattr(model[0], where).register_forward_hook(toggle)
        for _ in range(4):
            model(x)
        handle.remove()
        assert not open_now
        model(x)
        assert list(tape) == [site.name]
        with pytest.raises(UserError, match="in the middle of a pass"), edit(model, {site: set_to(0.0)}):
            handle = model[0].before.register_forward_hook(toggle)
            model(x)
    handle.remove()
    with edit(model, {site: set_to(0.0)}):
        assert torch.equal(model(x), model[0].behind.bias[:, None, None].expand(2, 2, 4, 4))


def test_a_model_whose_hooks_are_all_removed_leaves_no_mode_behind():
    model, x = Gated(), torch.randn(2, 3, 4, 4)
    site = found(model, x)
    model.train()
    plain = model(x)
    with capture(model, [site]):
        for module in model.modules():
            module._forward_hooks.clear()
        assert torch.equal(model(x), plain)
        assert not torch.utils._python_dispatch._get_current_dispatch_mode_stack()
    assert not torch.utils._python_dispatch._get_current_dispatch_mode_stack()


@pytest.mark.parametrize("view", [lambda x: x.expand(2, -1, -1, -1), lambda x: x[:, :, :, :1].expand(-1, -1, -1, 4)])
def test_an_example_that_repeats_itself_is_searched_in_inference_mode(view):
    model = Gated().eval()
    with torch.inference_mode():
        x = view(torch.randn(1, 3, 4, 4))
        assert [s.kind for s in find_gates(model, x)] == ["channel"]


def test_logging_takes_a_network():
    network = attnviz.load("noise-attention")
    given = network.spec.input
    with log_gates(network, None, every=1) as log:
        network.module.train()(torch.rand(2, given.channels, *given.size))
    assert {row["gate"] for row in log.rows} == {site.name for site in log.sites} != set()


@pytest.mark.parametrize("name", [["se"], {"se"}, {"se": 1}, None, 3, b"se"], ids=str)
def test_names_that_are_no_text_are_refused(name):
    model = Gated().eval()
    sites = find_gates(model, torch.randn(2, 3, 4, 4))
    with pytest.raises(UserError, match="unknown gate to read features at"), capture(model, sites, [name]):
        pass
    with pytest.raises(UserError, match="unknown kind of gate"):
        Gate(name)


COMPILED = """
import sys, torch, warnings
from torch import nn
from attnviz import capture, edit, find_gates, set_to
warnings.simplefilter("ignore")
class SE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.act = nn.Linear(8, 8), nn.Sigmoid()
    def forward(self, x):
        return x * self.act(self.fc(x.mean((2, 3))))[..., None, None]
model, x = nn.Sequential(nn.Conv2d(3, 8, 3), SE()).eval(), torch.randn(2, 3, 8, 8)
(site,) = find_gates(model, x)
assert "torch._dynamo" not in sys.modules
with torch.no_grad():
    context = edit(model, {site: set_to(0.0)}) if WAY == "edit" else capture(model, [site], exact=WAY == "exact")
    with context as tape:
        compiled = torch.compile(model, backend="eager")
        first = compiled(x)
        if WAY == "edit":
            assert not first.any() and not compiled(2 * x).any()
        else:
            read = tape[site.name].values
            compiled(2 * x)
            assert not torch.equal(read, tape[site.name].values)
    assert torch.allclose(compiled(x), model(x))
print("served")
"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["light", "exact", "edit"])
def test_a_model_that_is_compiled_inside_of_a_context_is_served(way):
    code = COMPILED.replace("WAY", repr(way))
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert out.stdout.strip() == "served", out.stderr
