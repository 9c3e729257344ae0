import pytest
import torch
from torch import nn
from torch.nn import functional as F

from attnviz.core.errors import UserError
from attnviz.gates.pooled import pooled
from attnviz.models.checkpoints import load


@pytest.mark.parametrize("name", ["cbam", "none", "self-attention"])
def test_the_classifier_makes_the_answer_of_what_was_kept(checkpoints, name):
    module = load(name, checkpoints).module
    size = 128 if name == "cbam" else 32
    with torch.inference_mode(), pooled(module) as passes:
        answers = [module(torch.rand(count, 3, size, size)) for count in (2, 3)]
    assert [len(features) for features in passes] == [2, 3]
    for answer, features in zip(answers, passes, strict=True):
        assert torch.equal(F.linear(features, module.classifier.weight, module.classifier.bias), answer)


def test_nothing_stays_behind_also_after_an_error(checkpoints):
    module = load("none", checkpoints).module
    with pytest.raises(ZeroDivisionError), pooled(module) as passes:
        raise ZeroDivisionError
    module(torch.rand(1, 3, 32, 32))
    assert passes == [] and not any(m._forward_pre_hooks for m in module.modules())


def test_networks_without_pooled_features_are_refused():
    with pytest.raises(UserError, match="no linear layer"), pooled(nn.Conv2d(3, 2, 1)):
        pass
    layer = nn.Linear(4, 2)
    with pytest.raises(UserError, match=r"pooled features are \(N, D\)"), pooled(layer):
        layer(torch.zeros(1, 7, 4))
