"""The class at every place, of a network that answers everywhere."""

import json

import numpy as np
import pytest
import torch

import attnviz
from attnviz.analysis.analyser import Analyser
from attnviz.core.errors import UserError
from attnviz.viewer.document import CELLS, document, to_json
from tests.own_models import own_net, place_net
from tests.viewer.reader import unpack

LABELS = ("soil", "wood", "water")
COMMON = {"size": 64, "mean": 0.0, "std": 1.0, "fit": "squash"}


def flag():
    """Red above, green and blue below, each a quarter of it."""
    pixels = np.zeros((80, 80, 3), np.uint8)
    pixels[:40, :, 0], pixels[40:, :40, 1], pixels[40:, 40:, 2] = 255, 255, 255
    return pixels


def test_the_class_at_a_place_and_the_means_are_those_of_the_networks_own_output():
    net = place_net().eval()
    network = attnviz.wrap(net, labels=LABELS, scores="softmax", **COMMON)
    found = attnviz.class_map(network, flag())
    x = Analyser(network).input(Analyser(network).prepare(flag()))
    shares = net(x)["out"].softmax(1)[0].detach().numpy()
    assert np.array_equal(found.classes, shares.argmax(0)) and np.allclose(found.values, shares.max(0), atol=1e-6)
    assert np.allclose(found.means, shares.mean((1, 2)), atol=1e-6)
    assert [found.at(*place)[0] for place in ((0, 0.5), (1, 0), (1, 1))] == ["soil", "wood", "water"]
    analysis = attnviz.analyse(network, flag())
    assert [name for name, _ in found.top()] == [name for name, _ in analysis.top()]
    assert np.allclose(np.sort(found.means), np.sort(analysis.probabilities), atol=1e-5)


def test_one_logit_at_every_place_is_a_yes_or_no_there():
    class Yes(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Conv2d(3, 1, 1)
            torch.nn.init.constant_(self.net.weight, 0)
            self.net.weight.data[0, 0], self.net.bias.data[0] = 8, -4

        def forward(self, x):
            return self.net(x)

    network = attnviz.wrap(Yes(), labels=["no", "yes"], scores="sigmoid", **COMMON)
    found = attnviz.class_map(network, flag())
    assert (found.at(0, 0)[0], found.at(1, 0)[0]) == ("yes", "no")
    assert found.means.sum() == pytest.approx(1) and found.means[1] == pytest.approx(0.5, abs=0.01)
    assert np.allclose(attnviz.analyse(network, flag()).probabilities, found.means, atol=1e-5)


def test_what_is_said_later_of_a_network_keeps_its_places(tmp_path):
    code = (
        "from tests.own_models import place_net\nimport attnviz\n\ndef make():\n    return attnviz.wrap(place_net(), "
    )
    (tmp_path / "net.py").write_text(code + "size=64, mean=0.0, std=1.0, scores='softmax')\n")
    network = attnviz.load(f"{tmp_path}/net.py:make", labels=LABELS, at=(1.0, 0.0), fit="squash")
    assert attnviz.analyse(network, flag()).top(1)[0][0] == "wood"
    assert attnviz.class_map(network, flag()).at(1, 1)[0] == "water"
    assert "averaged" not in {note.key for note in network.assumed}


def test_a_place_outside_and_a_network_of_one_answer_are_refused():
    network = attnviz.wrap(place_net(), labels=LABELS, scores="softmax", **COMMON)
    for place in ((2, 0), (0, float("nan")), ("a", 0)):
        with pytest.raises(UserError, match="a place is"):
            attnviz.class_map(network, flag()).at(*place)
    with pytest.raises(UserError, match="one answer for the whole picture"):
        attnviz.class_map(attnviz.wrap(own_net(), scores="softmax", **COMMON), flag())


def test_the_view_is_given_the_classes_that_there_are_each_in_its_place():
    network = attnviz.wrap(place_net(), labels=LABELS, scores="softmax", **COMMON)
    analyser = Analyser(network)
    analysis = analyser.analyse(flag())
    found = analyser.class_map(analysis.image)
    view = json.loads(to_json(document(analysis, classes=found, labels={"soil": "土"})))["classes"]
    places = unpack(view["places"]).astype(int)
    assert places.shape == (16, 16) and max(places.shape) <= CELLS
    assert [[view["names"][at]["en"] for at in row] for row in places] == [
        [LABELS[c] for c in row] for row in found.classes
    ]
    assert view["names"][0] == {"en": "soil", "zh": "土"} and view["means"][0]["text"].endswith("%")
