"""An independent look at a forward pass: every operation with its operands and its result."""

from __future__ import annotations

import torch
from torch.utils._python_dispatch import TorchDispatchMode

PRODUCTS = ("bmm", "mm", "baddbmm", "addmm")


class Witness(TorchDispatchMode):
    """Ticks off gates when an operation uses exactly their values, and the features that they meet.

    Args:
        pending: ``{name: (kind, gate, features)}`` as they were captured.
    """

    _should_skip_dynamo = classmethod(lambda cls: False)

    def __init__(self, pending):
        super().__init__()
        self.pending = dict(pending)
        self.made = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name.removeprefix("aten::").rstrip("_")
        before = [a.clone() if isinstance(a, torch.Tensor) else a for a in args] if name in ("mul", "add") else args
        out = func(*args, **(kwargs or {}))
        for key, (kind, gate, features) in list(self.pending.items()):
            if kind == "pairwise" and name in ("_softmax", "_safe_softmax", "div"):
                self.made |= {key} if same(out, gate) else set()
            elif self._uses(name, kind, before, out, gate, features, made=key in self.made):
                del self.pending[key]
        return out

    def _uses(self, name, kind, args, out, gate, features, made):
        if kind == "geometric":
            return name in ("affine_grid_generator", "grid_sampler_2d") and any(same(a, gate) for a in args)
        if kind == "pairwise":
            if name == "_native_multi_head_attention":
                joined = (gate @ features).transpose(1, 2).flatten(2)
                return torch.allclose(out[0], torch.nn.functional.linear(joined, *args[7:9]), atol=1e-4)
            if name.startswith("_scaled_dot_product"):
                return same(args[2], features) and torch.allclose(out[0], gate @ args[2], atol=1e-4)
            return (
                name in PRODUCTS
                and any(  # weights that were changed since they were made are those of the product
                    same(f, features) and (same(g, gate) or (made and alike(g, gate)))
                    for g, f in (args[-2:], args[-2:][::-1])
                )
            )
        if kind == "branch" and name != "mul":
            return name in ("_softmax", "_safe_softmax", "div") and same(out, gate)
        if name in ("addcmul", "lerp") and kind != "added":
            base, target, weight = args[:3]
            expected = base + target * weight if name == "addcmul" else base + (target - base) * weight
            return same(target, features) and spread(gate, weight) and torch.allclose(out, expected, atol=1e-6)
        if name != ("add" if kind == "added" else "mul"):
            return False
        tensors = [a for a in args[:2] if isinstance(a, torch.Tensor)]
        if len(tensors) < 2 or not any(spread(gate, t) for t in tensors):
            return False
        if any(same(t, features) for t in tensors):
            return torch.equal(out, features + gate if kind == "added" else features * gate)
        return kind != "added"  # x*(c*s): the gate meets another gate first


def same(a, b):
    return isinstance(a, torch.Tensor) and a.numel() == b.numel() and torch.equal(a.reshape(b.shape), b)


def alike(operand, gate):
    """The same values in any order: weights may be transposed, cut or set among zeros before they meet values."""
    if not isinstance(operand, torch.Tensor):
        return False
    few, many = sorted((operand.flatten(), gate.flatten()), key=len)
    return torch.equal(few.sort()[0], many.sort()[0]) if len(few) == len(many) else bool(torch.isin(few, many).all())


def spread(gate, operand):
    """Whether an operand is the gate, repeated or not."""
    try:
        return torch.equal(gate.expand(operand.shape), operand) or same(operand, gate)
    except RuntimeError:
        return False
