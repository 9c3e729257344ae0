import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import transforms as T
from torchvision.transforms import v2

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.faithfulness import _black
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.images.foreign_transforms import read_transform
from attnviz.images.prepare import normalise, prepare
from attnviz.models.locator import load
from attnviz.models.wrap import wrap as wrap_network
from tests.own_models import own_net

SPEC = InputSpec((40, 56))
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)


def take(model, transform=None, labels=None, name=None, scores=None, **said):
    return wrap_network(model, transform=transform, labels=labels, name=name, scores=scores, **said)


def modes(model):
    return [m.training for m in model.modules()]


def test_a_network_in_train_mode_is_asked_in_eval_mode_and_put_back(photograph):
    model = own_net()
    model.stem.eval()  # mixed modes, as when part of a network is frozen
    before, state = modes(model), {k: v.clone() for k, v in model.state_dict().items()}
    analyser = Analyser(take(model, transform=SPEC))
    with analyser.in_use():
        first, second = (analyser.analyse(photograph) for _ in range(2))
        assert not any(modes(model))
    assert np.array_equal(first.logits, second.logits), "dropout was at work"
    assert modes(model) == before and all(p.requires_grad for p in model.parameters())
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items()), "batch norm has learnt"
    assert [(g.site.name, g.site.kind) for g in first.gates] == [("squeeze", "channel"), ("look", "spatial")]
    assert first.model == "OwnNet" and first.labels == tuple(f"class {i}" for i in range(7))
    with torch.no_grad():
        x = torch.from_numpy(normalise(prepare(photograph, SPEC).network, SPEC))[None]
        assert np.array_equal(model.eval()(x)[0].numpy(), first.logits)


def test_an_error_while_in_use_puts_the_modes_back():
    model = own_net()
    analyser = Analyser(take(model, transform=SPEC))
    with pytest.raises(KeyError), analyser.in_use():
        raise KeyError("x")
    assert all(modes(model))


class Wrapped(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.inner, self.wrap = own_net(), wrap

    def forward(self, x):
        return self.wrap(self.inner(x))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda y: (y, y.sum()),
        lambda y: {"features": y[:, :, None], "logits": y},
        lambda y: y.softmax(1),
        lambda y: [y.softmax(1)],
    ],
)
def test_scores_are_taken_out_of_any_output(wrap, photograph):
    plain = Analyser(take(own_net(), transform=SPEC)).loaded
    own = Analyser(take(Wrapped(wrap), transform=SPEC))
    expected = Analyser(plain)
    with own.in_use(), expected.in_use():
        found, usual = own.analyse(photograph), expected.analyse(photograph)
    np.testing.assert_allclose(found.probabilities, usual.probabilities, rtol=1e-5)
    assert len(found.gates) == 2


@pytest.mark.parametrize(
    ("wrap", "scores", "kind", "assumed"),
    [
        (lambda y: y.sigmoid(), None, "sigmoid", []),
        (lambda y: y.sigmoid().view(-1, 7, 1).squeeze(2), None, "sigmoid", []),
        (lambda y: y.log_softmax(1), None, "softmax", []),
        (lambda y: 30 * y, "logits", "logits", []),
        (lambda y: y.sigmoid(), "probabilities", "sigmoid", []),
        (lambda y: y.softmax(1), None, "softmax", []),
        (lambda y: y.softmax(1), "probabilities", "softmax", []),
        (lambda y: 30 * y, None, "softmax", ["softmax"]),
        (lambda y: 30 * y, "sigmoid", "sigmoid", []),
        (lambda y: y.sigmoid(), "softmax", "softmax", []),
        (lambda y: y.softmax(1), "softmax", "softmax", []),
        (lambda y: y.sigmoid(), "sigmoid", "sigmoid", []),
        (lambda y: (y.sigmoid() > 2).float(), None, "logits", ["unseen"]),
    ],
)
def test_what_scores_are_is_told_or_assumed_aloud(wrap, scores, kind, assumed, photograph):
    """Probabilities are never put through a softmax once more."""
    model = Wrapped(wrap)
    analyser = Analyser(take(model, SPEC, scores=scores))
    with analyser.in_use(), torch.no_grad():
        found = analyser.analyse(photograph)
        raw = model(analyser.input(prepare(photograph, SPEC)))[0]
        inner = model.inner(analyser.input(prepare(photograph, SPEC)))
        shares = wrap(inner)[0] if wrap(inner).min() >= 0 else wrap(inner)[0].softmax(0)
    twice = scores == "softmax" and torch.equal(raw, inner.sigmoid()[0])  # somebody says that these are logits
    expected = raw if kind == "logits" else raw.softmax(0) if twice else shares
    if scores == "sigmoid" and raw.min() < 0:
        expected = raw.sigmoid()
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    assert found.scores == kind and [note.key for note in found.assumed] == assumed
    assert all(note.text.startswith("Assumed: ") for note in found.assumed)


