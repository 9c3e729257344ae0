"""What is read and edited is what the features meet, wherever and however often a network changes it before."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, knock_out, mean, neutral, scale, set_to, shuffle

C = 3


@pytest.fixture(autouse=True)
def _no_grad():
    torch.manual_seed(0)
    with torch.no_grad():
        yield


def one_gate(model, x):
    (site,) = find_gates(model.eval(), x)
    return site


class Tokens(nn.Module):
    """Self-attention over five tokens, whose weights are changed before they meet the values."""

    def __init__(self, change):
        super().__init__()
        self.qkv, self.change = nn.Linear(8, 24), change

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        self.used = self.change((q @ k.transpose(-1, -2)).softmax(-1))
        return self.used @ v


def _the_largest(a):
    values, places = a.topk(2, -1)
    return torch.zeros_like(a).scatter(-1, places, values)


def _cut(a):
    a[..., 0] = 0
    return a


CHANGES = {
    "as they are": lambda a: a,
    "masked": lambda a: a.masked_fill(a < a.mean(), 0.0),
    "thresholded": lambda a: a * (a > 0.15),
    "thresholded by themselves": lambda a: a * (a > a.mean()),
    "chosen": lambda a: torch.where(a > 0.15, a, 0.0),
    "doubled": lambda a: 2 * a,
    "complement": lambda a: 1 - a,
    "squared": lambda a: a**2,
    "rectified": lambda a: F.relu(a - 0.1),
    "clamped": lambda a: a.clamp(0.1, 0.3),
    "largest": _the_largest,
    "column of zeros": lambda a: a * (torch.arange(5) > 0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_weights_that_are_changed_are_read_and_edited_as_the_values_meet_them(name):
    model, x = Tokens(CHANGES[name]), torch.randn(2, 5, 8)
    site = one_gate(model, x)
    assert (site.kind, site.shape, site.axis) == ("pairwise", (1, 5, 5), 2)
    v = model.qkv(x).chunk(3, -1)[2]
    for exact in (False, True):
        with capture(model, [site], exact=exact) as tape:
            assert torch.equal(model(x), model.used @ v)
        torch.testing.assert_close(tape[site.name].values, model.used)
    with edit(model, {site: set_to(0.3)}):
        torch.testing.assert_close(model(x), 0.3 * v.sum(1, keepdim=True).expand_as(v))


class Branches(nn.Module):
    """Two branches by a softmax that is changed and then cut apart."""

    def __init__(self, change):
        super().__init__()
        self.fc, self.change = nn.Linear(C, 2 * C), change

    def forward(self, x):
        weights = self.change(self.fc(x.mean((2, 3))).view(-1, 2, C).softmax(1))[..., None, None]
        return x * weights[:, 0] + x.relu() * weights[:, 1]


@pytest.mark.parametrize("change", [lambda a: 2 * a, lambda a: a.masked_fill(a < 0.5, 0.0), lambda a: a**2])
def test_branches_that_were_changed_before_they_are_cut_apart_are_edited_one_by_one(change):
    model, x = Branches(change).eval(), torch.randn(2, C, 5, 5)
    sites = find_gates(model, x)
    with edit(model, {site: set_to(0.5) for site in sites}):
        torch.testing.assert_close(model(x), 0.5 * (x + x.relu()))


class Squeeze(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(C, C)

    def logits(self, x):
        return self.fc(x.mean((2, 3)))[..., None, None]


class Overwritten(nn.Module):
    """The gate becomes the product: the write must reach the tensor that goes on."""

    def __init__(self, multiply):
        super().__init__()
        self.conv, self.multiply = nn.Conv2d(C, C, 1), multiply

    def forward(self, x):
        gate = self.conv(x).sigmoid()
        self.multiply(gate, x)
        return gate


OVERWRITES = {
    "mul_": lambda g, x: g.mul_(x),
    "*=": lambda g, x: g.__imul__(x),
    "out": lambda g, x: torch.mul(g, x, out=g),
    "copied": lambda g, x: g.copy_(g * x),
}


@pytest.mark.parametrize("name", OVERWRITES)
def test_an_edit_reaches_a_product_that_is_written_over_the_gate(name):
    model, x = Overwritten(OVERWRITES[name]), torch.randn(2, C, 4, 4)
    site = one_gate(model, x)
    plain = model(x)
    for value in (0.0, 0.25):
        with edit(model, {site: set_to(value)}):
            torch.testing.assert_close(model(x), value * x)
    with edit(model, {site: scale(0.5)}):
        torch.testing.assert_close(model(x), plain / 2)
    torch.testing.assert_close(model(x), plain)


class StoredAndOverwritten(Squeeze):
    def forward(self, x):
        gate = self.logits(x).sigmoid().expand_as(x).contiguous()
        gate *= x
        return gate


def test_a_stored_gate_can_still_be_written_to_when_it_is_edited():
    model, x = StoredAndOverwritten(), torch.randn(2, C, 4, 4)
    site, plain = one_gate(model, x), None
    plain = model(x)
    with edit(model, {site: scale(0.5)}):
        torch.testing.assert_close(model(x), plain / 2)


class Block(Squeeze):
    def __init__(self, act):
        super().__init__()
        self.act = act

    def forward(self, x):
        return x * self.act(self.logits(x))


class Stack(nn.Module):
    """Three blocks that share one activation, of which one can be left out (layer drop)."""

    skip = None

    def __init__(self):
        super().__init__()
        act = nn.Sigmoid()
        self.blocks = nn.ModuleList(Block(act) for _ in range(3))

    def forward(self, x):
        for number, block in enumerate(self.blocks):
            x = x if number == self.skip else block(x)
        return x


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("name", ["blocks.0", "blocks.1", "blocks.2"])
def test_where_a_call_is_left_out_no_other_gate_is_taken_for_it(skip, name):
    model, x = Stack().eval(), torch.randn(2, C, 5, 5)
    assert [site.name for site in find_gates(model, x)] == ["blocks.0", "blocks.1", "blocks.2"]
    model.skip = skip
    with pytest.raises(UserError, match=rf"{name} "), capture(model, [name]):
        model(x)
    with pytest.raises(UserError, match=rf"{name} "), edit(model, {name: set_to(0.0)}):
        model(x)
    model.skip = None
    with capture(model, [name]) as tape:
        model(x)
    assert name in tape


class FlatSoftmax(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.softmax = nn.Conv2d(C, 1, 1), nn.Softmax(-1)

    def forward(self, x):
        n, _, h, w = x.shape
        return x * self.softmax(self.conv(x).view(n, -1)).view(n, 1, h, w)


@pytest.mark.parametrize("size", [(18, 18), (10, 7), (6, 6), (3, 3)])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_a_flat_mask_of_another_size_is_refused_and_read_exactly_all_the_same(size, count):
    model = FlatSoftmax()
    site = one_gate(model, torch.randn(2, C, 9, 9))
    x = torch.randn(count, C, *size)
    refusal = "had shape .* at the search and has .*; read it with exact=True, or search"
    with pytest.raises(UserError, match=refusal), capture(model, [site]):
        model(x)
    with pytest.raises(UserError, match=refusal), edit(model, {site: scale(0.5)}):
        model(x)
    with capture(model, [site], exact=True) as tape:
        model(x)
    assert tape[site.name].values.shape == (count, 1, *size)
    x = torch.randn(count, C, 9, 9)
    with capture(model, [site]) as tape:
        model(x)
    assert tape[site.name].values.shape == (count, 1, 9, 9)


class Windows(nn.Module):
    """LR-ASPP: the gate is pooled in windows of 8 and resized; a picture of 8 has a single one."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, C, 1)

    def forward(self, x):
        gate = torch.sigmoid(self.conv(F.avg_pool2d(x, 8)))
        self.used = F.interpolate(gate, size=x.shape[2:], mode="bilinear")
        return x * self.used


