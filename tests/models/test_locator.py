"""Networks as people have them: thirty and more that are opened, and those that are refused with a sentence."""

import importlib
import pickle
import sys

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from torch import nn

import attnviz
from attnviz.core.errors import UserError
from attnviz.models.locator import load
from tests.own_models import OwnNet, own_net

ARCHITECTURE = "timm:test_resnet"
OWN = """
import torch
from torch import nn
from tests.own_models import OwnNet, own_net
"""


def state_of(classes=5, seed=0):
    torch.manual_seed(seed)
    return timm.create_model("test_resnet", num_classes=classes).state_dict()


def prefixed(prefix, **more):
    return {**{prefix + key: value for key, value in state_of().items()}, **more}


def typed(dtype):
    return {k: v.to(dtype) if v.is_floating_point() else v for k, v in state_of().items()}


FILES = {
    # name: (file, what is in it, options beyond --classes 5)
    "bare safetensors": ("w.safetensors", state_of, {}),
    "bare pt": ("w.pt", state_of, {}),
    "bare pth": ("w.pth", state_of, {}),
    "bare bin": ("w.bin", state_of, {}),
    "nested under state_dict": ("w.pth", lambda: {"epoch": 3, "state_dict": state_of(), "optimizer": {"state": {}}}, {}),
    "nested under model": ("w.pt", lambda: {"model": state_of(), "ema": state_of(seed=1)}, {}),
    "only averaged weights": ("w.pt", lambda: {"ema": state_of()}, {}),
    "nested twice": ("w.pt", lambda: {"model": {"state_dict": state_of()}}, {}),
    "DataParallel": ("w.pt", lambda: prefixed("module."), {}),
    "compiled": ("w.pt", lambda: prefixed("_orig_mod."), {}),
    "compiled inside DDP": ("w.pt", lambda: {"model": prefixed("module._orig_mod.")}, {}),
    "Lightning": (
        "w.ckpt",
        lambda: {"state_dict": prefixed("model."), "hyper_parameters": {"lr": 0.1}, "pytorch-lightning_version": "2.5"},
        {},
    ),
    "Lightning with a loss": (
        "w.ckpt",
        lambda: {"state_dict": prefixed("model.", **{"criterion.weight": torch.ones(5)})},
        {"notes": ["left_out"]},
    ),
    "a longer prefix": ("w.pt", lambda: prefixed("net.backbone."), {}),
    "averaged by torch": ("w.pt", lambda: prefixed("module.", n_averaged=torch.tensor(7)), {}),
    "counted by thop": ("w.pt", lambda: {**state_of(), "total_ops": torch.zeros(1), "conv1.total_ops": torch.zeros(1)}, {}),
    "float16": ("w.safetensors", lambda: typed(torch.float16), {"close": 1e-2}),
    "bfloat16": ("w.pt", lambda: typed(torch.bfloat16), {"close": 1e-1}),
    "float64": ("w.pt", lambda: typed(torch.float64), {}),
    "no counters of batches": (
        "w.pt",
        lambda: {k: v for k, v in state_of().items() if "num_batches" not in k},
        {},
    ),
}  # fmt: skip


def write(path, content):
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(content, path)
    else:
        torch.save(content, path)
    return path


@pytest.mark.parametrize("name", FILES)
def test_files_of_weights_as_people_have_them(name, tmp_path, photograph):
    file, content, said = FILES[name]
    network = load(ARCHITECTURE, weights=write(tmp_path / file, content()), classes=5, scores="softmax")
    right = state_of()
    assert [note.key for note in network.assumed] == said.get("notes", [])
    for key, value in network.module.state_dict().items():
        if "num_batches" not in key:
            torch.testing.assert_close(value, right[key], atol=said.get("close", 1e-6), rtol=1e-2)
    assert network.source["weights"] == file and len(network.labels) == 5


def test_labels_say_how_many_classes_there_are(tmp_path):
    network = load(ARCHITECTURE, weights=write(tmp_path / "w.pt", state_of(3)), labels=["ant", "bee", "cat"])
    assert network.labels == ("ant", "bee", "cat") and network.spec.num_classes == 3