@pytest.mark.parametrize(
    ("scores", "assumed"), [(None, ["unseen"]), ("logits", []), ("sigmoid", None), ("probabilities", [])]
)
def test_numbers_that_nobody_can_see_made_are_shown_as_they_are(scores, assumed):
    class Tags(nn.Module):
        def forward(self, x):
            return torch.tensor([[0.95, 0.90, 0.02]]).expand(len(x), 3)

    analyser = Analyser(take(Tags(), SPEC, ["dog", "grass", "car"], scores=scores))
    analysis = analyser.analyse(Image.new("RGB", (80, 60)))
    top = [(label, round(p, 4)) for label, p in analysis.top(3)]
    right = [("dog", 0.95), ("grass", 0.9), ("car", 0.02)]
    assert (top == right) is (scores != "sigmoid") and top[0][0] == "dog"
    assert assumed is None or [note.key for note in analysis.assumed] == assumed


class Head(nn.Module):
    """A body that is asked for other shapes of answer."""

    def __init__(self, wrap, classes=7, channels=3):
        super().__init__()
        self.inner, self.wrap = own_net(classes=classes, channels=channels), wrap

    def forward(self, x):
        features = self.inner.look(self.inner.squeeze(self.inner.stem(x)))
        return self.wrap(self.inner.head(features), features)


MAPS = {"out": lambda f: f[:, :5], "aux": lambda f: f[:, 5:10]}


@pytest.mark.parametrize(
    ("wrap", "said", "count", "kind", "notes"),
    [
        (lambda y, f: y[:, 0], {}, 1, "logits", ["number"]),
        (lambda y, f: y[:, :1], {"scores": "logits"}, 1, "logits", []),
        (lambda y, f: y[:, :1], {"scores": "sigmoid"}, 1, "sigmoid", []),
        (lambda y, f: y[:, :1].sigmoid(), {}, 1, "sigmoid", []),
        (lambda y, f: y[:, :1], {"labels": ["no", "yes"]}, 2, "softmax", []),
        (lambda y, f: y[:, :1].sigmoid(), {"labels": ["no", "yes"]}, 2, "softmax", []),
        (lambda y, f: f[:, :5], {"scores": "softmax"}, 5, "softmax", ["averaged"]),
        (lambda y, f: f[:, :5], {"scores": "sigmoid", "at": (0.5, 0.25)}, 5, "sigmoid", []),
        (lambda y, f: {k: g(f) for k, g in MAPS.items()}, {"output": "aux", "scores": "softmax"}, 5, "softmax", ["averaged"]),
        (lambda y, f: {"boxes": y.long(), "kept": None}, {"scores": "none"}, 0, "none", []),
    ],
)  # fmt: skip
def test_every_shape_of_task(wrap, said, count, kind, notes, photograph):
    network = take(Head(wrap), SPEC, **said)
    assert (network.spec.num_classes, network.scores) == (count, kind) and len(network.labels) == count
    analysis = Analyser(network).analyse(photograph)
    assert [note.key for note in analysis.assumed] == notes and len(analysis.gates) == 2
    assert analysis.logits.shape == (count,) and np.isfinite(analysis.probabilities).all()
    assert len(analysis.top(3)) == min(3, count)


