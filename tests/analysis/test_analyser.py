import numpy as np
import pytest
import torch

import attnviz
from attnviz.analysis.analyser import Analyser, analyse
from attnviz.attention.gate import Gate
from attnviz.core.errors import UserError
from attnviz.images.prepare import prepare
from attnviz.models.checkpoints import load
from attnviz.models.wrap import wrap


@pytest.fixture(scope="module")
def analyser(checkpoints):
    return Analyser(load("cbam", checkpoints))


def hooks(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_logits_are_those_of_the_plain_forward_to_the_bit(analyser, photograph):
    analysis = analyser.analyse(photograph)
    with torch.inference_mode():
        plain = analyser.loaded.module(analyser.input(analysis.image))[0]
    assert np.array_equal(analysis.logits, plain.numpy())
    assert hooks(analyser.loaded.module) == 0


def test_every_gate_is_read_once_in_order(analyser, photograph):
    analysis = analyser.analyse(photograph)
    assert [g.site.name for g in analysis.gates] == [
        f"stage{s}.0.attention.{part}" for s in (1, 2, 3, 4) for part in ("channel", "spatial")
    ]
    for record in analysis.gates:
        assert record.values.shape == record.site.shape and record.values.dtype == np.float32
        assert 0 < record.values.min() <= record.values.max() < 1


def test_gates_times_features_is_what_the_module_computed(analyser, photograph):
    image = prepare(photograph, analyser.loaded.spec.input)
    block, seen = analyser.loaded.module.stage4[0].attention, {}
    handle = block.register_forward_hook(lambda m, inputs, out: seen.update(x=inputs[0], y=out))
    analysis = analyser.analyse(image)
    handle.remove()
    channel = torch.tensor(analysis.gate("stage4.0.attention.channel").values)
    spatial = torch.tensor(analysis.gate("stage4.0.attention.spatial").values)
    assert torch.equal(seen["x"] * channel * spatial, seen["y"])


def test_the_values_are_frozen(analyser, photograph):
    analysis = analyser.analyse(photograph)
    with pytest.raises(ValueError, match="read-only"):
        analysis.gates[0].values[0] = 0


def test_a_channel_map_has_the_features_the_score_and_the_rank(analyser, photograph):
    analysis = analyser.analyse(photograph)
    name = "stage3.0.attention.channel"
    scores = analysis.gate(name).scores
    ranks = [analyser.channel_map(analysis.image, name, c).rank for c in range(len(scores))]
    assert sorted(ranks) == list(range(1, len(scores) + 1))
    best = analyser.channel_map(analysis.image, name, int(scores.argmax()))
    assert best.rank == 1 and best.score == scores.max() and best.values.shape == (8, 8)
    mask = analyser.channel_map(analysis.image, "stage3.0.attention.spatial", 2)
    assert mask.score is None and mask.rank is None
    # the spatial gate of this module comes second: it meets the features after the channel gate
    same = analyser.channel_map(analysis.image, name, 2)
    np.testing.assert_allclose(mask.values, same.values * scores[2], rtol=1e-6)


@pytest.mark.parametrize("channel", [-1, 16, 10**9, 1.0, "1", None, True])
def test_channels_are_bounds_checked(analyser, photograph, channel):
    image = prepare(photograph, analyser.loaded.spec.input)
    with pytest.raises(UserError, match=r"0\.\.15 .* got"):
        analyser.channel_map(image, "stage4.0.attention.channel", channel)


def test_an_unknown_gate_is_refused_before_anything_runs(analyser, photograph):
    image = prepare(photograph, analyser.loaded.spec.input)
    with pytest.raises(UserError, match="did you mean"):
        analyser.channel_map(image, "stage4.0.attention.chanel", 0)
    assert hooks(analyser.loaded.module) == 0


def test_a_crash_in_the_model_leaves_no_hook(checkpoints, photograph):
    analyser = Analyser(load("cbam", checkpoints))

    def crash(*_):
        raise RuntimeError("boom")

    handle = analyser.loaded.module.stage3.register_forward_hook(crash)
    with pytest.raises(RuntimeError, match="boom"):
        analyser.analyse(photograph)
    handle.remove()
    assert hooks(analyser.loaded.module) == 0


def test_analyse_takes_names_and_files(checkpoints, photograph, tmp_path):
    photograph.save(tmp_path / "p.png")
    analysis = attnviz.analyse(checkpoints / "se.json", tmp_path / "p.png")
    assert analysis.model == "se" and len(analysis.gates) == 4 and analysis.top(1)[0][0] in ("red", "green", "blue")
    assert analyse(load("none", checkpoints), photograph).gates == ()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same_gates(checkpoints, photograph):
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    cpu = Analyser(load("cbam", checkpoints)).analyse(photograph)
    gpu = Analyser(load("cbam", checkpoints, device="cuda")).analyse(photograph)
    for a, b in zip(cpu.gates, gpu.gates, strict=True):
        np.testing.assert_allclose(a.values, b.values, atol=1e-3)


def test_every_gate_module_belongs_to_a_site(analyser):
    gates = [m for m in analyser.loaded.module.modules() if isinstance(m, Gate)]
    assert len(gates) == len(analyser.sites)


class Training(torch.nn.Module):
    """Dropout, batch norm and a gate."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.fc = torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Linear(8, 8)
        self.drop, self.head = torch.nn.Dropout(0.5), torch.nn.Linear(8, 4)

    def forward(self, x):
        x = self.norm(self.conv(x))
        x = x * self.fc(x.mean((2, 3))).sigmoid()[..., None, None]
        return self.head(self.drop(x.mean((2, 3))))


ASKED = {
    "analyse": lambda a, image: a.analyse(image).logits,
    "forward": lambda a, image: a.forward(a.input(image))[0].numpy(),
    "multiplied": lambda a, image: a.multiplied(image, a.sites[0].name, np.ones((2, 8), np.float32)),
    "channel map": lambda a, image: a.channel_map(image, a.sites[0].name, 0).values,
    "strength": lambda a, image: a.strength(image, a.sites[0].name),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_network_in_train_mode_is_asked_in_eval_mode_and_stays_as_it_was(what, photograph):
    torch.manual_seed(0)
    network = Training().train()
    network.drop.eval()
    analyser = Analyser(wrap(network, size=32, mean=0.5, std=0.5))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    image = analyser.prepare(photograph)
    first, second = ASKED[what](analyser, image), ASKED[what](analyser, image)
    with analyser.in_use():
        assert np.array_equal(first, ASKED[what](analyser, image)) and np.array_equal(first, second)
    assert network.training and network.norm.training and not network.drop.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
