"""Operations of torch as the search and the hooks see them: names, groups, and how they are counted."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C import _dispatch_tls_is_dispatch_key_excluded as _is_excluded
from torch._C import _dispatch_tls_set_dispatch_key_excluded as _exclude
from torch._C import _pop_torch_dispatch_stack, _push_on_torch_dispatch_stack
from torch.utils._python_dispatch import TorchDispatchMode

Operation = torch._ops.OpOverload
_COMPOSITE = torch._C.DispatchKey.CompositeImplicitAutograd
_VIEWS = torch._C.DispatchKey.ADInplaceOrView


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


VIEWS = _names(
    "view _unsafe_view _reshape_alias reshape unsqueeze squeeze alias detach expand clone contiguous lift_fresh"
)
"""Same elements in the same order (``expand`` repeats them without storing them)."""

SHAPES = VIEWS | _names(
    "permute transpose t select slice split split_with_sizes unsafe_split unsafe_chunk unbind chunk narrow cat stack "
    "repeat flip roll index index_select gather unfold pixel_shuffle constant_pad_nd reflection_pad2d "
    "replication_pad2d as_strided diagonal _to_copy repeat_interleave masked_fill "
    "unsafe_split_with_sizes dequantize quantize_per_tensor lift"
)
"""Elements are moved, repeated or left out, never mixed."""

RESIZES = _names(
    "upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d upsample_bilinear2d "
    "upsample_trilinear3d upsample_bicubic2d _upsample_nearest_exact1d _upsample_nearest_exact2d "
    "_upsample_nearest_exact3d _upsample_bilinear2d_aa _upsample_bicubic2d_aa"
)

SOFTMAX = frozenset(("_softmax", "_safe_softmax"))
SATURATING = frozenset(("sigmoid", "hardsigmoid", "tanh", "erf", "atan"))
"""Activations that bound whatever they are given."""
BREAKING = _names("log log2 log10 log1p reciprocal rsqrt logit tan erfinv digamma lgamma pow atanh special_erfinv")
"""Functions of single elements that may break a bound; others are continuous."""

LOGARITHMS = _names("log log2 log10")
CUTS = _names(
    "select slice split split_with_sizes unsafe_split unsafe_split_with_sizes unsafe_chunk unbind chunk narrow "
    "index_select"
)
"""They leave some of the values out."""
SAMPLES = frozenset(("unfold", "gather"))
"""They set several places of a map side by side."""
REDUCTIONS = _names("mean amax amin max min median quantile nanmean")
"""Every result lies between the least and the largest of its values."""
POOLS = _names(
    "avg_pool1d avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices max_pool2d "
    "_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool1d adaptive_max_pool1d adaptive_max_pool2d "
    "adaptive_max_pool3d mkldnn_max_pool2d"
)
COMPARISONS = _names(
    "gt ge lt le eq ne logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_not bitwise_xor "
    "isclose isnan isfinite isinf"
)
LEARNED = _names(
    "convolution mkldnn_convolution cudnn_convolution _convolution addmm mm bmm baddbmm mkldnn_linear linear"
)
NORMS = _names(
    "native_batch_norm cudnn_batch_norm _native_batch_norm_legit_no_training _batch_norm_no_update native_layer_norm "
    "native_group_norm"
)
SCRATCH = NORMS | {"log_sigmoid_forward"}
"""What they give behind their first result is for the backward pass."""
VALUE_FREE = _names(
    "zeros_like ones_like full_like empty_like rand_like randn_like new_empty new_zeros new_full new_ones "
    "new_empty_strided arange"
)
"""Their results depend on the shape of the argument only."""

PRODUCTS: Mapping[str, tuple[int, ...]] = {
    "bmm": (0, 1),
    "mm": (0, 1),
    "baddbmm": (1, 2),
    "addbmm": (1, 2),
    "addmm": (1, 2),
}
"""Matrix products and the positions of the two factors."""

ATTENTION_OPS = _names(
    "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
    "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention "
    "_scaled_dot_product_fused_attention_overrideable _native_multi_head_attention"
)
"""Fused attention: query, key and value in, softmax weights never stored."""

FAMILIES: Mapping[str, str] = {
    "mul": "multiplication",
    "quantized::mul": "multiplication",
    "convolution": "convolution",
    "torchvision::deform_conv2d": "deformable convolution",
    "exp": "exponential",
    **{name: name for name in (*sorted(SATURATING), "clamp", "hardtanh")},
    "add": "addition",
    "div": "division",
    "addcdiv": "division and addition",
    "pow": "power",
    "relu": "rectification",
    "rsub": "reversed subtraction",
    "sub": "subtraction",
    "_to_copy": "conversion",
    "scatter": "scattering",
    **dict.fromkeys(RESIZES, "resizing"),
    **{name: "pooling" for name in POOLS if "avg" in name},
    "masked_fill": "masked fill",
    "where": "choice",
    "index_put": "masked assignment",
    "_foreach_mul": "multiplication of lists",
    "glu": "gated linear unit",
    "addcmul": "multiplication and addition",
    "lerp": "interpolation",
    "affine_grid_generator": "affine grid",
    "grid_sampler_2d": "grid sampling",
    "grid_sampler_3d": "grid sampling",
    "cudnn_grid_sampler": "grid sampling",
    **dict.fromkeys(SOFTMAX, "softmax"),
    **dict.fromkeys(PRODUCTS, "matrix product"),
    **dict.fromkeys(ATTENTION_OPS, "fused attention"),
}
"""Operations that are counted, so that one of them can be found again in another pass."""


@functools.cache
def name_of(func: Operation) -> str:
    """``"mul"`` for both ``aten::mul.Tensor`` and ``aten::mul_.Tensor``."""
    return func._schema.name.removeprefix("aten::").rstrip("_")


def as_alias(func: Operation, args: Sequence[Any]) -> tuple[Operation, tuple[Any, ...]]:
    """``x[:]`` as the view that it is: torch 2.8 slices so wherever an axis is left as it is (``x[:, None]``)."""
    whole = name_of(func) == "slice" and len(args) == 4 and args[2] == 0 and args[3] == sys.maxsize
    return (torch.ops.aten.alias.default, (args[0],)) if whole else (func, tuple(args))


@functools.cache
def is_foreign(func: Operation) -> bool:
    """Whether an operation is of a library that is not known here, as by ``torch.library.custom_op``."""
    return func.namespace not in ("aten", "prim", "prims", "quantized", "torchvision", "mkldnn")


@functools.cache
def writes(func: Operation) -> tuple[int, ...]:
    """Positions of the arguments that an operation changes in place."""
    arguments = func._schema.arguments
    return tuple(i for i, a in enumerate(arguments) if a.alias_info is not None and a.alias_info.is_write)


def written(func: Operation, args: Sequence[Any], keywords: Mapping[str, Any]) -> list[Tensor]:
    """The tensors that an operation changes in place, ``out`` among them."""
    arguments = func._schema.arguments
    values = [args[i] if i < len(args) else keywords.get(arguments[i].name) for i in writes(func)]
    return [value for value in values if isinstance(value, Tensor)]


@functools.cache
def _aliases(func: Operation) -> bool:
    """Whether an operation gives a view of an argument, or writes to one."""
    return any(a.alias_info is not None for a in func._schema.arguments)


@functools.cache
def is_composite(func: Operation) -> bool:
    """Whether an operation that reached a mode is made of others, which the mode shall see.

    Only where tensors have no part in autograd (``inference_mode``, and its tensors later on) do such operations reach
    a mode whole; they have to be taken apart there, so that operations are counted alike in all grad modes.
    """
    if func.namespace == "prim":  # questions to tensors without values (``prim::device``), unknown to the dispatcher
        return False
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd")


def run_composite(func: Operation, args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Run an operation as the operations that it is made of.

    This is torch's own kernel. ``func.decompose`` would prefer decompositions in Python, which round differently.
    """
    return _as_without_mode(func, functools.partial(func._op_dk, _COMPOSITE), args, keywords)


