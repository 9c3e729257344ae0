"""What is known about a tensor while a model is searched."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from attnviz.core.sites import Place
from attnviz.gates import ops
from attnviz.gates.ranges import ANY, Range, is_finite

Sizes = tuple[int, ...]
NONE: frozenset[Any] = frozenset()
COMPARED = "compared"
"""Name of the origin of a comparison of two values that depend on the input; one with a number has its own name."""


@dataclass(frozen=True)
class Part:
    """One of the gates that were multiplied with each other before they met features: ``x*(c*s)``."""

    tensor: Sizes
    origin: Origin
    output: Output | None
    exact: Place


@dataclass(frozen=True)
class Origin:
    """The operation that gave values their bound, or the last learned one.

    Attributes:
        name: The operation's name, ``normalised`` (divided by its own sum), ``product`` (of gates), ``COMPARED``,
            ``learned`` (a convolution or linear map of marked values), ``affine grid``, or ``tap`` (passed a ``Gate``).
        uid: Tells origins apart.
        place: Result of the operation, where it can be found again.
        shape: Of that result.
        axis: For softmax and ``normalised``: the axis along which the values sum to 1.
        parts: For ``product``.
        sums: Products and sums, by number, of which what was bounded is a scaled or shifted result.
    """

    name: str
    uid: int
    place: Place | None = None
    shape: Sizes = ()
    axis: int = -1
    parts: tuple[Part, ...] = ()
    sums: frozenset[int] = NONE

    @property
    def is_gate(self) -> bool:
        """Whether it is an operation that bounds values."""
        return self.name not in ("learned", "affine grid", "tap")

    @property
    def sums_to_one(self) -> bool:
        """Whether it is a softmax."""
        return self.name in (*ops.SOFTMAX, "normalised")

    @property
    def count(self) -> int:
        """Over how many values a softmax runs, else 0."""
        return self.shape[self.axis] if self.sums_to_one else 0


@dataclass(frozen=True)
class Output:
    """A call of a module whose only output is the tensor."""

    module: str
    call: int


@dataclass(frozen=True)
class Move:
    """An operation that only moved values: how to do the same to another tensor of the same shape."""

    func: ops.Operation
    args: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]
    output: int | None = None


@dataclass(frozen=True)
class Kernel:
    """Bounded weights that were multiplied with parameters: weights of experts, where the product is a kernel.

    Attributes:
        shape: Of the weights.
        exact: Where they are.
        output: The module's output that they are.
        axis: Along which axis the experts lie.
        uid: Of their origin, where several products are one site.
        mark: Of the weights as they came, if all of them did.
    """

    shape: Sizes
    exact: Place
    output: Output | None
    axis: int
    uid: int | None = None
    mark: Mark | None = None


class Mark(NamedTuple):
    """A tensor that depends on the model's input; a tuple, since thousands are made in a search.

    Attributes:
        uid: Of this tensor.
        root: The value of which this one is an element-by-element function; ``uid`` where it is none.
        value: Of the values; views have the same, and so has the same function of the same value.
        like: ``value`` of which this is a constant multiple.
        origin: See ``Origin``.
        limits: Between which two numbers all values must lie.
        output: The module's output that this tensor is, up to views.
        total_of: ``value`` of what was summed up to give this one, up to a constant.
        covers: ``value`` of what is never larger than this one in magnitude.
        extreme_of: ``value`` of what this is the least (-1) or the largest (1) of, with that sign.
        above: ``value`` of what this is, minus the least of it.
        inverse: Mark of what this is 1 over.
        complement: Mark of what this is 1 minus.
        flat: Axes along which all values are the same although they are stored one by one.
        moves: What has moved the values since ``origin``; ``None`` if they have been changed.
        cut_of: ``value`` and number of axes of the tensor of which this is a slice.
        channels: Axis along which channels lie, where known.
        pooled: Whether all of it was reduced over places by an operation that does so at any size.
        sampled: Whether it holds several places of one map side by side: unfolded, gathered, sampled at points.
        compared: Whether it is a result of comparing.
        logarithm: Whether it is a logarithm of bounded values, or a difference of such.
        made: Where the values were computed and their shape there, if that can be found again.
        straight: Products and sums, by number, of which this is a scaled or shifted result.
        carries: Those of which this is any function without learned weights.
        weighs: Number of the product that this is, and the axis along which its weights sum to 1.
        kernels: See ``Kernel``.
    """

    uid: int
    root: int
    value: int
    like: int
    origin: Origin | None = None
    limits: Range = ANY
    output: Output | None = None
    total_of: int | None = None
    covers: frozenset[int] = NONE
    extreme_of: tuple[int, int] | None = None
    above: int | None = None
    inverse: Mark | None = None
    complement: Mark | None = None
    flat: frozenset[int] = NONE
    moves: tuple[Move, ...] | None = None
    cut_of: tuple[int, int] | None = None
    channels: int | None = None
    pooled: bool = False
    sampled: bool = False
    compared: bool = False
    logarithm: bool = False
    made: tuple[Place, Sizes] | None = None
    straight: frozenset[int] = NONE
    carries: frozenset[int] = NONE
    weighs: tuple[int, int] | None = None
    kernels: tuple[Kernel, ...] = ()

    @property
    def gate(self) -> Origin | None:
        """What bounded the values, if they are bounded."""
        origin = self.origin
        return origin if origin is not None and origin.is_gate and is_finite(self.limits) else None


def flat_axes(tensor: Tensor, mark: Mark | None) -> frozenset[int]:
    """Axes along which a tensor is repeated: stride 0, or known from how it was made."""
    if tensor.is_contiguous():
        return mark.flat if mark else NONE
    strided = {i for i, (n, s) in enumerate(zip(tensor.shape, tensor.stride(), strict=True)) if n > 1 and s == 0}
    return frozenset(strided) | (mark.flat if mark else NONE)


def without_repeats(tensor: Tensor, mark: Mark | None, rank: int) -> Sizes:
    """Shape with size 1 along repeated axes and with ones in front up to ``rank`` axes."""
    flat = flat_axes(tensor, mark)
    return (1,) * (rank - tensor.ndim) + tuple(1 if i in flat else n for i, n in enumerate(tensor.shape))


def kernels_of(tensor: Tensor, mark: Mark, exact: Place, parameters: Tensor) -> tuple[Kernel, ...]:
    """Bounded weights of experts that meet parameters at a place; of a product of weights, those of experts."""
    origin = mark.gate
    if origin is None:
        return ()
    kernels = [_kernel_of_part(part, tensor.ndim) for part in origin.parts] or [
        _kernel_of(tensor, mark, origin, exact, parameters)
    ]
    return tuple(k for k in kernels if k.shape[k.axis] > 1)  # others tell places of a kernel apart, no experts


def _kernel_of_part(part: Part, rank: int) -> Kernel:
    shape = (1,) * (rank - len(part.tensor)) + part.tensor
    axis = part.origin.axis if part.origin.sums_to_one and part.origin.shape == shape else 1
    return Kernel(shape, part.exact, part.output, axis, part.origin.uid if part.origin.sums_to_one else None)


def _kernel_of(tensor: Tensor, mark: Mark, origin: Origin, exact: Place, parameters: Tensor) -> Kernel:
    sliced = mark.moves is not None and any(ops.name_of(move.func) in ops.CUTS for move in mark.moves)
    if sliced and origin.place is not None:  # an expert after the other
        return Kernel(origin.shape, origin.place, None, origin.axis if origin.sums_to_one else 1, origin.uid)
    shape = without_repeats(tensor, mark, tensor.ndim)
    if origin.sums_to_one and origin.shape == shape:
        axis = origin.axis
    else:  # one routing for all examples has its experts in front
        axis = 0 if shape[1] == 1 and tensor.ndim == parameters.ndim and shape[0] == parameters.shape[0] else 1
    return Kernel(shape, exact, mark.output, axis, origin.uid if origin.sums_to_one else None, mark)


def with_output(mark: Mark, number: int) -> Mark:
    """The mark of one of several results of an operation, from that of all."""
    moves = mark.moves
    if moves:
        moves = (*moves[:-1], dataclasses.replace(moves[-1], output=number))
    return mark._replace(moves=moves)