def test_answers_of_each_shape_are_the_networks_own(photograph):
    plain = own_net().eval()
    x = torch.from_numpy(normalise(prepare(photograph, SPEC).network, SPEC))[None]
    with torch.no_grad():
        raw, features = plain(x), plain.look(plain.squeeze(plain.stem(x)))

    def asked(wrap, **said):
        return Analyser(take(Head(wrap).eval(), SPEC, **said)).analyse(photograph).probabilities

    yes = asked(lambda y, f: y[:, :1], labels=["no", "yes"])
    np.testing.assert_allclose(yes[1], raw[0, 0].sigmoid(), rtol=1e-5)
    share = asked(lambda y, f: f[:, :5], scores="softmax")
    np.testing.assert_allclose(share, features[:, :5].softmax(1).mean((2, 3))[0], rtol=1e-4)
    place = asked(lambda y, f: f[:, :5], scores="softmax", at=(1.0, 0.0))
    np.testing.assert_allclose(place, features[0, :5, -1, 0].softmax(0), rtol=1e-4)


def test_several_inputs(photograph):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = own_net()

        def forward(self, picture, age, sex=None):
            return self.inner(picture) + age[:, None] * sex

    network = wrap_network(
        Two().eval(), transform=SPEC, inputs=lambda x: {"picture": x, "age": x.new_ones(len(x)), "sex": 2.0}
    )
    plain = Analyser(take(own_net().eval(), SPEC)).analyse(photograph)
    analysis = Analyser(network).analyse(photograph)
    np.testing.assert_allclose(analysis.logits, plain.logits + 2, rtol=1e-5)
    assert len(analysis.gates) == 2
    listed = wrap_network(Two().eval(), transform=SPEC, inputs=lambda x: (x, x.new_zeros(len(x)), 1.0))
    np.testing.assert_allclose(Analyser(listed).analyse(photograph).logits, plain.logits, rtol=1e-5)
    with pytest.raises(UserError, match="missing 1 required positional argument: 'age'"):
        take(Two(), SPEC)


@pytest.mark.parametrize("channels", [1, 3, 4, 6])
def test_pictures_of_any_number_of_channels(channels):
    network = take(own_net(channels=channels).eval(), size=(24, 40), mean=0.5, std=0.25)
    assert network.input.mean == (0.5,) * channels
    values = np.random.default_rng(0).integers(0, 65536, (24, 40, channels), dtype=np.uint16)
    analyser = Analyser(network)
    analysis = analyser.analyse(values if channels in (1, 3) else values)
    if channels not in (1, 3):
        expected = (np.moveaxis(values, 2, 0).astype(np.float32) / 65535 - 0.5) / 0.25
        np.testing.assert_allclose(analyser.input(analysis.image)[0], expected, atol=1e-5)
    assert analysis.image.pixels.shape == (24, 40, 3) and len(analysis.gates) == 2


def test_channels_that_nobody_has_described_are_asked_for():
    with pytest.raises(UserError, match="takes 4 channels: say their mean and std"):
        take(own_net(channels=4), size=32)
    with pytest.raises(UserError, match="its first convolution takes 1 channels, and mean says 3"):
        take(own_net(channels=1), size=32, mean=(0.1, 0.2, 0.3), std=0.5)
    with pytest.raises(UserError, match="std has 2 values and the network takes 3 channels"):
        take(own_net(), size=32, mean=(0.1, 0.2, 0.3), std=(0.1, 0.2))
    with pytest.raises(UserError, match="mean and std belong together"):
        take(own_net(), size=32, mean=0.5)
    with pytest.raises(UserError, match="unknown 'labls' in a model card; did you mean 'labels'"):
        take(own_net(), size=32, labls=["a"])
    assumed = take(own_net(), size=32)
    assert [note.key for note in assumed.assumed] == ["normalisation", "softmax"]
    assert take(own_net(), size=(32, 40), mean=0.5, std=0.5, scores="softmax").assumed == ()