def run(func: Operation, args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Run an operation that reached a mode."""
    return _as_without_mode(func, func, args, keywords)


def _as_without_mode(func: Operation, kernel: Any, args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Run an operation so that its kernel goes the same way as without the mode.

    In ``inference_mode`` a view of a parameter still says that it needs gradients, and kernels ask for it: ``linear``
    then multiplies a strided sequence in one matrix product, and else in one an example, which rounds differently.
    Inside of a mode torch leaves out the step that hands this on to views. It is put back, but for operations that
    make views themselves or write in place: torch takes this step for those after the mode.
    """
    if _aliases(func) or not torch.is_inference_mode_enabled():
        return kernel(*args, **keywords)
    excluded = _is_excluded(_VIEWS)  # by hand: torch's context manager takes as long as all else in here
    _exclude(_VIEWS, False)
    try:
        return kernel(*args, **keywords)
    finally:
        _exclude(_VIEWS, excluded)


def tensors_in(values: Any) -> list[Tensor]:
    """All tensors in nested arguments or results of an operation, which nests lists, tuples and keywords only."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, dict):
        values = tuple(values.values())
    tensors: list[Tensor] = []
    if isinstance(values, (list, tuple)):
        for value in values:
            if isinstance(value, Tensor):
                tensors.append(value)
            elif isinstance(value, (list, tuple, dict)):
                tensors += tensors_in(value)
    return tensors


def broadcast_pattern(first: Tensor, second: Tensor) -> str:
    """Which operand is repeated along every axis but the batch: ``"..22"`` for (N, C, H, W) with (N, C, 1, 1).

    ``1`` and ``2`` name the operand that has size 1 (or stride 0) where the other has more, ``.`` is neither.
    """
    rank = max(first.ndim, second.ndim)
    a, b = (repeated_axes(t, rank) for t in (first, second))
    return "".join("." if x == y else "12"[y < x] for x, y in zip(a[1:], b[1:], strict=True))


def repeated_axes(tensor: Tensor, rank: int) -> Sequence[int]:
    """1 for an axis along which values differ, else 0; padded with 0 in front to ``rank`` axes."""
    own = [int(size > 1 and stride != 0) for size, stride in zip(tensor.shape, tensor.stride(), strict=True)]
    return [0] * (rank - tensor.ndim) + own


@functools.cache
def _counted(func: Operation) -> str | None:
    return FAMILIES.get(name_of(func))


def without_pattern(family: str) -> str:
    """``"multiplication"`` for ``"multiplication .22"``."""
    words = family.rsplit(" ", 1)
    return words[0] if len(words) == 2 and not set(words[1]) - set(".12") else family


def family_of(func: Operation, args: Sequence[Any]) -> str | None:
    """Under what an operation is counted; ``None`` if it is not.

    Additions and multiplications count by how they broadcast: dropout and drop path, which exist in train mode
    only, then do not shift the count of gates; nor do their divisions by a number, which are not counted.
    """
    family = _counted(func)
    if family in ("multiplication", "addition", "division"):
        if len(args) < 2 or not isinstance(args[0], Tensor):
            return None
        if not isinstance(args[1], Tensor):
            return None if family == "division" else f"{family} with a number"
        return family if family == "division" else f"{family} {broadcast_pattern(args[0], args[1])}"
    return family


ONE_PRODUCT = ("multiplication and addition", "interpolation", "multiplication of lists")
"""Families that apply a weight as a multiplication does; a network may do one in train mode, another else."""


def applied(family: str) -> str:
    """How a weight is applied by a family of operations, however they broadcast."""
    plain = without_pattern(family)
    return "multiplication" if plain in ONE_PRODUCT else plain


def applies(func: Operation, args: Sequence[Any]) -> str:
    """The same of an operation; empty where it is not counted."""
    return applied(family_of(func, args) or "")


UNTAGGED = _names("leaky_relu hardtanh hardsigmoid elu rsub")
"""Functions of single elements that torch before 2.10 does not tag as such, in place or not."""


@functools.cache
def is_pointwise(func: Operation) -> bool:
    """Whether every element of the result depends on one element of every operand only."""
    return torch.Tag.pointwise in func.tags or name_of(func) in UNTAGGED


class EagerMode(TorchDispatchMode):
    """A dispatch mode that sees single operations, and does not load torch's compiler.

    By default torch wraps ``__torch_dispatch__`` so that dynamo leaves it alone, and imports dynamo (several
    seconds) at the first operation. Nothing is compiled where these modes are used, see ``force_eager``.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Let the mode see an operation, or those of which it is made."""
        if is_composite(func):
            _push_on_torch_dispatch_stack(self)  # all else that ``with self`` does was done when the mode was entered
            try:
                return run_composite(func, args, kwargs or {})
            finally:
                _pop_torch_dispatch_stack(None)
        return self.see(func, args, dict(kwargs or {}))

    def see(self, func: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Run one operation, and give its result."""
        raise NotImplementedError
