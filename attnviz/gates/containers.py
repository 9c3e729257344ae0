"""Tensors in whatever a model is given or gives: also in containers that torch's pytree does not know."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree


def tensors_within(value: Any) -> list[Tensor]:
    """All tensors in nested sequences, mappings, dataclasses and plain objects, each once."""
    tensors: dict[int, Tensor] = {}
    _look(value, tensors, frozenset())
    return list(tensors.values())


def examples_in(tensors: Iterable[Tensor]) -> int:
    """How many examples a model is given: the length of its first picture or volume, else sequence, else vector.

    Tensors of length 1 may be for all examples, and vectors too (a time, words).
    """
    given = [t for t in tensors if t.ndim and len(t)]
    pictures, sequences = [t for t in given if t.ndim > 3], [t for t in given if 1 < t.ndim <= 3]
    several = [len(t) for t in pictures + sequences if len(t) > 1]
    return several[0] if several else 1 if pictures or sequences or not given else len(given[0])


def sides_in(tensors: Iterable[Tensor]) -> tuple[tuple[int, ...], ...]:
    """How high and wide the pictures and volumes are that a model is given."""
    return tuple(tuple(t.shape[2:]) for t in tensors if t.ndim > 3)


def _look(value: Any, tensors: dict[int, Tensor], around: frozenset[int]) -> None:
    """Note tensors; a container may hold one that is around it."""
    if isinstance(value, Tensor):
        tensors[id(value)] = value
    elif id(value) not in around and not isinstance(value, (str, bytes, int, float, type, nn.Module, type(None))):
        for part in _parts(value):
            _look(part, tensors, around | {id(value)})


def _parts(value: Any) -> Iterable[Any]:
    """What a container holds."""
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, Mapping):
        return value.values()
    if dataclasses.is_dataclass(value):
        return [getattr(value, f.name) for f in dataclasses.fields(value) if hasattr(value, f.name)]
    held = vars(value).values() if hasattr(value, "__dict__") and not callable(value) else ()
    if not held and _pytree._get_node_type(value) in _pytree.SUPPORTED_NODES:
        return _pytree.tree_leaves(value)
    return held
