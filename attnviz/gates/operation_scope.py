"""A dispatch mode that waits for single operations while one module runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils._python_dispatch import _disable_current_modes

from attnviz.core.errors import UserError
from attnviz.gates import fused, ops
from attnviz.gates.containers import tensors_within
from attnviz.gates.noise import Noise
from attnviz.gates.passes import AGAIN
from attnviz.gates.requests import Demand

OTHER_WAY: Mapping[str, str] = {"fused attention": "softmax", "softmax": "fused attention"}
"""How else a module may compute the same weights: ``nn.MultiheadAttention`` chooses by gradients and autocast."""


class Scope(ops.EagerMode):
    """Serves demands at operations of one call of one module.

    Args:
        demands: What is wanted, edits first.
        either_way: Whether the module computes the same weights fused or by a softmax, as circumstances want it.

    Attributes:
        missed: Edits that have not been served yet.
    """

    def __init__(self, demands: Sequence[Demand], either_way: bool = False) -> None:
        super().__init__()
        self._wanted: dict[tuple[str, int], list[Demand]] = defaultdict(list)
        for demand in demands:
            place = demand.place
            self._wanted[place.op, place.index].append(demand)
            if either_way and place.operand < 0 and place.op in OTHER_WAY:
                self._wanted[OTHER_WAY[place.op], place.index].append(demand)
        self._counts: Counter[str] = Counter()
        self._noise = Noise()
        self._demands, self._either_way = demands, either_way
        self._edited = False
        self._changed: list[Tensor] = []  # results of edited operations, to which autograd has yet to give its nodes
        self.missed = [demand for demand in demands if demand.edits]

    def see(self, func: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Run one operation, with its operands or its result replaced where an edit says so."""
        if self._changed:
            self._tell_autograd()
        family = ops.family_of(func, args)
        if family is None or self._noise.is_in(args):
            result = ops.run(func, args, keywords)
            self._noise.note(func, args, result)
            return result
        self._counts[family] += 1
        demands = self._wanted.get((family, self._counts[family]), ())
        if not demands:
            return ops.run(func, args, keywords)
        result = self._serve(demands, func, args, keywords)
        if any(demand.edits for demand in demands):
            self._changed += ops.tensors_in(result)
        return result

    def _serve(self, demands: Sequence[Demand], func: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Run an operation of which something is wanted."""
        name = ops.name_of(func)
        if forward_ad._current_level >= 0 and any(demand.edits for demand in demands):
            raise UserError(
                f"{demands[0].site.name} is edited inside an operation, which forward-mode derivatives cannot pass: "
                "they would be those of the gate before the edit"
            )
        if name in ops.ATTENTION_OPS:
            fused.refuse_nested(args)
            return self._fused(demands, name, args, keywords, ops.run(func, args, keywords))
        operands = list(args)
        for demand in (d for d in demands if d.place.operand >= 0):
            index = demand.place.operand
            given = operands[index]
            operands[index] = self._at([demand], given)
            if operands[index] is not given and index in ops.writes(func):
                with _disable_current_modes():
                    operands[index] = given.copy_(operands[index])  # the gate becomes the product: ``gate.mul_(x)``
        result = ops.run(func, operands, keywords)
        used = self._at([d for d in demands if d.place.operand < 0], result)
        if used is not result and ops.writes(func):
            return result.copy_(used)  # who goes on with the tensor that was written to must not miss the edit
        return used

    def _at(self, demands: Sequence[Demand], value: Any) -> Any:
        """Serve demands for a value one after the other."""
        for demand in demands:
            changed = _acted(demand, value)
            if changed is not None:
                value, self._edited = changed, True
            if demand.edits:
                self.missed.remove(demand)
        return value

    def _fused(
        self, demands: Sequence[Demand], name: str, operands: Sequence[Any], keywords: Mapping[str, Any], result: Any
    ) -> Any:
        """Serve demands for the weights or the values of fused attention; only an edit computes the result again."""
        with _disable_current_modes():
            self._at([d for d in demands if d.place.operand >= 0], fused.values_of(name, operands))
            wanted = [d for d in demands if d.place.operand < 0]
            if not wanted:
                return result
            given = fused.weights_of(name, operands, keywords)
            used = self._at(wanted, given)
            return result if used is given else fused.result_with(name, operands, keywords, used, result)

    def check(self, path: str) -> None:
        """Raise ``UserError`` if an edit was not served, or if which operation is the gate cannot be told."""
        where = path or "the model"
        for demand in self.missed:
            raise UserError(
                f"the edit of {demand.site.name} had no effect: {where} did not come to {demand.place.op} "
                f"{demand.place.index}, as it did at the search; {AGAIN}"
            )
        for demand in self._demands:
            place, count = demand.place, self._counts[demand.place.op]
            if self._either_way and place.op in OTHER_WAY:
                count += self._counts[OTHER_WAY[place.op]]
            if place.total and count and count != place.total:
                raise UserError(
                    f"{demand.site.name} is {place.op} {place.index} of {place.total} in {where}, and this pass has "
                    f"{count} of them: which is the gate cannot be told; {AGAIN}"
                )

    def refuse_gradients(self, inputs: Any, output: Any) -> None:
        """Refuse gradients through what the module has computed, if an edit acted below autograd.

        Nodes of autograd are told, and no tensor is replaced: ``out += x`` cannot write to a view in the place of
        what a module gave out.
        """
        if not self._edited:
            return
        given = {id(tensor) for tensor in tensors_within(inputs)}
        self._changed += [tensor for tensor in tensors_within(output) if id(tensor) not in given]
        self._tell_autograd()

    def _tell_autograd(self) -> None:
        """As soon as results of edited operations have their nodes: gradients may be asked for inside the module."""
        for tensor in self._changed:
            if tensor.grad_fn is not None:
                tensor.grad_fn.register_prehook(_no_gradient)
        self._changed.clear()


def _acted(demand: Demand, value: Any) -> Any:
    """What a demand does to a value; quantised values are read and changed as numbers."""
    if not isinstance(value, Tensor) or not value.is_quantized:
        return demand.serve(value)
    changed = demand.serve(value.dequantize())
    if changed is None:
        return None
    return torch.quantize_per_tensor(changed, value.q_scale(), value.q_zero_point(), value.dtype)


def _no_gradient(*_: Any) -> None:
    """What a node of autograd does before its gradient, where that would be the one of the gate before the edit."""
    raise UserError(
        "gradients cannot pass a gate that was edited inside an operation; only gates that are the output of a module "
        "(see site.how) can be edited with gradients"
    )
