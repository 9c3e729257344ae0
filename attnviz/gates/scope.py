"""A dispatch mode that waits for single operations while one module runs."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree
from torch.utils._python_dispatch import _disable_current_modes

from attnviz.errors import UserError
from attnviz.gates import ops
from attnviz.gates.demand import Demand


class Scope(ops.EagerMode):
    """Serves demands at operations of one call of one module.

    Args:
        demands: What is wanted, edits first.
    """

    def __init__(self, demands: Sequence[Demand]) -> None:
        super().__init__()
        self._wanted: dict[tuple[str, int], list[Demand]] = defaultdict(list)
        for demand in demands:
            self._wanted[demand.place.op, demand.place.index].append(demand)
        self._counts: Counter[str] = Counter()
        self._edited = False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one operation, with its operands or its result replaced where an edit says so."""
        keywords = dict(kwargs or {})
        if ops.is_composite(func):
            with self:
                return ops.run_composite(func, args, keywords)
        family = ops.family_of(func, args)
        if family is None:
            return func(*args, **keywords)
        self._counts[family] += 1
        demands = self._wanted.get((family, self._counts[family]), ())
        operands = list(args)
        for demand in (d for d in demands if d.place.operand >= 0):
            index = demand.place.operand
            operands[index] = self._at([demand], operands[index])
        result = func(*operands, **keywords)
        wanted = [d for d in demands if d.place.operand < 0]
        if not wanted:
            return result
        return (
            self._fused(wanted, operands, keywords, result) if family == "fused attention" else self._at(wanted, result)
        )

    def _at(self, demands: Sequence[Demand], value: Any) -> Any:
        """Serve demands for a value one after the other."""
        for demand in demands:
            changed = demand.act(value)
            if changed is not None:
                value, self._edited = changed, True
        return value

    def _fused(self, demands: Sequence[Demand], operands: list[Any], keywords: Mapping[str, Any], result: Any) -> Any:
        """Serve demands for the weights of fused attention; the result is computed again only after an edit."""
        with _disable_current_modes():
            given = attention_weights(operands, keywords)
            used = self._at(demands, given)
            if used is given:
                return result
            value = operands[2]
            return (used.to(value.dtype) @ _for_heads(value, used.shape[1]), *result[1:])

    def without_gradient(self, output: Any) -> Any:
        """The output of the module; if an edit acted below autograd, gradients through it are refused."""
        if not self._edited or not torch.is_grad_enabled():
            return output
        return _pytree.tree_map_only(
            Tensor, lambda t: _NoGradient.apply(t) if t.requires_grad and t.is_floating_point() else t, output
        )


class _NoGradient(torch.autograd.Function):
    """Identity whose gradient is an error: autograd did not see the edit, so its answer would be wrong."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        raise UserError(
            "gradients cannot pass a gate that was edited inside an operation; only gates that are the output of "
            "a module (see site.how) can be edited with gradients"
        )


def _for_heads(tensor: Tensor, heads: int) -> Tensor:
    """Repeat keys or values that several query heads share."""
    return tensor if tensor.shape[1] in (1, heads) else tensor.repeat_interleave(heads // tensor.shape[1], 1)


def attention_weights(operands: Sequence[Any], keywords: Mapping[str, Any]) -> Tensor:
    """Softmax weights of fused attention, computed again: query (N, h, Lq, d), key (N, h, Lk, d) -> (N, h, Lq, Lk).

    ``softmax(q kᵀ · scale + mask)`` in float32 (Vaswani et al. 2017, arXiv 1706.03762, eq. 1).
    """
    query, key = operands[0].float(), operands[1].float()
    scale = keywords.get("scale")
    scores = query @ _for_heads(key, query.shape[1]).transpose(-1, -2)
    scores = scores * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    mask = keywords.get("attn_mask", next((a for a in operands[3:4] if isinstance(a, Tensor)), None))
    causal = keywords.get("is_causal", any(a is True for a in operands[4:7]))
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask.float()
    if causal:
        rows, columns = scores.shape[-2:]
        future = torch.ones(rows, columns, dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(future, -math.inf)
    return torch.softmax(scores, -1)
