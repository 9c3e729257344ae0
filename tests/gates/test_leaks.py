"""Hundreds of captures and edits leave no hook and no memory behind."""

import gc
import resource

import pytest
import torch

from attnviz.gates import session
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, scale
from tests.gates import foreign


def living_tensors():
    gc.collect()
    return sum(1 for o in gc.get_objects() if type(o) in (torch.Tensor, torch.nn.Parameter))


@pytest.mark.slow
def test_500_captures_and_edits_leave_nothing(capsys):
    models = [
        foreign.build(s) for s in (foreign.FunctionalSigmoid, foreign.ModuleSigmoid, foreign.Heads, foreign.Fused)
    ]
    x = torch.randn(4, 3, 12, 12)

    def round_trip(number):
        model = models[number % len(models)]
        sites = find_gates(model, x)
        change = neutral() if number % 2 else scale(0.5)
        with torch.no_grad(), edit(model, {s: change for s in sites}), capture(model, sites) as tape:
            model(x)
        return tape

    for number in range(50):
        round_trip(number)
    before, memory = living_tensors(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(500):
        round_trip(number)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    after = living_tensors()
    with capsys.disabled():
        print(f"\n500 captures and edits: {after - before:+d} tensors, peak memory {grown:+.1f} MB")
    assert after == before and grown < 20
    assert not any(m._forward_hooks or m._forward_pre_hooks for model in models for m in model.modules())
    assert all(s.model is None and not s.leases for s in session._sessions.values())
    assert torch.utils._python_dispatch._get_current_dispatch_mode() is None