def test_a_gate_of_more_windows_than_at_the_search_is_read_whole():
    model = Windows()
    site = one_gate(model, torch.randn(1, C, 8, 8))
    x = 5 * torch.randn(2, C, 32, 32)
    with capture(model, [site], exact=True) as tape:
        plain = model(x)
    assert torch.equal(tape[site.name].values, model.used)
    with edit(model, {site: scale(0.5)}):
        torch.testing.assert_close(model(x), plain / 2)


class Fused(nn.Module):
    def forward(self, x, mask):
        return F.scaled_dot_product_attention(x, x, x, mask)


@pytest.mark.parametrize("of_floats", [False, True])
def test_a_query_that_may_look_nowhere_has_weights_of_0(of_floats):
    x, mask = torch.randn(2, 2, 6, 8), torch.ones(2, 1, 6, 6, dtype=torch.bool)
    mask[0, :, 3:] = False
    if of_floats:
        mask = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
    model = Fused().eval()
    (site,) = find_gates(model, (x, mask))
    with capture(model, [site]) as tape:
        plain = model(x, mask)
    assert torch.equal(tape[site.name].values[0, :, 3:], torch.zeros(2, 3, 6))
    with edit(model, {site: scale(1.0)}):
        torch.testing.assert_close(model(x, mask), plain)