def test_keys_that_lack_a_prefix_get_one(tmp_path):
    (tmp_path / "net.py").write_text(
        OWN
        + "def make():\n    outer = nn.Module()\n    outer.body = own_net()\n    outer.forward = outer.body.forward\n    return outer\n"
    )
    write(tmp_path / "w.pt", own_net().state_dict())
    network = load(f"{tmp_path}/net.py:make", weights=tmp_path / "w.pt", size=32, mean=0.5, std=0.5)
    torch.testing.assert_close(network.module.body.squeeze.up.weight, own_net().squeeze.up.weight)


FACTORIES = {
    # name: (code behind OWN, FACTORY, options, classes, scores, channels)
    "a function": ("def make():\n    return own_net()\n", "make", {}, 7, "softmax", 3),
    "a class": ("class Net(OwnNet):\n    pass\n", "Net", {}, 7, "softmax", 3),
    "a network": ("net = own_net()\n", "net", {}, 7, "softmax", 3),
    "num_classes": ("def make(num_classes):\n    return own_net(classes=num_classes)\n", "make", {"classes": 4}, 4, "softmax", 3),
    "a wrapped one": ("import attnviz\ndef make():\n    return attnviz.wrap(own_net(), size=24, mean=0.5, std=0.5, labels=list('abcdefg'))\n", "make", {"size": None, "mean": None, "std": None}, 7, "softmax", 3),
    "a module beside it": ("from helper_of_net import number\ndef make():\n    return own_net(classes=number)\n", "make", {}, 6, "softmax", 3),
    "multi-label": ("def make():\n    return nn.Sequential(own_net(), nn.Sigmoid())\n", "make", {}, 7, "sigmoid", 3),
    "a softmax inside": ("def make():\n    return nn.Sequential(own_net(), nn.Softmax(1))\n", "make", {}, 7, "softmax", 3),
    "one logit": ("def make():\n    return own_net(classes=1)\n", "make", {"labels": ["no", "yes"]}, 2, "softmax", 3),
    "regression": ("def make():\n    return own_net(classes=1)\n", "make", {"scores": "logits"}, 1, "logits", 3),
    "segmentation": ("def make():\n    n = own_net()\n    return nn.Sequential(n.stem, n.squeeze, n.look, nn.Conv2d(12, 4, 1))\n", "make", {"scores": "softmax"}, 4, "softmax", 3),
    "detection": ("class D(OwnNet):\n    def forward(self, x):\n        return [{'boxes': torch.zeros(0, 4), 'labels': torch.zeros(0).long(), 'f': super().forward(x)}]\n", "D", {"scores": "none"}, 0, "none", 3),
    "several outputs": ("class D(OwnNet):\n    def forward(self, x):\n        y = super().forward(x)\n        return {'aux': y[:, :3], 'main': y}\n", "D", {"output": "main"}, 7, "softmax", 3),
    "grey": ("def make():\n    return own_net(channels=1)\n", "make", {}, 7, "softmax", 1),
    "four channels": ("def make():\n    return own_net(channels=4)\n", "make", {"shown": (3, 2, 1)}, 7, "softmax", 4),
    "six channels": ("def make():\n    return own_net(channels=6)\n", "make", {}, 7, "softmax", 6),
    "not square": ("def make():\n    return own_net()\n", "make", {"size": (24, 56)}, 7, "softmax", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTORIES)
def test_factories_of_every_task_and_number_of_channels(name, tmp_path):
    code, factory, said, classes, scores, channels = FACTORIES[name]
    (tmp_path / "helper_of_net.py").write_text("number = 6\n")
    (tmp_path / "net.py").write_text(OWN + code)
    options = {key: v for key, v in {"size": 32, "mean": 0.5, "std": 0.25, **said}.items() if v is not None}
    network = load(f"{tmp_path}/net.py:{factory}", **options)
    assert (network.spec.num_classes, network.scores, network.input.colours) == (classes, scores, channels)
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, channels), dtype=np.uint8)
    analysis = attnviz.analyse(network, picture)
    assert len(analysis.gates) == 2 and analysis.logits.shape == (classes,)
    assert not any(p.requires_grad for p in network.module.parameters()) and not network.module.training


