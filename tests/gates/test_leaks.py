"""Hundreds of captures and edits leave no hook and no memory behind."""

import contextlib
import gc
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from attnviz import UserError
from attnviz.attention import ATTENTION
from attnviz.attention.gate import Gate
from attnviz.gates import session
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, scale
from attnviz.gates.entrances import Hook
from tests.gates import foreign


def living_tensors():
    gc.collect()
    return sum(1 for o in gc.get_objects() if type(o) in (torch.Tensor, torch.nn.Parameter))


def resident():
    """Megabytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def hooks(models):
    """Hooks and taps that are set on any module."""
    modules = [m for model in models for m in model.modules()]
    taps = sum(m.tap is not None for m in modules if isinstance(m, Gate))
    taps += sum(isinstance(m.__dict__.get("forward"), Hook) for m in modules)
    return taps + sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules)


def networks():
    """One for each way of reading a gate: tap, output, operand, softmax, and the two kinds of fused attention."""
    torch.manual_seed(0)
    own = nn.Sequential(nn.Conv2d(3, 16, 3), ATTENTION["cbam"](16)).eval()
    styles = (foreign.FunctionalSigmoid, foreign.ModuleSigmoid, foreign.Heads, foreign.Fused, foreign.OfTorch)
    return [own, *(foreign.build(s) for s in styles)]


CONTEXTS = (torch.no_grad, torch.enable_grad, torch.inference_mode)


def whole(model, x):
    model(x)


def without_hooks(model, x):
    model.forward(x)


def in_parts(model, x):
    for part in model:
        x = part(x)


def crashing(model, x):
    with contextlib.suppress(RuntimeError, UserError):
        model(x[:, :2])
    model(x)


def with_gradients(model, x):
    with contextlib.suppress(UserError):  # an edit inside an operation refuses them
        out = model(x)
        if out.requires_grad:
            out.sum().backward()
    model.zero_grad()


PASSES = (whole, without_hooks, in_parts, crashing, with_gradients)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the size of the process")
def test_500_captures_and_edits_leave_nothing(capsys):
    models, x = networks(), torch.randn(4, 3, 12, 12)

    def round_trip(number):
        model = models[number % len(models)]
        sites = find_gates(model, x)
        change = neutral() if number % 2 else scale(0.5)
        context, run = CONTEXTS[number // 6 % 3], PASSES[number // 18 % 5]
        with context(), edit(model, {s: change for s in sites}), capture(model, sites) as tape:
            assert hooks([model])
            run(model, x)
        assert set(tape) == {s.name for s in sites}

    for number in range(100):
        round_trip(number)
    tensors, before = living_tensors(), resident()
    for number in range(500):
        round_trip(number)
    new, after = living_tensors() - tensors, resident()
    with capsys.disabled():
        print(
            f"\n500 captures and edits: {before:.1f} MB before, {after:.1f} MB after, "
            f"{new:+d} tensors, {hooks(models)} hooks left"
        )
    assert new == 0 and after - before < 5 and hooks(models) == 0
    assert all(s.model is None and not s.leases for _, s in session._sessions.values())
    assert torch.utils._python_dispatch._get_current_dispatch_mode() is None