def test_nested_tensors_are_refused_with_what_to_do():
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    x, padding = torch.randn(2, 6, 8), torch.arange(6)[None] >= torch.tensor([[4], [6]])
    sites = find_gates(model, x)
    with pytest.raises(UserError, match="enable_nested_tensor=False"), capture(model, sites):
        model(x, src_key_padding_mask=padding)
    with pytest.raises(UserError, match="enable_nested_tensor=False"), edit(model, {sites[0]: scale(1.0)}):
        model(x, src_key_padding_mask=padding)


def test_forward_mode_derivatives_of_an_edit_inside_an_operation_are_refused():
    class Net(Squeeze):
        def forward(self, x):
            return x * self.logits(x).sigmoid()

    model, x = Net(), torch.randn(2, C, 4, 4)
    site = one_gate(model, x)
    with (
        pytest.raises(UserError, match="forward-mode derivatives"),
        torch.enable_grad(),
        edit(model, {site: scale(0.5)}),
    ):
        torch.autograd.functional.jacobian(model, x, strategy="forward-mode", vectorize=True)


class Product(nn.Module):
    def forward(self, x, gate):
        return x * gate


class Kept(Squeeze):
    """The gate is kept on the module, and given out."""

    def forward(self, x):
        self.map = self.logits(x).sigmoid()
        return self.map


class Apart(nn.Module):
    def __init__(self, keeps):
        super().__init__()
        self.attention, self.product, self.keeps = Kept(), Product(), keeps

    def forward(self, x):
        gate = self.attention(x)
        return self.product(x, self.attention.map if self.keeps else gate)


def test_an_edit_that_goes_past_a_product_in_another_module_is_refused():
    x = torch.randn(2, C, 4, 4)
    model = Apart(keeps=True)
    site = one_gate(model, x)
    with pytest.raises(UserError, match="did not reach the features"), edit(model, {site: set_to(0.0)}):
        model(x)
    model = Apart(keeps=False)
    site = one_gate(model, x)
    for _ in range(2):
        with edit(model, {site: set_to(0.0)}):
            assert not model(x).any() and not model(x).any()


def test_nothing_is_opened_in_the_middle_of_an_edited_pass():
    class Net(Squeeze):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(C, C, 1)

        def forward(self, x):
            x = self.stem(x)
            return x * self.logits(x).sigmoid()

    model, x = Net(), torch.randn(2, C, 4, 4)
    site, inside = one_gate(model, x), []

    def hook(*_):
        if not inside:
            inside.append(1)
            with capture(model, [site]):
                model(x)

    handle = model.stem.register_forward_hook(hook)
    with pytest.raises(UserError, match="in the middle of a pass"), edit(model, {site: set_to(0.0)}):
        model(x)
    handle.remove()
    with edit(model, {site: set_to(0.0)}):
        assert not model(x).any()
    assert "forward" not in model.__dict__


