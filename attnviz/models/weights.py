"""Weights from a file into the types of a network: what would be lost on the way is refused."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor

from attnviz.core.errors import UserError

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
"""Types that are read where a network has floating-point numbers."""
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
"""Types that are read where it has whole numbers."""


def cast(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of a file in the types that a network has.

    Args:
        state: Name -> tensor as the file holds it.
        own: Name -> the network's tensor, as ``state_dict()`` gives them; every name of ``state`` is in it.

    Returns:
        The tensors, with the versions of the network's own modules.

    Raises:
        UserError: A tensor holds another kind of number (complex, quantised, float8, bool), or one that is not finite,
            or is no longer in the network's type.
    """
    return with_versions({key: _cast(key, value, own[key].dtype) for key, value in state.items()}, own)


def with_versions(state: Mapping[str, Tensor], source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors with what a state dict says of the versions of its modules, which some networks refuse to miss."""
    result = OrderedDict(state)
    if hasattr(source, "_metadata"):
        result._metadata = source._metadata  # type: ignore[attr-defined]
    return result


def _cast(key: str, value: Tensor, wanted: torch.dtype) -> Tensor:
    readable = FLOATS if wanted.is_floating_point else INTEGERS if wanted in INTEGERS else (wanted,)
    if value.dtype not in readable:
        names = ", ".join(_name(dtype) for dtype in readable)
        raise UserError(
            f"{key[:80]} holds {_name(value.dtype)} numbers, and {names} are read there; save the network's weights "
            "as float32, quantised ones after they have been dequantised"
        )
    if value.layout != torch.strided:
        raise UserError(f"{key[:80]} holds a sparse tensor; save the network's weights dense: tensor.to_dense()")
    cast = value.to(wanted)
    if not wanted.is_floating_point or bool(torch.isfinite(cast).all()):
        return cast
    if not bool(torch.isfinite(value).all()):
        raise UserError(f"the file holds weights that are not finite, in {key[:80]}; save those of an earlier epoch")
    most = float(value.abs().max())
    raise UserError(
        f"{key[:80]} holds numbers up to {most:.3g}, which are not finite in {_name(wanted)} (at most "
        f"{torch.finfo(wanted).max:.3g}); a network with such weights gives no answers: train or scale it again"
    )


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