def test_labels_that_transformers_carry_are_read():
    from types import SimpleNamespace

    model = own_net(classes=3)
    model.config = SimpleNamespace(id2label={"2": "cat", "0": "ant", "1": "bee"})
    assert take(model, SPEC).labels == ("ant", "bee", "cat")
    assert take(model, SPEC, ["x", "y", "z"]).labels == ("x", "y", "z")
    model.config.id2label = {0: "ant"}
    assert take(model, SPEC).labels == ("class 0", "class 1", "class 2")


def test_weights_that_are_not_finite_are_named():
    model = own_net()
    with torch.no_grad():
        model.squeeze.up.weight[0, 0] = float("nan")
    with pytest.raises(UserError, match=r"not finite, in squeeze\.up\.weight; take those of an earlier epoch"):
        take(model, SPEC)


def test_numbers_outside_0_to_1_are_no_probabilities():
    with pytest.raises(UserError, match="scores is 'probabilities' but the network gives numbers in -"):
        take(Wrapped(lambda y: 30 * y), SPEC, scores="probabilities")
    with pytest.raises(UserError, match="unknown scores 'sigmoyd'; did you mean 'sigmoid'"):
        take(own_net(), SPEC, scores="sigmoyd")


def test_of_several_outputs_the_one_that_the_labels_fit_is_taken():
    model = Wrapped(lambda y: (y.repeat(1, 2), y[:, :3], y))
    loaded = take(model, SPEC, list("abcdefg"))
    assert loaded.spec.num_classes == 7 and loaded.module.key == "2"
    unsaid = take(model, transform=SPEC)
    assert unsaid.spec.num_classes == 14 and "several" in [note.key for note in unsaid.assumed]
    with pytest.raises(UserError, match="gives 14 or 3 or 7 class scores but there are 5 labels"):
        take(model, SPEC, list("abcde"))


def test_complex_scores_are_named():
    with pytest.raises(UserError, match=r"got \(1, 7\) torch.complex64"):
        take(Wrapped(lambda y: y.to(torch.complex64)), SPEC)


def test_a_network_is_asked_in_its_own_type(photograph):
    analyser = Analyser(take(own_net().double(), SPEC))
    with analyser.in_use():
        assert analyser.analyse(photograph).logits.dtype == np.float32


def test_a_network_without_parameters_or_gates_says_what_it_has(photograph):
    class Pool(nn.Module):
        def forward(self, x):
            return x.mean(dim=(2, 3))

    assert Analyser(take(Pool(), transform=SPEC)).analyse(photograph).facts["contents"] == "1 Pool"
    plain = Analyser(take(own_net(gates=False), transform=SPEC)).analyse(photograph)
    assert plain.gates == () and "1 Conv2d" in plain.facts["contents"]


class Failing(nn.Module):
    def forward(self, x):
        raise ValueError("first line\nsecond line")