class Heads(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, heads, batch_first=True)

    def forward(self, x, bias):
        return self.attention(x, x, x, attn_mask=bias)[0]


def test_one_head_is_knocked_out_whole_and_heads_beside_examples_are_refused():
    x = torch.randn(2, 5, 8)
    model, one = Fused().eval(), torch.randn(2, 1, 5, 8)
    (site,) = find_gates(model, (one, None))
    with edit(model, {site: knock_out(0)}), capture(model, [site]) as tape:
        model(one, None)
    assert not tape[site.name].values.any()
    with pytest.raises(UserError, match=r"must be in 0\.\.0"), edit(model, {site: knock_out(4)}):
        pass
    folded = Heads(2).eval()
    (site,) = find_gates(folded, (x, torch.randn(5, 5)))
    assert site.shape == (2, 5, 5)
    with pytest.raises(UserError, match="has no channels to knock out"), edit(folded, {site: knock_out(0)}):
        pass


def test_examples_are_averaged_and_shuffled_not_the_heads_that_lie_beside_them():
    model, x, bias = Heads(2).eval(), torch.randn(2, 5, 8), torch.randn(5, 5)
    (site,) = find_gates(model, (x, bias))
    with capture(model, [site]) as tape:
        model(x, bias)
    plain = tape[site.name].values.view(2, 2, 5, 5)
    for change, expected in ((mean(), plain.mean(0).expand(2, -1, -1, -1)), (shuffle("batch"), plain.flip(0))):
        with edit(model, {site: change}), capture(model, [site]) as tape:
            model(x, bias)
        torch.testing.assert_close(tape[site.name].values.view(2, 2, 5, 5), expected)
    with pytest.raises(UserError, match="at least 2 examples, got 1"), edit(model, {site: shuffle("batch")}):
        model(x[:1], bias)


class ChannelsLast(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.fc = nn.Linear(C, outputs)

    def forward(self, x):
        y = x.permute(0, 2, 3, 1)
        return y * self.fc(y).sigmoid()


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(C, C, 1)

    def forward(self, x):
        y = x.flatten(2)
        return y * self.conv(y).sigmoid()


class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, 1, 1)

    def forward(self, x):
        return x * self.conv(x).mean(3, keepdim=True).sigmoid()


def changed(model, x, change):
    site = one_gate(model, x)
    with capture(model, [site]) as tape:
        model(x)
    before = tape[site.name].values
    with edit(model, {site: change}), capture(model, [site]) as tape:
        model(x)
    return before, tape[site.name].values


def test_channels_and_positions_are_those_of_the_features_where_channels_are_last():
    x = torch.randn(2, C, 5, 6)
    before, after = changed(ChannelsLast(C), x, knock_out(1))
    assert not after[..., 1].any() and torch.equal(after[..., [0, 2]], before[..., [0, 2]])
    for model in (ChannelsLast(C), ChannelsLast(1)):
        before, after = changed(model, x, shuffle("positions"))
        flat, moved = (v.flatten(1, 2) for v in (before, after))
        assert torch.equal(flat.sort(1).values, moved.sort(1).values), "a weight stays in its channel"
        assert not torch.equal(before.sort(2).values, after.sort(2).values), "and leaves its row"


def test_weights_of_a_sequence_stay_in_their_channel():
    before, after = changed(Sequence(), torch.randn(2, C, 4, 4), shuffle("positions"))
    assert torch.equal(before.sort(2).values, after.sort(2).values) and not torch.equal(before, after)


def test_rows_are_no_channels():
    model, x = Rows(), torch.randn(2, C, 5, 6)
    site = one_gate(model, x)
    with pytest.raises(UserError, match="has no channels to knock out"), edit(model, {site: knock_out(2)}):
        pass


