"""Gates of strangers and their look-alikes: what is found, and that what is read and edited is what the network uses."""

import pytest
import torch
from torch import nn

from attnviz.core.errors import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, scale, set_to
from tests.gates import foreign
from tests.gates import strangers as s
from tests.gates.formulas import BOUNDED, UNBOUNDED, Formula, Swish
from tests.gates.test_discover import expected_names

X = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
STYLES = {
    **s.KINDS,
    **s.MISSED,
    **s.COMPARED,
    **s.REPEATED,
    **s.WITH_COMPLEMENT,
    **s.FALSE_BESIDE,
    **s.BY_AXES,
    **s.RESIZED,
}


def alone(module):
    """A module at the end of a network, with nothing learned behind it."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, foreign.C, 3, padding=1), module()).eval()


@pytest.mark.parametrize("style", STYLES, ids=lambda c: c.__name__)
def test_found_with_the_right_kind_and_used_as_read(style):
    model = foreign.build(style)
    sites = find_gates(model, X)
    assert [x.kind for x in sites] == STYLES[style]
    assert [x.name for x in sites] == expected_names("attn", STYLES[style])
    for other in (X[:1], torch.cat([X, X[:1]])):  # at a single example einsum sets the values first
        assert [(x.name, x.shape, x.exact) for x in find_gates(model, other)] == [
            (x.name, x.shape, x.exact) for x in sites
        ]
    names = [x.name for x in sites]
    with torch.no_grad():
        plain = model(X)
        with capture(model, sites) as light, capture(model, sites, names, exact=True) as exact:
            assert torch.equal(model(X), plain)
        for site in sites:
            assert torch.equal(light[site.name].values, exact[site.name].values)
            assert light[site.name].values.shape == (2, *site.shape[1:])
            with edit(model, {site: set_to(0.0)}):
                nothing = model(X)
            with edit(model, {site: scale(1.0)}):
                assert torch.allclose(model(X), plain, atol=1e-5)
            assert not torch.allclose(nothing, plain, atol=1e-5), "an edit of any gate shows"
        assert torch.equal(model(X), plain)


@pytest.mark.parametrize("style", {**s.WITH_COMPLEMENT, **s.RESIZED}, ids=lambda c: c.__name__)
def test_an_edit_changes_a_gate_and_its_complement_alike(style):
    model = foreign.build(style)
    (site,) = find_gates(model, X)
    for value in (0.0, 0.25, 1.0):
        with torch.no_grad(), edit(model, {site: set_to(value)}):
            edited, stem = model.attn(model.stem(X)), model.stem(X)
        with torch.no_grad():
            assert torch.allclose(edited, model.attn.mix(stem, torch.tensor(value)), atol=1e-6)


@pytest.mark.parametrize("style", [*s.LOOKALIKES, *s.LOSSES, *s.CHOICES], ids=lambda c: c.__name__)
def test_lookalikes_give_nothing(style):
    assert find_gates(foreign.build(style), X) == ()


@pytest.mark.parametrize("style", s.SCORES, ids=lambda c: c.__name__)
def test_scores_at_the_end_of_a_network_are_no_gates(style):
    assert find_gates(alone(style), X) == ()


def test_a_mask_of_shares_inside_a_network_is_a_gate_though():
    (site,) = find_gates(nn.Sequential(*alone(s.ObjectMap), nn.Conv1d(5, 2, 1)), X)
    assert site.kind == "spatial"


@pytest.mark.parametrize("name", BOUNDED)
def test_whatever_is_bounded_is_a_gate(name):
    (site,) = find_gates(foreign.build(lambda: Formula(BOUNDED[name])), X)
    assert (site.name, site.kind, site.shape) == ("attn", "channel", (1, 8, 1, 1))


@pytest.mark.parametrize("name", UNBOUNDED)
def test_what_has_no_bound_is_none(name):
    assert find_gates(foreign.build(lambda: Formula(UNBOUNDED[name])), X) == ()


OF_ITSELF = [n for n in BOUNDED if "share" not in n and "softmax" not in n and "normalised" not in n]


@pytest.mark.parametrize("name", OF_ITSELF)
def test_the_same_formula_is_half_of_an_activation(name):
    assert find_gates(foreign.build(lambda: Swish(BOUNDED[name])), X) == ()


@pytest.mark.parametrize("name", ["nothing", "relu", "elu + 1", "softplus"])
def test_gates_without_a_bound_are_found_when_they_are_asked_for(name):
    model = foreign.build(lambda: Formula(UNBOUNDED[name]))
    (site,) = find_gates(model, X, unbounded=True)
    assert (site.name, site.kind) == ("attn", "channel")
    with torch.no_grad(), edit(model, {site: set_to(0.0)}):
        assert torch.allclose(model(X), model.head.bias.expand(2, 5), atol=1e-6)


@pytest.mark.parametrize(
    "style", [foreign.LayerScale, foreign.HandLayerNorm, foreign.HandRMSNorm, foreign.HandGRN, foreign.HandSiLU]
)
def test_not_even_then_a_norm_or_an_activation(style):
    assert find_gates(foreign.build(style), X, unbounded=True) == ()


@pytest.mark.parametrize("style", s.REPEATED, ids=lambda c: c.__name__)
def test_an_edit_reaches_every_use(style):
    model = foreign.build(style)
    sites = find_gates(model, X)
    with torch.no_grad(), edit(model, {site: set_to(0.0) for site in sites}):
        assert torch.allclose(model(X), model.head.bias.expand(2, 5), atol=1e-6)


def test_neutral_branches_in_front_give_the_mean():
    for style in (s.LeadingAxis, s.LeadingAxisStacked, s.Temperature):
        model = foreign.build(style)
        (site,) = find_gates(model, X)
        assert site.shape == ((1, 3, 8) if style is s.Temperature else (1, 3, 8, 1, 1)) or site.axis == 2
        seen = []
        handle = model.attn.register_forward_hook(lambda m, i, o: seen.append((i[0], o)))
        with torch.no_grad(), edit(model, {site: neutral()}):
            model(X)
        handle.remove()
        ((x, y),) = seen
        assert torch.allclose(y, (x + x.relu() + x.tanh()) / 3, atol=1e-6)


def test_neutral_offsets_are_a_plain_convolution():
    model = foreign.build(s.Deformed)
    seen = []
    model.attn.register_forward_hook(lambda m, i, o: seen.append((i[0], o)))
    with torch.no_grad(), edit(model, {x: neutral() for x in find_gates(model, X)}):
        model(X)
    x, y = seen[-1]
    assert torch.allclose(y, nn.functional.conv2d(x, model.attn.weight, padding=1), atol=1e-5)


def test_neutral_weights_of_a_deformable_convolution_leave_it_as_it_is_without():
    model = foreign.build(s.Modulated)
    seen = []
    model.attn.register_forward_hook(lambda m, i, o: seen.append((i[0], o)))
    with torch.no_grad(), edit(model, {x: neutral() for x in find_gates(model, X)}):
        model(X)
    x, y = seen[-1]
    assert torch.allclose(y, nn.functional.conv2d(x, model.attn.weight, padding=1), atol=1e-5)


def test_weights_over_frames_are_strips():
    class Frames(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv3d(3, 1, 1)

        def forward(self, x):
            return x * self.conv(x).mean((3, 4), keepdim=True).sigmoid()

    (site,) = find_gates(nn.Sequential(Frames()), torch.randn(2, 3, 4, 6, 6))
    assert (site.kind, site.shape) == ("strip", (1, 1, 4, 1, 1))


@pytest.mark.parametrize("layer", [nn.LazyConv2d(4, 1), nn.Sequential(nn.Flatten(), nn.LazyLinear(4))])
def test_layers_without_parameters_yet_are_refused_by_name(layer):
    model = nn.Sequential(nn.Conv2d(3, 3, 1), layer)
    with pytest.raises(UserError, match=r"1.* is a Lazy.* run the model once first"):
        find_gates(model, X)
    with torch.no_grad():
        model(X)
    assert find_gates(model, X) == ()


class Deep(nn.Module):
    """A pyramid with a gate on every level and one sum over levels."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, foreign.C, 3, 2, 1)
        self.pyramid, self.context, self.gate = s.FeaturePyramid(), foreign.Context(), foreign.ProductFirst()
        self.skip, self.se = foreign.Upsampled(), s.SumInLogit()

    def forward(self, x):
        return self.se(self.skip(self.gate(self.context(self.pyramid(self.stem(x))))))


@pytest.mark.parametrize("side", [16, 20, 32, 40, 48, 64, 96])
def test_names_do_not_depend_on_the_size_of_the_picture(side):
    torch.manual_seed(0)
    names = [x.name for x in find_gates(Deep(), torch.randn(1, 3, side, side))]
    assert names == ["context", "context:added", "gate:channel", "gate:spatial", "skip", "se"]