@pytest.mark.parametrize(
    ("model", "labels", "message"),
    [
        ("resnet", None, "torch.nn.Module, got str"),
        (Failing(), None, r"Failing fails on an example of shape \(1, 3, 40, 56\): ValueError: first line$"),
        (own_net(channels=4), None, "fails on an example"),
        (nn.Conv2d(3, 8, 1), None, r"class scores \(N, K\).*\(1, 8, 40, 56\); for an answer at every place"),
        (nn.Flatten(0), None, r"got \(6720,\)"),
        (
            own_net(classes=16),
            [str(i) for i in range(37)],
            "gives 16 class scores but there are 37 labels; give one label",
        ),
        (own_net(), ["a", "b"], "gives 7 class scores but there are 2 labels"),
        (own_net(), "labels", "sequence of class names, got str"),
        (own_net(), {0: "a"}, "sequence of class names, got dict"),
        (own_net(), 7, "sequence of class names, got int"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_starts(model, labels, message):
    with pytest.raises(UserError, match=message):
        take(model, SPEC, labels)
    if isinstance(model, nn.Module):
        assert all(modes(model)) and not any(m._forward_hooks for m in model.modules())


def test_scores_that_are_not_finite_are_refused():
    class Broken(nn.Module):
        def forward(self, x):
            return x.mean(dim=(2, 3)) / 0

    with pytest.raises(UserError, match="not finite"):
        take(Broken(), transform=SPEC)


SQUASHED = [
    T.Compose([T.Resize((64, 64)), T.ToTensor(), T.Normalize(MEAN, STD)]),
    T.Compose([T.Resize((73, 73)), T.CenterCrop(64), T.ToTensor(), T.Normalize(MEAN, STD)]),
]


@pytest.mark.parametrize("transform", SQUASHED)
@pytest.mark.parametrize("size", [(160, 120), (120, 160), (80, 240)])
def test_a_transform_that_squeezes_is_followed(transform, size):
    given, own = read_transform(transform)
    assert own is None and given.fit == "squash"
    y, x = np.mgrid[: size[1], : size[0]]
    picture = Image.fromarray(np.stack([x, y, (x + y) // 2], 2).astype(np.uint8))
    image = prepare(picture, given)
    np.testing.assert_allclose(normalise(image.network, given), transform(picture).numpy(), atol=0.06)


def test_timms_crop_mode_is_followed():
    config = {"input_size": (3, 96, 96), "mean": MEAN, "std": STD, "crop_pct": 1.0}
    assert read_transform({**config, "crop_mode": "squash"})[0].fit == "squash"
    assert read_transform({**config, "crop_mode": "center"})[0].fit == "crop"
    with pytest.raises(UserError, match="crop_mode 'border' cannot be followed"):
        read_transform({**config, "crop_mode": "border"})


COMPOSED = [
    T.Compose([T.Resize(73), T.CenterCrop(64), T.ToTensor(), T.Normalize(MEAN, STD)]),
    T.Compose([T.Resize([73]), T.CenterCrop((64, 64)), T.PILToTensor(), T.ConvertImageDtype(torch.float32), T.Normalize(MEAN, STD)]),
    v2.Compose([v2.Resize(73), v2.CenterCrop(64), v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]),
]  # fmt: skip


@pytest.mark.parametrize("transform", COMPOSED)
def test_a_transform_is_read_and_gives_the_same_input(transform):
    given, own = read_transform(transform)
    assert own is None and given == InputSpec((64, 64), 64 / 73, MEAN, STD, interpolation="bilinear")
    y, x = np.mgrid[:73, :73]
    picture = Image.fromarray(np.stack([3 * x, 3 * y, x + y], 2).astype(np.uint8))
    image = prepare(picture, given)
    expected = transform(picture).numpy()
    np.testing.assert_allclose(normalise(image.network, given), expected, atol=0.02)


def test_presets_and_configurations_are_read():
    import timm
    from torchvision.models import EfficientNet_B0_Weights

    given, own = read_transform(EfficientNet_B0_Weights.DEFAULT.transforms())
    assert own is None and given == InputSpec((224, 224), 224 / 256)
    config = {"input_size": (3, 96, 128), "mean": MEAN, "std": STD, "crop_pct": 0.9, "interpolation": "bicubic"}
    assert read_transform(config)[0] == InputSpec((96, 128), 0.9, MEAN, STD)
    model = timm.create_model("test_efficientnet")
    spec = read_transform(None, model)[0]
    assert spec.size == (160, 160) and spec == read_transform(timm.data.resolve_model_data_config(model))[0]
    timms = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    read = read_transform(timms)[0]
    assert read.size == spec.size and read.crop_fraction == pytest.approx(spec.crop_fraction, abs=0.005)
    np.testing.assert_allclose([read.mean, read.std], [spec.mean, spec.std], atol=1e-6)


def test_a_function_is_used_as_it_is(photograph):
    calls = []

    def own(picture):
        calls.append(picture.size)
        return T.functional.to_tensor(picture.convert("L").resize((28, 20))) * 2 - 1

    loaded = take(own_net(channels=1), own, name="Digits")
    analyser = Analyser(loaded)
    assert loaded.spec.input.size == (20, 28)
    with analyser.in_use():
        analysis = analyser.analyse(photograph)
    image = prepare(photograph, loaded.spec.input)
    assert torch.equal(analyser.input(image)[0], own(Image.fromarray(image.network)))
    assert analysis.gate("look").mask.shape == (10, 14) and calls[-1] == (28, 20)


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (lambda p: T.functional.to_tensor(p.resize((72, 72)).crop((4, 4, 68, 68))), "cuts, shifts or mirrors"),
        (lambda p: T.functional.to_tensor(p.resize((64, 64))).flip(2), "cuts, shifts or mirrors"),
        (lambda p: T.functional.to_tensor(p.resize((64, 64))) + torch.rand(1), "different values for the same"),
        (lambda p: torch.zeros(3, 64, 64), "cuts, shifts or mirrors"),
        (lambda p: T.functional.to_tensor(p.resize((p.width // 2, p.height // 2))), "must give one size"),
        (lambda p: p, "fails on a Pillow image|floats"),
        (lambda p: torch.zeros(3), r"tensor \(C, H, W\) of floats, got \(3,\)"),
        (lambda p: torch.zeros(3, 4, 4), "8..2048"),
        (lambda p: 1 / 0, "ZeroDivisionError"),
        ({"input_size": (3, 64, 64)}, "needs input_size"),
        (3, "transform must be an InputSpec"),
        (None, "say what the network wants"),
    ],
)
def test_transforms_that_cannot_be_used(transform, message):
    with pytest.raises(UserError, match=message):
        read_transform(transform)


WIDE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (7, 10, 3), dtype=np.uint8)).resize((160, 112), 3)


@pytest.mark.parametrize(
    ("steps", "size", "share"),
    [
        ([T.Resize((256, 256)), T.CenterCrop(224)], (224, 224), 0.875),
        ([T.Resize((128, 64)), T.CenterCrop((64, 32))], (64, 32), 0.5),
        ([T.Resize(64), T.CenterCrop(64)], (64, 64), 1.0),
        ([T.Resize((64, 96)), T.CenterCrop((64, 96))], (64, 96), 1.0),
    ],
)
def test_a_crop_of_like_shares_is_followed(steps, size, share):
    transform = T.Compose([*steps, T.ToTensor()])
    given, own = read_transform(transform)
    assert own is None and (given.size, given.crop_fraction) == (size, share)
    assert np.abs(normalise(prepare(WIDE, given).network, given) - transform(WIDE).numpy()).mean() < 0.04


class Preset:
    """As ``ImageClassification`` of torchvision."""

    mean, std, interpolation, antialias = list(MEAN), list(STD), T.InterpolationMode.BILINEAR, True

    def __init__(self, resized, cropped):
        self.resize_size, self.crop_size = resized, cropped

    def __call__(self, picture):
        steps = [T.Resize(self.resize_size), T.CenterCrop(self.crop_size), T.ToTensor(), T.Normalize(MEAN, STD)]
        return T.Compose(steps)(picture)


@pytest.mark.parametrize(
    ("resized", "cropped"),
    [
        ([224, 320], [224]),
        ([320, 224], [224]),
        ([256, 256], [224, 112]),
        ([128], [96, 64]),
        ([48], [64]),
        ([48, 48], [64]),
    ],
)
def test_a_crop_that_no_spec_describes_is_not_read_as_another(resized, cropped):
    for transform in (T.Compose([T.Resize(resized), T.CenterCrop(cropped), T.ToTensor()]), Preset(resized, cropped)):
        with pytest.raises(UserError, match="cuts, shifts or mirrors|must give one size"):
            read_transform(transform)


def test_presets_of_torchvision_are_all_read():
    from torchvision import models

    for name in models.list_models(module=models):
        for weights in models.get_model_weights(name):
            preset = weights.transforms()
            given, own = read_transform(preset)
            assert own is None and given.size == (preset.crop_size[0],) * 2
            assert given.crop_fraction == preset.crop_size[0] / preset.resize_size[0]


class Elsewhere:
    """Steps of another library under names of torchvision's."""

    class Resize:
        height = width = 32

    class CenterCrop:
        size = None

    class Normalize:
        mean, std = "imagenet", None

    class Grayscale:
        pass


@pytest.mark.parametrize("step", ["Resize", "CenterCrop", "Normalize", "Grayscale"])
def test_steps_of_other_libraries_are_not_taken_for_torchvisions(step):
    class Compose:
        transforms = (T.Resize((32, 32)), getattr(Elsewhere, step)(), T.ToTensor())

        def __call__(self, picture):
            raise KeyError("you have to pass data as named arguments")

    with pytest.raises(UserError, match="the transform fails on a Pillow image .*as named arguments"):
        read_transform(Compose())

    class Works(Compose):
        def __call__(self, picture):
            return halves(picture)

    assert read_transform(Works())[0].size == (32, 32)


CONFIG = {"input_size": (3, 32, 40), "mean": MEAN, "std": STD}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input_size": 224}, "needs input_size .*got input_size=224, mean="),
        ({"input_size": "3x224x224"}, "needs input_size"),
        ({"input_size": (224, 224)}, "needs input_size"),
        ({"input_size": (3, 224, None)}, "needs input_size"),
        ({"input_size": (3, 22.4, 224)}, "needs input_size"),
        ({"mean": None}, "needs input_size"),
        ({"mean": "imagenet"}, "mean and std must have one finite number"),
        ({"mean": {"r": 0.5}}, "mean and std must have one finite number"),
        ({"mean": (0.5, None, 0.5)}, "mean and std must have one finite number"),
        ({"std": 0}, "std must be > 0"),
        ({"crop_pct": "90%"}, "crop_fraction must be a number in"),
        ({"crop_pct": 0}, "crop_fraction must be a number in"),
        ({"crop_mode": ["center"]}, "crop_mode .* cannot be followed"),
        ({"interpolation": 9}, "unknown interpolation '9'"),
        ({"interpolation": ["bilinear"]}, "unknown interpolation"),
    ],
)
def test_configurations_of_wrong_types_are_refused(changed, message):
    with pytest.raises(UserError, match=message):
        read_transform({**CONFIG, **changed})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"crop_fraction": "0.9"}, "crop_fraction must be a number in"),
        ({"fit": ["crop"]}, "unknown fit"),
        ({"interpolation": 2}, "unknown interpolation"),
        ({"size": "32"}, "size must be numbers"),
        ({"window": (5, 5)}, "a window is two numbers"),
    ],
)
def test_what_is_said_in_wrong_types_is_refused(said, message):
    with pytest.raises(UserError, match=message):
        take(own_net(), **{"size": 32, **said})