def test_a_capture_that_is_open_is_not_opened_again():
    class Net(Squeeze):
        def forward(self, x):
            return x * self.logits(x).sigmoid()

    model, x = Net(), torch.randn(2, C, 4, 4)
    opened = capture(model, [one_gate(model, x)])
    with opened:
        with pytest.raises(UserError, match="open already"), opened:
            pass
        model(x)
    assert "forward" not in model.__dict__
    with opened as tape:
        model(x)
    assert tape


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (torch.tensor(2 + 1j), "real numbers"),
        (1j, "real numbers"),
        (10**400, "must be numbers"),
        (torch.empty(2, device="meta"), "must be numbers"),
        (None, "must be numbers|must be finite"),
    ],
)
def test_values_that_are_no_numbers_are_refused(value, reason):
    with pytest.raises(UserError, match=reason):
        set_to(value)


def test_what_is_no_collection_of_gates_is_refused():
    model = nn.Conv2d(C, C, 1)
    site = GateSite("a", "channel", (1, C, 1, 1), (1, C, 4, 4))
    for given in (None, "a", site, 3):
        with pytest.raises(UserError, match="several sites or names"):
            capture(model, given)
        with pytest.raises(UserError, match="edits are a mapping"), edit(model, given):
            pass


def test_an_example_without_pictures_is_refused_and_an_empty_tensor_beside_one_is_not():
    class Net(Squeeze):
        def forward(self, boxes, x):
            return x * self.logits(x).sigmoid()

    model, x = Net().eval(), torch.randn(2, C, 4, 4)
    (site,) = find_gates(model, {"boxes": torch.zeros(0, 4), "x": x})
    assert site.shape == (1, C, 1, 1)
    with pytest.raises(UserError, match="all its tensors are empty"):
        find_gates(model, (torch.zeros(0, 4), x[:0]))


def test_hooks_that_somebody_clears_are_missed_by_name():
    class Net(Squeeze):
        def __init__(self):
            super().__init__()
            self.act = nn.Sigmoid()

        def forward(self, x):
            return x * self.act(self.logits(x))

    model, x = Net(), torch.randn(2, C, 4, 4)
    site = one_gate(model, x)
    with capture(model, [site]) as tape:
        model.act._forward_hooks.clear()
        model(x)
    with pytest.raises(UserError, match="was captured|was not captured"):
        tape[site.name]


