"""Shared by the tests of the attention types."""

import inspect

import numpy as np
import torch

from attnviz.attention import ATTENTION
from attnviz.core.errors import UserError

# 2 channels of 2×2: means 2.5 and 1, maxima 4 and 2
HAND = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [2.0, 0.0]]]], dtype=torch.float64)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, dtype=float)))


def softmax(x):
    e = np.exp(np.asarray(x, dtype=float) - np.max(x))
    return e / e.sum()


@torch.no_grad()
def put(parameter, values):
    values = values.detach() if isinstance(values, torch.Tensor) else torch.tensor(np.asarray(values, dtype=float))
    parameter.copy_(values.to(parameter.dtype).reshape(parameter.shape))


@torch.no_grad()
def randomise(module, seed=0):
    """Give every parameter and running statistic a value that is neither zero nor one."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.4)
    for name, buffer in module.named_buffers():
        if buffer.is_floating_point():
            values = torch.rand(buffer.shape, generator=generator, dtype=torch.float64)
            buffer.copy_(values + 0.5 if name.endswith("var") else values)
    return module


def features(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def needed(name):
    """Options that a type cannot be built without."""
    return {"num_classes": 10} if "num_classes" in inspect.signature(ATTENTION[name]).parameters else {}


def make(name, channels, **options):
    """A module of a type, fresh."""
    return ATTENTION[name](channels, **{**needed(name), **options})


def shape_after(name, x):
    """Shape of what a type gives for features: their own, or one vector where it pools."""
    return (*x.shape[:2], 1, 1) if getattr(ATTENTION[name], "pools", False) else tuple(x.shape)


def starts_neutral(name):
    """Whether a type can start without an effect."""
    try:
        make(name, 8).start_neutral()
    except UserError:
        return False
    return True


def gates_of(module, x):
    """Run and return (output, [(name, kind, values, features)])."""
    from attnviz.attention.gate import Gate

    seen, handles = [], []
    for name, part in module.named_modules():
        if isinstance(part, Gate):
            hook = lambda m, i, o, name=name: seen.append((name, m.kind, o.detach(), i[1].detach()))  # noqa: E731
            handles.append(part.register_forward_hook(hook))
    out = module(x)
    for handle in handles:
        handle.remove()
    return out, seen
