"""Which layer Grad-CAM looks at when nobody says so, and what no method can explain."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.attribute import explain, supports
from attnviz.attention import ATTENTION
from attnviz.core.errors import UserError
from attnviz.explain.attribution import ATTRIBUTIONS, attribute
from attnviz.explain.attribution.probe import probe
from attnviz.images.prepare import prepare
from attnviz.models.checkpoints import load
from attnviz.models.spec import build
from tests.conftest import tiny_spec
from tests.explain.attribution.nets import (
    Detached,
    InPlace,
    Late,
    OwnParameter,
    Plain,
    Segmenter,
    Shared,
    SharedInPlace,
    Tokens,
    Twins,
    image,
    make,
)
from tests.zoo import zoo_model

LAYERS = {Plain: "relu2", InPlace: "relu2", Shared: "bn", SharedInPlace: "bn", Late: "conv", OwnParameter: "relu2"}


@pytest.mark.parametrize("kind", LAYERS, ids=lambda k: k.__name__)
def test_the_last_feature_map_is_found(kind):
    assert probe(make(kind), image()).layer == LAYERS[kind]


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("resnet18", "layer4"),
        ("mobilenetv3_large_100", "blocks"),
        ("convnextv2_atto", "norm_pre"),
        ("torchvision:squeezenet1_0", "classifier.2"),
        ("torchvision:shufflenet_v2_x0_5", "conv5"),
    ],
)
def test_the_last_feature_map_of_published_networks(name, layer):
    model, x = zoo_model(name), image(64)
    assert probe(model, x).layer == layer
    assert np.isfinite(attribute(model, x, 7, "grad-cam")).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("vit_tiny_patch16_224", None),
        ("swin_tiny_patch4_window7_224", None),
        ("torchvision:swin_t", "permute"),
        ("mixer_s16_224", None),
    ],
)
def test_transformers_have_a_map_only_where_they_make_one(name, layer):
    assert probe(zoo_model(name), image(224)).layer == layer


@pytest.mark.parametrize("attention", ATTENTION)
def test_every_attention_type_is_supported_by_every_method(attention):
    torch.manual_seed(0)
    spec = tiny_spec(attention)
    if getattr(ATTENTION[attention], "pools", False):
        spec = replace(spec, backbone_options={**spec.backbone_options, "position": "pool"})
    if attention == "stn":  # it moves features, which is no use beside a shortcut
        spec = replace(spec, backbone="vgg16", backbone_options={"width": 1 / 16, "head": "small"})
    model, x = build(spec).eval(), image(64 if attention == "stn" else 32)
    assert probe(model, x).layer == ("features.30" if attention == "stn" else "stage4")
    for name, method in ATTRIBUTIONS.items():
        assert method.refuses(probe(model, x)) is None
        assert attribute(model, x, 1, name).shape == x.shape[2:]


@pytest.mark.parametrize(
    ("kind", "reason", "still"),
    [
        (Segmenter, r"output is \(1, 8, 4, 4\)", lambda method: False),
        (Twins, "output is a tuple", lambda method: False),
        (Detached, "no gradient", lambda method: not method.gradient),
        (Tokens, "no map of features", lambda method: not method.layered),
    ],
)
def test_what_cannot_be_explained_is_refused_with_the_reason(kind, reason, still):
    model = make(kind)
    for name, method in ATTRIBUTIONS.items():
        said = method.refuses(probe(model, image()))
        if still(method):
            assert said is None and attribute(model, image(), 0, name).shape == (16, 16)
            continue
        assert said.count(".") >= 1 and method.title in said and said.endswith(".")
        with pytest.raises(UserError, match=reason):
            attribute(model, image(), 0, name)


def test_any_layer_can_be_named():
    model, x = make(Plain), image()
    first, last = (attribute(model, x, 0, "grad-cam", layer=layer) for layer in ("conv1", "relu2"))
    assert not np.array_equal(first, last) and np.array_equal(last, attribute(model, x, 0, "grad-cam"))
    assert attribute(make(Tokens), x, 0, "grad-cam", layer="patches").shape == (16, 16)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [("relu3", "did you mean 'relu"), ("head", r"gives \(1, 4\)"), ("", "no layer ''"), (3, "no layer 3")],
)
def test_a_wrong_layer_is_refused(layer, reason):
    with pytest.raises(UserError, match=reason):
        attribute(make(Plain), image(), 0, "grad-cam", layer=layer)


def test_a_layer_is_refused_by_methods_that_look_at_none():
    with pytest.raises(UserError, match="looks at no layer"):
        attribute(make(Plain), image(), 0, "occlusion", layer="conv1")


def test_photographs_of_any_aspect():
    x = torch.randn(1, 3, 37, 61, generator=torch.Generator().manual_seed(0))
    for name in ATTRIBUTIONS:
        assert attribute(make(Plain), x, 0, name).shape == (37, 61)


def test_an_image_of_one_colour_gives_a_finite_map():
    for name in ATTRIBUTIONS:
        assert np.isfinite(attribute(make(Plain), torch.full((1, 3, 16, 16), 0.3), 0, name)).all()


@pytest.fixture(scope="module")
def analyser(checkpoints):
    return Analyser(load("cbam", checkpoints))


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_the_analyser_gives_values_without_torch(analyser, photograph, name):
    seen = prepare(photograph, analyser.loaded.spec.input)
    found = explain(analyser, seen, np.int64(1), name)
    direct = attribute(analyser.loaded.module, analyser.input(seen), 1, name)
    assert np.array_equal(found.values, direct) and not found.values.flags.writeable
    assert (found.model, found.method, found.target, found.signed) == ("cbam", name, 1, ATTRIBUTIONS[name].signed)
    assert set(found.parameters) >= {p.name for p in ATTRIBUTIONS[name].parameters}
    assert found.parameters.get("layer") == ("stage4" if ATTRIBUTIONS[name].layered else None)
    method, size = ATTRIBUTIONS[name], (128, 128)
    looked = (8, 8) if method.layered else method.cells(found.parameters, size) if method.cells else size
    assert found.cells == looked and found.seconds > 0
    assert supports(analyser, name) is None


def test_the_analyser_refuses_what_there_is_not(analyser, photograph):
    seen = prepare(photograph, analyser.loaded.spec.input)
    with pytest.raises(UserError, match="unknown attribution method"):
        supports(analyser, "nonsense")
    with pytest.raises(UserError, match=r"0\.\.2, got 3"):
        explain(analyser, seen, 3, "grad-cam")
    with pytest.raises(UserError, match="no layer 'stage9'"):
        explain(analyser, seen, 0, "grad-cam", layer="stage9")


def test_captum_is_imported_when_it_is_used():
    code = (
        "import sys, attnviz.analysis.analyser; from attnviz.explain.attribution import ATTRIBUTIONS; list(ATTRIBUTIONS.values());"
        "import attnviz.analysis.faithfulness; print('captum' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