HELPERS = {
    # name: (where the helper lies, how the factory imports it)
    "a module": ("model.py", "from model import OUT"),
    "a package": ("parts/__init__.py", "from parts import OUT"),
    "a module of a package": ("parts/model.py", "from parts.model import OUT"),
    "a module two levels down": ("parts/nets/model.py", "import parts.nets.model\nOUT = parts.nets.model.OUT"),
}


def two_folders(tmp_path, helper, code):
    for count in (3, 5):
        file = tmp_path / f"e{count}" / helper
        file.parent.mkdir(parents=True)
        file.write_text(f"OUT = {count}\n")
        (tmp_path / f"e{count}/net.py").write_text(f"{OWN}{code}\ndef make():\n    return own_net(classes=OUT)\n")


@pytest.mark.parametrize("name", HELPERS)
def test_modules_beside_a_factory_are_its_own(name, tmp_path):
    two_folders(tmp_path, *HELPERS[name])
    for count in (3, 5, 3):
        network = load(f"{tmp_path}/e{count}/net.py:make", size=32, mean=0.5, std=0.5)
        assert len(network.labels) == count


def test_modules_that_a_script_has_imported_stay_its_own(tmp_path, monkeypatch):
    two_folders(tmp_path, "model_of_a_script.py", "from model_of_a_script import OUT")
    monkeypatch.syspath_prepend(tmp_path / "e3")
    own = importlib.import_module("model_of_a_script")
    assert len(load(f"{tmp_path}/e5/net.py:make", size=32, mean=0.5, std=0.5).labels) == 5
    assert sys.modules["model_of_a_script"] is own and own.OUT == 3
    (tmp_path / "e5/net.py").write_text("from model_of_a_script import nothing\n")
    with pytest.raises(UserError, match="net.py cannot be run: ImportError"):
        load(f"{tmp_path}/e5/net.py:make")
    assert sys.modules["model_of_a_script"] is own


def test_what_is_installed_is_not_imported_again(tmp_path):
    for name in ("attnviz.py", "json.py", "timm.py"):
        (tmp_path / name).write_text("raise ValueError\n")
    before = [sys.modules[name] for name in ("attnviz", "json", "timm")]
    code = "import attnviz, json, timm\ndef make():\n    return own_net()\n"
    (tmp_path / "net.py").write_text(OWN + code)
    load(f"{tmp_path}/net.py:make", size=32, mean=0.5, std=0.5)
    assert before == [sys.modules[name] for name in ("attnviz", "json", "timm")]


def test_an_onnx_file_is_a_network(tmp_path, photograph):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnx2torch")
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    tensors = {"w": rng.normal(size=(8, 3, 3, 3)), "d": rng.normal(size=(8, 8, 1, 1)), "h": rng.normal(size=(8, 4))}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["f"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["f"], ["p"]),
        helper.make_node("Conv", ["p", "d"], ["s"]),
        helper.make_node("Sigmoid", ["s"], ["g"]),
        helper.make_node("Mul", ["f", "g"], ["m"]),
        helper.make_node("GlobalAveragePool", ["m"], ["q"]),
        helper.make_node("Flatten", ["q"], ["r"]),
        helper.make_node("MatMul", ["r", "h"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 24, 40])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in tensors.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "net.onnx"
    )
    network = load(tmp_path / "net.onnx", mean=0.5, std=0.25, scores="softmax")
    assert network.input.size == (24, 40) and network.name == "net"
    analysis = attnviz.analyse(network, photograph)
    assert [gate.site.kind for gate in analysis.gates] == ["channel"] and analysis.logits.shape == (4,)
    (tmp_path / "bad.onnx").write_bytes(b"no graph")
    with pytest.raises(UserError, match="bad.onnx cannot be read as ONNX"):
        load(tmp_path / "bad.onnx")
    with pytest.raises(UserError, match="holds its own weights"):
        load(tmp_path / "net.onnx", weights="w.pt")
    with pytest.raises(UserError, match="random weights .* holds its own weights"):
        load(tmp_path / "net.onnx", pretrained=False)