def test_one_number_stands_for_every_channel():
    assert read_transform({**CONFIG, "mean": 0.5, "std": [0.25]})[0] == InputSpec((32, 40), 1, (0.5,) * 3, (0.25,) * 3)


@pytest.mark.parametrize(("number", "name"), enumerate(["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]))
def test_numbers_of_pillow_name_a_way_of_resizing(number, name):
    for given in (number, Image.Resampling(number)):
        assert read_transform({**CONFIG, "interpolation": given})[0].interpolation == name
    step = T.Resize((32, 40))
    step.interpolation = number  # as older versions of torchvision have it
    assert read_transform(T.Compose([step, T.ToTensor()]))[0].interpolation == name


@pytest.mark.parametrize("unsaid", [{}, {"interpolation": None}, {"interpolation": ""}])
def test_what_is_usual_holds_where_no_way_of_resizing_is_said(unsaid):
    assert read_transform({**CONFIG, **unsaid})[0].interpolation == "bicubic"
    step = T.Resize((32, 40))
    step.interpolation = unsaid.get("interpolation")
    assert read_transform(T.Compose([step, T.ToTensor()]))[0].interpolation == "bilinear"


def halves(picture, size=(32, 32)):
    return T.functional.to_tensor(picture.resize(size)) * 2 - 1


def as_large(picture):
    """It keeps the size that it gets."""
    return T.functional.to_tensor(picture) * 2 - 1


COUNTS_FOR_NOTHING = [
    ({"mean": 0.1}, "by itself, and mean would count for nothing"),
    ({"std": 0.2}, "by itself, and std would count for nothing"),
    ({"mean": 0.1, "std": (0.2, 0.3, 0.4)}, "mean and std would count for nothing"),
    ({"window": (0, 255)}, "window would count for nothing"),
    ({"shown": (2, 1, 0)}, "shown would count for nothing"),
    ({"size": 64}, "gives 32×32 pixels, and size says 64×64"),
    ({"size": (32, 40)}, "gives 32×32 pixels, and size says 32×40"),
]
FRAMES = [
    {"fit": "squash"},
    {"crop_fraction": 0.5},
    {"interpolation": "nearest"},
    {"size": 32, "mean": 0.0, "std": 1.0},
    {"size": (32, 32), "fit": "squash", "crop_fraction": 0.9, "labels": list("abcdefg")},
]


@pytest.fixture
def factory_with_function(tmp_path):
    (tmp_path / "net.py").write_text(
        "import attnviz\nfrom tests.own_models import own_net\nfrom tests.models.test_wrap import halves\n"
        "def make():\n    return attnviz.wrap(own_net(), transform=halves)\n"
    )
    return f"{tmp_path}/net.py:make"


@pytest.mark.parametrize(("said", "message"), COUNTS_FOR_NOTHING)
def test_what_counts_for_nothing_beside_a_function_is_refused(said, message, factory_with_function):
    with pytest.raises(UserError, match=message):
        take(own_net(), halves, **said)
    with pytest.raises(UserError, match=message):
        load(factory_with_function, **said)


@pytest.mark.parametrize("said", FRAMES)
def test_what_part_a_function_gets_may_be_said(said, factory_with_function, photograph):
    for network in (take(own_net(), halves, **said), load(factory_with_function, **said)):
        spec = InputSpec((32, 32), mean=(0.0,) * 3, std=(1.0,) * 3)
        wanted = {key: said[key] for key in ("fit", "crop_fraction", "interpolation") if key in said}
        assert network.input == dataclasses.replace(spec, **wanted)
        analyser = Analyser(network)
        seen = prepare(photograph, network.input).network
        assert torch.equal(analyser.input(analyser.prepare(photograph))[0], halves(Image.fromarray(seen)))


@pytest.mark.parametrize("size", [(64, 64), (40, 56)])
def test_a_function_of_any_size_is_given_the_one_that_is_said(size):
    network = take(own_net(), as_large, size=size)
    assert network.input.size == size and network.example().shape == (1, 3, *size)


def test_a_card_over_a_function_of_other_channels(tmp_path):
    (tmp_path / "net.py").write_text(
        "import attnviz\nfrom tests.own_models import own_net\nfrom tests.models.test_wrap import halves\n"
        "def make():\n    return attnviz.wrap(own_net(channels=1), transform=lambda p: halves(p)[:1])\n"
    )
    assert load(f"{tmp_path}/net.py:make", labels=list("abcdefg")).labels[6] == "g"


def test_what_a_file_of_weights_says_gives_way_to_a_function(factory_with_function, tmp_path):
    content = {"state_dict": own_net().state_dict(), "hyper_parameters": {"mean": [0.1] * 3, "std": [0.2] * 3}}
    torch.save({**content, "pytorch-lightning_version": "2.5"}, tmp_path / "w.ckpt")
    assert load(factory_with_function, weights=tmp_path / "w.ckpt").input.mean == (0, 0, 0)


def grey_halves(picture):
    return halves(picture)[:1]


@pytest.mark.parametrize(
    ("transform", "channels", "black"),
    [
        (halves, 3, [-1, -1, -1]),
        (grey_halves, 1, [-1]),
        (lambda p: 1 - T.functional.to_tensor(p.resize((32, 32))), 3, [1, 1, 1]),
        (InputSpec((32, 32), mean=(0.5,) * 3, std=(0.25,) * 3), 3, [-2, -2, -2]),
    ],
)
def test_black_is_what_a_network_is_given_of_black(transform, channels, black):
    assert _black(Analyser(take(own_net(channels=channels), transform))).tolist() == black
