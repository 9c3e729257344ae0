"""Attention whose weights torch does not store, or only under some circumstances."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attnviz import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, scale, set_to
from tests.gates import foreign

X = torch.randn(3, 6, 16, generator=torch.Generator().manual_seed(0))
PADDING = torch.tensor([[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1]]).bool()
AHEAD = torch.ones(6, 6, dtype=torch.bool).triu(1)
MASKS = {
    "none": {},
    "padding": {"key_padding_mask": PADDING},
    "ahead": {"attn_mask": AHEAD},
    "both": {"attn_mask": AHEAD, "key_padding_mask": PADDING},
}


class Net(nn.Module):
    """(N, L, 16) -> (N, L, 16) by ``nn.MultiheadAttention`` with the arguments ``given``."""

    def __init__(self, batch_first=True, **given):
        super().__init__()
        torch.manual_seed(0)
        self.attn = nn.MultiheadAttention(16, 4, batch_first=batch_first)
        nn.init.normal_(self.attn.in_proj_bias)
        self.given = given
        self.told = None
        self.eval()

    def forward(self, x):
        x = x if self.attn.batch_first else x.transpose(0, 1)
        y, self.told = self.attn(x, x, x, **self.given)
        return y if self.attn.batch_first else y.transpose(0, 1)


def by_hand(net, x):
    """The weights of every head, (N, h, L, L), from the equations."""
    q, k, _ = F.linear(x, net.attn.in_proj_weight, net.attn.in_proj_bias).chunk(3, -1)
    q, k = (t.unflatten(-1, (4, 4)).transpose(1, 2) for t in (q, k))
    scores = q @ k.transpose(2, 3) / 2
    if "attn_mask" in net.given:
        scores = scores.masked_fill(net.given["attn_mask"], -torch.inf)
    if "key_padding_mask" in net.given:
        scores = scores.masked_fill(net.given["key_padding_mask"][:, None, None], -torch.inf)
    return scores.softmax(-1)


@pytest.mark.filterwarnings("ignore:Converting mask")
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("weights", [True, False], ids=["weights", "no-weights"])
@pytest.mark.parametrize("batch_first", [True, False], ids=["batch-first", "sequence-first"])
def test_multihead_attention_whichever_way_torch_takes(masks, weights, batch_first):
    net = Net(batch_first, need_weights=weights, **MASKS[masks])
    (site,) = find_gates(net, X)
    assert (site.name, site.kind) == ("attn", "pairwise")
    expected = by_hand(net, X).detach()
    for context in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        with context():
            plain = net(X)
            with capture(net, [site]) as tape:
                assert torch.equal(net(X), plain)
            with edit(net, {site: scale(1.0)}):
                assert torch.allclose(net(X), plain, atol=1e-5)
            with edit(net, {site: neutral()}):
                average = net(X)
        assert torch.allclose(tape["attn"].values.reshape(expected.shape), expected, atol=1e-6), context
        assert torch.allclose(average, average[:, :1].expand_as(average), atol=1e-6), "every position gets the mean"
        assert not torch.allclose(average, plain, atol=1e-3)


def test_features_of_multihead_attention_are_its_projected_values():
    net = Net()
    (site,) = find_gates(net, X)
    assert site.features == (1, 4, 6, 4) and site.how.startswith("recomputed from query and key")
    with torch.no_grad(), capture(net, [site], ["attn"]) as tape:
        out = net(X)
    met = (tape["attn"].values @ tape["attn"].features).transpose(1, 2).flatten(2)
    assert torch.allclose(net.attn.out_proj(met), out, atol=1e-6)


@pytest.mark.parametrize("average", [True, False])
def test_an_edit_shows_in_the_weights_that_are_returned(average):
    net = Net(average_attn_weights=average)
    (site,) = find_gates(net, X)
    with torch.no_grad(), edit(net, {site: set_to(0.25)}):
        net(X)
    assert net.told.shape == ((3, 6, 6) if average else (3, 4, 6, 6)) and (net.told == 0.25).all()


def test_multihead_attention_under_autocast_and_found_under_it():
    net = Net()
    sites = {}
    for searched in (False, True):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=searched):
            (sites[searched],) = find_gates(net, X)
        for used in (False, True):
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=used):
                plain = net(X)
                with capture(net, [sites[searched]]) as tape:
                    assert torch.equal(net(X), plain)
                with edit(net, {sites[searched]: neutral()}):
                    assert not torch.allclose(net(X).float(), plain.float(), atol=1e-2)
            values = tape["attn"].values.float().reshape(3, 4, 6, 6)
            assert torch.allclose(values, by_hand(net, X), atol=0.02)


@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_layers_of_torch(norm_first):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, norm_first=norm_first)
    net = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()
    sites = find_gates(net, X)
    assert [s.name for s in sites] == ["layers.0.self_attn", "layers.1.self_attn"]
    with torch.no_grad():
        plain = net(X)
        with capture(net, sites) as tape:
            # a layer with a hook is not run fused: torch's own rule, which costs the last bits
            assert torch.allclose(net(X), plain, atol=1e-6)
        with edit(net, {sites[0]: neutral()}):
            assert not torch.allclose(net(X), plain, atol=1e-3)
    assert all(torch.allclose(seen.values.sum(-1), torch.ones(())) for seen in tape.values())


class Fickle(foreign.FunctionalSigmoid):
    gated = True

    def forward(self, x):
        return super().forward(x) if self.gated else x


def test_an_edit_that_a_pass_does_not_come_to_is_no_silent_failure():
    model = foreign.build(Fickle)
    x = torch.randn(1, 3, 12, 12)
    sites = find_gates(model, x)
    model.attn.gated = False
    with capture(model, sites) as tape, torch.no_grad():
        model(x)
    assert not tape
    with (
        torch.no_grad(),
        edit(model, {"attn": neutral()}),
        pytest.raises(UserError, match="the edit of attn had no effect: attn did not come to multiplication"),
    ):
        model(x)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    model.attn.gated = True
    with torch.no_grad(), edit(model, {"attn": neutral()}):
        model(x)