class FoldedWindows(nn.Module):
    """ACmix: weights over nine neighbours, with four heads folded into the batch."""

    def __init__(self):
        super().__init__()
        self.conv, self.softmax = nn.Conv2d(16, 36, 1), nn.Softmax(1)

    def forward(self, x):
        n, c, h, w = x.shape
        weights = self.softmax(self.conv(x).view(4 * n, 9, h, w))
        around = F.unfold(x.view(4 * n, c // 4, h, w), 3, padding=1).view(4 * n, c // 4, 9, h, w)
        return (weights[:, None] * around).sum(2).view(n, c, h, w)


def test_a_map_that_is_four_times_as_large_is_not_taken_for_four_heads():
    model = FoldedWindows()
    site = one_gate(model, torch.rand(1, 16, 8, 8))
    for count in (1, 2, 3):
        with capture(model, [site]) as tape:
            model(torch.rand(count, 16, 8, 8))
        assert tape[site.name].values.shape == (4 * count, 1, 9, 8, 8)
        with pytest.raises(UserError, match="search for the gates"), capture(model, [site]):
            model(torch.rand(count, 16, 16, 16))


class Stacked(nn.Module):
    """SKNet with its branches stacked in front of the examples (external-attention-pytorch)."""

    def __init__(self):
        super().__init__()
        self.fcs, self.softmax = nn.ModuleList(nn.Linear(C, C) for _ in range(3)), nn.Softmax(0)

    def branches(self, x):
        return torch.stack([x, x.relu(), x.tanh()])

    def forward(self, x):
        weights = torch.stack([fc(x.mean((2, 3)))[..., None, None] for fc in self.fcs])
        return (self.softmax(weights) * self.branches(x)).sum(0)


class TokensInFront(nn.Module):
    """(T, N, C): weights over tokens, a weight a channel, or both."""

    def __init__(self, outputs, pooled):
        super().__init__()
        self.fc, self.pooled = nn.Linear(C, outputs), pooled

    def forward(self, x):
        t = x.flatten(2).permute(2, 0, 1)
        return t * self.fc(t.mean(0, keepdim=True) if self.pooled else t).sigmoid()


EXAMPLES_BEHIND = {
    "branches": (Stacked, "branch", (1, 3, C, 1, 1)),
    "tokens": (lambda: TokensInFront(1, False), "spatial", (1, 16, 1)),
    "channels": (lambda: TokensInFront(C, True), "channel", (1, 1, C)),
    "both": (lambda: TokensInFront(C, False), "full", (1, 16, C)),
}


@pytest.mark.parametrize("name", EXAMPLES_BEHIND)
def test_examples_are_found_where_they_lie(name):
    build, kind, shape = EXAMPLES_BEHIND[name]
    model = build()
    for count in (1, 2, 3, 4):
        x = torch.randn(count, C, 4, 4)
        site = one_gate(model, x)
        assert (site.kind, site.shape) == (kind, shape)
        with capture(model, [site]) as tape:
            plain = model(x)
        values = tape[site.name].values
        assert values.shape == (count, *shape[1:])
        with edit(model, {site: set_to(values.numpy())}):
            torch.testing.assert_close(model(x), plain)
        with edit(model, {site: mean()}), capture(model, [site]) as tape:
            model(x)
        torch.testing.assert_close(tape[site.name].values, values.mean(0, keepdim=True).expand_as(values))


def test_one_branch_of_those_in_front_is_scaled():
    model, x = Stacked(), torch.randn(2, C, 4, 4)
    site = one_gate(model, x)
    with capture(model, [site]) as tape:
        model(x)
    weights = tape[site.name].values.clone()
    weights[:, 1] *= 2
    with edit(model, {site: scale(2.0, 1)}):
        torch.testing.assert_close(model(x), (weights * model.branches(x).transpose(0, 1)).sum(1))


def test_an_exact_reading_is_what_an_edit_at_the_same_module_left():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.softmax = nn.Linear(8, 8), nn.Softmax(-1)

        def forward(self, x):
            q = self.q(x)
            return self.softmax(q @ q.transpose(1, 2)) @ x

    model, x = Attention(), torch.rand(2, 5, 8)
    site = one_gate(model, x)
    for exact in (False, True):
        with edit(model, {site: set_to(0.0)}), capture(model, [site], exact=exact) as tape:
            assert not model(x).any()
        assert not tape[site.name].values.any()


def test_edits_keep_the_memory_format():
    class Pixels(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.gate = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 1)

        def forward(self, x):
            y = self.stem(x)
            y = torch.sigmoid(self.gate(y)) * y
            return y.permute(0, 2, 3, 1).view(len(x), 6, 48)

    model = Pixels().to(memory_format=torch.channels_last)
    x = torch.rand(2, 3, 6, 6).to(memory_format=torch.channels_last)
    site = one_gate(model, x)
    plain = model(x)
    with edit(model, {site: scale(1.0)}):
        torch.testing.assert_close(model(x), plain)


def test_a_search_leaves_its_example_as_it_was():
    class Scaled(Squeeze):
        def forward(self, x):
            x *= 255
            return x * self.logits(x).sigmoid()

    x = torch.rand(2, C, 4, 4)
    before = x.clone()
    one_gate(Scaled(), x)
    assert torch.equal(x, before)


def test_one_softmax_mask_on_two_maps_is_one_gate():
    class Statistics(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(C, 1, 1)

        def forward(self, x):
            mask = self.conv(x).flatten(2).softmax(2).view(len(x), 1, *x.shape[2:])
            return torch.cat([mask * x, mask * x.flip(2)], 1)

    model, x = Statistics(), torch.randn(2, C, 4, 4)
    site = one_gate(model, x)
    with edit(model, {site: set_to(0.0)}):
        assert not model(x).any()


def test_weights_that_are_changed_are_read_and_edited_in_every_use():
    class Twice(Tokens):
        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, -1)
            weights = self.change((q @ k.transpose(-1, -2)).softmax(-1))
            return weights @ v + weights @ k

    for change in (lambda a: 0.9 * a, lambda a: a + 1e-6, lambda a: F.relu(a - 0.01)):
        model, x = Twice(change), torch.randn(2, 5, 8)
        site = one_gate(model, x)
        plain = model(x)
        with edit(model, {site: scale(0.5)}):
            torch.testing.assert_close(model(x), plain / 2)


def test_a_gate_that_is_made_ahead_goes_to_the_call_that_uses_it():
    class Mask(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(C, 1, 1)

        def forward(self, x):
            return self.conv(x).sigmoid()

    class Shared(nn.Module):
        used = True

        def __init__(self):
            super().__init__()
            self.first, self.second, self.product = Mask(), Mask(), Product()

        def forward(self, x):
            a, b = self.first(x), self.second(x)
            y = self.product(x, a)
            return self.product(y, b) if self.used else y

    model, x = Shared().eval(), torch.randn(2, C, 4, 4)
    sites = find_gates(model, x)
    with capture(model, sites) as tape:
        model(x)
    for site, other in (sites, sites[::-1]):
        with edit(model, {site: set_to(0.3)}):
            torch.testing.assert_close(model(x), 0.3 * x * tape[other.name].values)
    model.used = False
    with pytest.raises(UserError, match="did not run after it|did not come to|called it 1 time"):  # noqa: SIM117
        with edit(model, {sites[1]: set_to(0.3)}):
            model(x)


class GatedWindows(nn.Module):
    """Windows of 4 that lie in the batch, each with a gate over its channels."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(C, C)

    def forward(self, x):
        n, c, h, w = x.shape
        windows = x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 1, 3, 5).reshape(-1, c, 4, 4)
        return windows * self.fc(windows.mean((2, 3))).sigmoid()[:, :, None, None]


@pytest.mark.parametrize("change", [mean(), shuffle("batch")], ids=["mean", "shuffle"])
@pytest.mark.parametrize("searched", [4, 8], ids=["one window", "four windows"])
def test_windows_of_a_larger_map_are_not_taken_for_examples(searched, change):
    model = GatedWindows()
    site = one_gate(model, torch.randn(2, C, searched, searched))
    with edit(model, {site: change}):
        model(torch.randn(3, C, searched, searched))
        with pytest.raises(UserError, match="cannot be told from each other"):
            model(torch.randn(1, C, 16, 16))
    with edit(model, {site: neutral()}):
        assert model(torch.randn(1, C, 16, 16)).shape == (16, C, 4, 4)


@pytest.mark.parametrize("side", [4, 12, 16], ids=["one window", "nine windows", "sixteen windows"])
def test_the_mean_of_reference_windows_is_not_given_to_a_map_of_another_size(side):
    model = GatedWindows()
    site = one_gate(model, torch.randn(2, C, 8, 8))
    reference = torch.rand(12, *site.shape[1:])
    with edit(model, {site: mean(reference)}), capture(model, [site]) as tape:
        model(torch.randn(3, C, 8, 8))
        assert torch.allclose(tape[site.name].values, reference.unflatten(0, (3, 4)).mean(0).repeat(3, 1, 1, 1))
        with pytest.raises(UserError, match="cannot be told from each other"):
            model(torch.randn(1, C, side, side))
    for rows in (1, 2, 3, 5, 13):
        with (
            pytest.raises(UserError, match=r"\(R times 4, "),
            edit(model, {site: mean(reference[:1].repeat(rows, 1, 1, 1))}),
        ):
            pass


def test_an_axis_that_is_left_as_it_is_cuts_nothing():
    """Older torch slices for every colon of ``gate[:, :, None, None]``."""

    class Net(Squeeze):
        def __init__(self):
            super().__init__()
            self.act = nn.Sigmoid()

        def forward(self, x):
            return x * self.act(self.logits(x))[:]

    assert one_gate(Net(), torch.randn(2, C, 4, 4)).place.op == "output"
