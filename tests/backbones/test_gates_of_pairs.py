"""The contract of the gates, for every attention type at every position of every backbone."""

import pytest
import torch

from attnviz.attention import ATTENTION
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.spec import ModelSpec, build, input_shape
from tests.attention.helpers import randomise
from tests.backbones.tiny import CASES, case_id
from tests.test_contracts import KINDS, check


@pytest.mark.slow
@pytest.mark.parametrize("attention", list(ATTENTION))
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_pair(case, attention):
    backbone, options = case
    spec = ModelSpec(backbone, attention, 3, options, {}, InputSpec((32, 32)))
    torch.manual_seed(0)
    try:
        model = build(spec).eval()
    except UserError:
        return  # which pairs are refused, and why, is tested in test_every_pair.py
    for module in model.modules():
        if type(module) is ATTENTION[attention]:
            randomise(module)  # some types start without an effect, where nothing that is wrong would show
    sites = check(model, torch.randn(input_shape(spec, batch=2)))
    taps = [site for site in sites if site.how == "tap"]
    places = sum(type(module) is ATTENTION[attention] for module in model.modules())
    if attention in KINDS:
        assert [site.kind for site in taps] == KINDS[attention] * places