def test_a_runs_folder_a_file_with_its_card_and_another_folder(checkpoints, monkeypatch, tmp_path):
    assert load(checkpoints / "cbam.safetensors").name == load(checkpoints / "cbam").name == "cbam"
    monkeypatch.setenv("ATTNVIZ_CHECKPOINTS", str(checkpoints))
    assert load("cbam").labels == load("cbam", folder=checkpoints).labels != ()
    run = tmp_path / "run"
    run.mkdir()
    for suffix in ("json", "safetensors"):
        (run / f"cbam.{suffix}").write_bytes((checkpoints / f"cbam.{suffix}").read_bytes())
    assert load(run).name == "cbam" and load(str(run)).checkpoint is not None
    with pytest.raises(UserError, match=r"holds \d checkpoints .*: name one"):
        load(checkpoints)
    with pytest.raises(UserError, match="has its own weights"):
        load("cbam", weights="w.pt")


def test_a_card_laid_over_a_checkpoint(checkpoints, photograph):
    plain = load("cbam", folder=checkpoints)
    network = load("cbam", folder=checkpoints, labels=["x", "y", "z"], size=64, name="mine")
    assert (network.labels, network.input.size, network.name) == (("x", "y", "z"), (64, 64), "mine")
    assert network.checkpoint is plain.checkpoint or network.checkpoint == plain.checkpoint
    assert network.input.mean == plain.input.mean and network.scores == "softmax" and network.assumed == ()
    assert network.meaning.size == (64, 64) and network.meaning.labels == ("x", "y", "z")
    assert attnviz.analyse(network, photograph).labels == ("x", "y", "z")


class Whole(nn.Module):
    pass


def broken(change):
    def content():
        state = state_of()
        change(state)
        return state

    return content


def set_first(value, dtype=None):
    def change(state):
        key = next(key for key in state if key.endswith("conv1.weight"))
        tensor = state[key].to(dtype or torch.float32).clone()
        tensor.view(-1)[0] = value
        state[key] = tensor

    return change


def as_type(dtype):
    def change(state):
        key = next(key for key in state if key.endswith("conv1.weight"))
        state[key] = state[key].to(dtype)

    return change


