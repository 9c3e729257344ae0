"""Fused attention: softmax weights that torch never stores, computed again from query and key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from attnviz.core.errors import UserError

WHOLE = "_native_multi_head_attention"
"""What ``nn.MultiheadAttention`` runs in eval mode without gradients: projections, attention and output in one."""


NESTED = (
    "fused attention runs on nested tensors here, which torch makes of a padding mask; their weights have no shape: "
    "make the nn.TransformerEncoder with enable_nested_tensor=False"
)


def refuse_nested(operands: Sequence[Any]) -> None:
    """Raise ``UserError`` for nested tensors, whose weights have no shape."""
    if any(isinstance(operand, Tensor) and operand.is_nested for operand in operands):
        raise UserError(NESTED)


def shapes(name: str, operands: Sequence[Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of the weights (N, h, Lq, Lk) and of the values that they meet (N, h, Lk, d)."""
    query, key, value = operands[:3]
    if name == WHOLE:
        heads = operands[4]
        rows, columns = query.shape[1], key.shape[1]
        return (len(query), heads, rows, columns), (len(query), heads, columns, operands[3] // heads)
    return (*query.shape[:-1], key.shape[-2]), tuple(value.shape)


def values_of(name: str, operands: Sequence[Any]) -> Tensor:
    """The values that the weights meet, (N, h, Lk, d)."""
    value: Tensor = _projected(operands)[2] if name == WHOLE else operands[2]
    return value


def weights_of(name: str, operands: Sequence[Any], keywords: Mapping[str, Any]) -> Tensor:
    """The weights, (N, h, Lq, Lk): ``softmax(q kᵀ · scale + mask)`` in float32 (arXiv 1706.03762, eq. 1)."""
    if name == WHOLE:
        query, key, _ = _projected(operands)
        return _softmax(query, key, None, _left_out(operands, keywords), None)
    mask = keywords.get("attn_mask", next((a for a in operands[3:4] if isinstance(a, Tensor)), None))
    if keywords.get("is_causal", any(a is True for a in operands[4:7])):
        rows, columns = operands[0].shape[-2], operands[1].shape[-2]
        future = torch.ones(rows, columns, dtype=torch.bool, device=operands[0].device).triu(1)
        return _softmax(operands[0], operands[1], keywords.get("scale"), future, mask)
    return _softmax(operands[0], operands[1], keywords.get("scale"), None, mask)


def result_with(
    name: str, operands: Sequence[Any], keywords: Mapping[str, Any], weights: Tensor, result: tuple[Any, ...]
) -> tuple[Any, ...]:
    """What the operation gives with other weights; ``result`` is what it gave."""
    value = values_of(name, operands)
    met = weights.to(value.dtype) @ _for_heads(value, weights.shape[1])
    if name != WHOLE:
        return (met, *result[1:])
    joined = met.transpose(1, 2).flatten(2)
    output = torch.nn.functional.linear(joined, operands[7], operands[8])
    averaged = weights.mean(1) if _argument(operands, keywords, 11, "average_attn_weights", True) else weights
    return output, averaged if _argument(operands, keywords, 10, "need_weights", True) else result[1]


def _softmax(query: Tensor, key: Tensor, scale: float | None, left_out: Tensor | None, mask: Tensor | None) -> Tensor:
    """Weights from query (N, h, Lq, d) and key (N, h, Lk, d).

    Args:
        query: Query.
        key: Key; several heads of the query may share one.
        scale: Factor on the scores; 1/√d where it is ``None``.
        left_out: ``True`` where a weight is 0.
        mask: ``False`` where a weight is 0, or what is added to the scores.
    """
    scores = query.float() @ _for_heads(key, query.shape[1]).float().transpose(-1, -2)
    scores = scores * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask.float()
    if left_out is not None:
        scores = scores.masked_fill(left_out, -math.inf)
    weights = torch.softmax(scores, -1)
    if weights[..., :1].isnan().any():  # a query may look nowhere: 0, as in the fused operations
        return torch.ops.aten._safe_softmax(scores, -1)
    return weights


def _for_heads(tensor: Tensor, heads: int) -> Tensor:
    """Repeat keys or values that several query heads share."""
    return tensor if tensor.shape[1] in (1, heads) else tensor.repeat_interleave(heads // tensor.shape[1], 1)


def _projected(operands: Sequence[Any]) -> tuple[Tensor, ...]:
    """Query, key and value (N, h, L, d) of self-attention whose projections are part of the operation."""
    query, _, _, _, heads, weight, bias = operands[:7]
    together = torch.nn.functional.linear(query, weight, bias)
    return tuple(part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in together.chunk(3, -1))


def _left_out(operands: Sequence[Any], keywords: Mapping[str, Any]) -> Tensor | None:
    """Where the weights of ``nn.MultiheadAttention`` are 0, in a shape that broadcasts to (N, h, Lq, Lk)."""
    mask = _argument(operands, keywords, 9, "mask", None)
    if mask is None:
        return None
    padding = _argument(operands, keywords, 12, "mask_type", None) == 1
    return mask.bool()[:, None, None] if padding else mask.bool()


def _argument(operands: Sequence[Any], keywords: Mapping[str, Any], index: int, name: str, default: Any) -> Any:
    return operands[index] if len(operands) > index else keywords.get(name, default)
