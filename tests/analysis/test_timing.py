"""Sizes and times of loaded networks."""

import numpy as np
import pytest
import torch

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.timing import costs
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.images.prepare import prepare
from attnviz.images.samples import load_sample
from attnviz.models.network import Network
from attnviz.models.spec import ModelSpec, build


def network(widths):
    torch.manual_seed(0)
    options = {"widths": widths, "depths": [1, 1, 1, 1]}
    spec = ModelSpec("compact-resnet", "se", 4, options, input=InputSpec(size=(32, 32)))
    return Analyser(Network("net", build(spec).eval(), spec, ("a", "b", "c", "d")))


def test_sizes_are_counted_and_the_fastest_has_ratio_one():
    networks = {"small": network([4, 4, 4, 4]), "large": network([48, 64, 96, 128])}
    image = prepare(load_sample("church"), InputSpec(size=(32, 32)))
    found = costs(networks, dict.fromkeys(networks, image))
    assert min(cost.ratio for cost in found.values()) == 1
    for name, cost in found.items():
        module = networks[name].loaded.module
        assert cost.parameters == sum(p.numel() for p in module.parameters())
        assert cost.seconds > 0
        assert np.isclose(cost.ratio, cost.seconds / min(c.seconds for c in found.values()))
    assert found["small"].macs < found["large"].macs / 20


def test_nothing_to_measure_is_refused():
    with pytest.raises(UserError, match="at least one"):
        costs({}, {})