REFUSED = {
    "a whole network": ("w.pt", lambda: {"model": Whole()}, r"w\.pt holds objects other than tensors .*save the tensors alone"),
    "text": ("w.pt", b"these are no weights", r"w\.pt (is no file of weights|holds objects other)"),
    "a pickle of numbers": ("w.pt", pickle.dumps([1, 2]), r"w\.pt (is no file of weights|holds)"),
    "one tensor": ("w.pt", lambda: torch.zeros(3), "holds a single tensor; a state dict is needed"),
    "no tensors": ("w.pt", lambda: {"epoch": 3, "loss": 0.1}, "holds no tensors by name; its keys are: epoch, loss"),
    "safetensors that are none": ("w.safetensors", b"xxxxxxxxxx", "cannot be read as safetensors"),
    "another ending": ("w.txt", b"x", r"w\.txt must be a file of weights"),
    "another architecture": ("w.pt", lambda: own_net().state_dict(), "Likely: the weights are of another architecture"),
    "a part": ("w.pt", broken(lambda s: [s.pop(k) for k in list(s)[-20:]]), "Likely: the file holds only a part"),
    "a larger one": ("w.pt", broken(lambda s: s.update(extra=torch.zeros(2))), "Likely: the file is of a larger network"),
    "a head of 37 classes": ("w.pt", lambda: state_of(37), r"the head has 37 classes: give --classes 37"),
    "another number of channels": (
        "w.pt", lambda: timm.create_model("test_resnet", num_classes=5, in_chans=1).state_dict(),
        "the network takes 1 channels: say their mean and std",
    ),
    "NaN": ("w.pt", broken(set_first(float("nan"))), "weights that are not finite.*of an earlier epoch"),
    "infinite": ("w.pt", broken(set_first(float("inf"))), "weights that are not finite"),
    "infinite after the cast": ("w.pt", broken(set_first(1e300, torch.float64)), "not finite in float32.*train or scale it"),
    "complex": ("w.pt", broken(as_type(torch.complex64)), "holds complex64 numbers.*save the network's weights as float32"),
    "int8": ("w.pt", broken(as_type(torch.int8)), "holds int8 numbers.*after they have been dequantised"),
    "bool": ("w.pt", broken(as_type(torch.bool)), "holds bool numbers"),
    "float8": ("w.pt", broken(as_type(torch.float8_e4m3fn)), "holds float8_e4m3fn numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_are_refused_say_why_and_what_to_do(name, tmp_path):
    file, content, message = REFUSED[name]
    path = tmp_path / file
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content(), path)
    with pytest.raises(UserError, match=rf"(?s){message}") as caught:
        load(ARCHITECTURE, weights=path, classes=5)
    lines = str(caught.value).splitlines()
    assert len(lines) <= 10 and all(len(line) < 400 for line in lines)


CODE = {
    "it raises": ("def make():\n    raise ValueError('no data here')\n", "make", r"net\.py:make failed: ValueError: no data here \(line 6\)"),
    "it gives nothing": ("def make():\n    pass\n", "make", "must give a torch.nn.Module, it gave None"),
    "it gives a dict": ("def make():\n    return own_net().state_dict()\n", "make", "it gave a OrderedDict"),
    "it needs arguments": ("def make(depth, width):\n    return own_net()\n", "make", r"needs arguments \(depth, width\): write a function without"),
    "it needs classes": ("def make(num_classes):\n    return own_net()\n", "make", "--classes N gives num_classes"),
    "another name": ("def make():\n    return own_net()\n", "mkae", "defines no 'mkae'; did you mean 'make'"),
    "it is no function": ("make = 3\n", "make", "must be a function that gives a network, it is a int"),
    "it cannot be read": ("def make(:\n", "make", "SyntaxError in line 5"),
    "it cannot be run": ("import nothing_of_that_name\n", "make", "cannot be run: ModuleNotFoundError: No module named 'nothing"),
    "it ends": ("raise SystemExit(3)\n", "make", "ends the program when it is run"),
    "it holds NaN": ("def make():\n    n = own_net()\n    n.stem[0].weight.data[:] = float('nan')\n    return n\n", "make", "not finite, in stem.0.weight"),
}  # fmt: skip


@pytest.mark.parametrize("name", CODE)
def test_factories_that_are_refused(name, tmp_path):
    code, factory, message = CODE[name]
    (tmp_path / "net.py").write_text(OWN + code)
    with pytest.raises(UserError, match=message):
        load(f"{tmp_path}/net.py:{factory}", size=32, mean=0.5, std=0.5)


@pytest.mark.parametrize(
    ("locator", "options", "message"),
    [
        ("tim:resnet18", {}, "unknown library 'tim'.*did you mean 'timm'"),
        ("timm:resnet1888", {"pretrained": False}, "timm has no model 'resnet1888'; did you mean"),
        ("nothing", {}, "no checkpoint 'nothing'"),
        ("nothing.py:make", {}, "there is no file 'nothing.py'"),
        ("nothing.py", {}, "say which function of it gives the network, nothing.py:FACTORY"),
        ("nothing.onnx", {}, "there is no file 'nothing.onnx'"),
        (ARCHITECTURE, {"weights": "nothing.pt"}, "there is no file of weights 'nothing.pt'"),
        ("w.pt", {}, r"w\.pt holds weights and does not say of which network"),
        (ARCHITECTURE, {"classes": 0, "pretrained": False}, "classes must be a whole number in 1..100000"),
        (ARCHITECTURE, {"pretrained": False, "labels": ["a"]}, "class scores but there are 1 labels"),
        (ARCHITECTURE, {"pretrained": False, "scores": "sofmax"}, "unknown scores 'sofmax'; did you mean 'softmax'"),
        (ARCHITECTURE, {"pretrained": False, "sise": 3}, "unknown 'sise' in a model card; did you mean 'size'"),
        (
            ARCHITECTURE,
            {"mean": (0.5,) * 4, "std": (0.5,) * 4},
            "the published weights of .* are for 3 channels",
        ),
        ("resnet18", {"pretrained": False}, "no checkpoint 'resnet18'"),
        ("timm:hf-hub:nobody", {}, "is asked for as timm:hf-hub:ORG/NAME"),
    ],
)
def test_locators_that_are_refused(locator, options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        load(locator, **options)


@pytest.mark.parametrize("device", ["cud", "", "cpu:x", "cuda:99", "xpu", "hpu", "mps:7", 3.5, None, ["cpu"]])
def test_devices_that_are_not_there_are_refused(device, checkpoints):
    for locator, pretrained in (("cbam", True), (ARCHITECTURE, False)):
        with pytest.raises(UserError, match=r"there is no device .* here, but cpu"):
            load(locator, pretrained=pretrained, folder=checkpoints, device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_card_that_is_not_there_is_refused(checkpoints):
    for device in ("cuda", "cuda:0", torch.device("cuda"), 0):
        with pytest.raises(UserError, match=r"there is no device .* here, but cpu"):
            load("cbam", folder=checkpoints, device=device)


@pytest.mark.parametrize("device", ["cpu", "cpu:0", torch.device("cpu"), "meta"])
def test_devices_that_are_there(device):
    assert next(load(ARCHITECTURE, pretrained=False, device=device).module.parameters()).device.type in str(device)


@pytest.mark.parametrize("form", ["an id", "a run's folder", "a file with its card", "a factory", "a file of weights"])
def test_random_weights_are_refused_where_a_network_has_its_own(form, checkpoints, tmp_path):
    """They would be the trained ones, and nobody would be told."""
    (tmp_path / "net.py").write_text(OWN + "def make():\n    return own_net(classes=4)\n")
    torch.save(state_of(), tmp_path / "w.pt")
    torch.save(own_net(classes=4).state_dict(), tmp_path / "own.pt")
    (tmp_path / "run").mkdir()
    for ending in (".safetensors", ".json"):
        (tmp_path / "run" / f"se{ending}").write_bytes((checkpoints / f"se{ending}").read_bytes())
    locator, options = {
        "an id": ("se", {"folder": checkpoints}),
        "a run's folder": (tmp_path / "run", {}),
        "a file with its card": (checkpoints / "se.safetensors", {}),
        "a factory": (f"{tmp_path}/net.py:make", {"size": 32, "mean": 0.5, "std": 0.5}),
        "a file of weights": (ARCHITECTURE, {"weights": tmp_path / "w.pt", "classes": 5}),
    }[form]
    load(locator, **options)
    with pytest.raises(UserError, match="random weights .* cannot be given here"):
        load(locator, pretrained=False, **options)


def test_a_network_of_the_hub_brings_its_labels(monkeypatch):
    made = timm.create_model("test_resnet", num_classes=3)
    made.pretrained_cfg = {**made.pretrained_cfg, "label_names": ["ant", "bee", "cat"]}
    monkeypatch.setattr("attnviz.models.published._answers", lambda url: None)
    monkeypatch.setattr("timm.create_model", lambda name, pretrained: made if name == "hf-hub:me/ants" else None)
    assert load("timm:hf-hub:me/ants").labels == ("ant", "bee", "cat")


def test_every_public_function_takes_a_network(checkpoints, photograph):
    network = load("cbam", folder=checkpoints)
    sites = attnviz.find_gates(network)
    x = torch.randn(network.example().shape)
    with attnviz.capture(network, sites) as tape, torch.no_grad():
        plain = network.module(x)
    assert set(tape) == {site.name for site in sites}
    with attnviz.edit(network, {sites[0]: attnviz.neutral()}), torch.no_grad():
        assert not torch.equal(network.module(x), plain)
    analyser = attnviz.Analyser(network)
    from attnviz.analysis.attribute import explain

    image = analyser.prepare(photograph)
    assert explain(analyser, image, 0, "grad-cam").values.shape == network.input.size
    assert OwnNet is not None
