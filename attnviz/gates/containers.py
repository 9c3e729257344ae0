"""Tensors in whatever a model is given or gives: also in containers that torch's pytree does not know."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree


def tensors_within(value: Any) -> list[Tensor]:
    """All tensors in nested sequences, mappings, dataclasses and plain objects, each once."""
    tensors: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        tensors[id(tensor)] = tensor
        return tensor

    map_tensors(note, value)
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


def map_tensors(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """The same value with every tensor in it replaced; what holds no other tensor than before is not copied."""
    return _mapped(function, value, frozenset())


def _mapped(function: Callable[[Tensor], Tensor], value: Any, inside: frozenset[int]) -> Any:
    if isinstance(value, Tensor):
        return function(value)
    if id(value) in inside or isinstance(value, (str, bytes, int, float, type, nn.Module, type(None))):
        return value
    inside = inside | {id(value)}
    if isinstance(value, (list, tuple)):
        items = [_mapped(function, item, inside) for item in value]
        return value if _same(items, value) else _sequence_like(value, items)
    parts = dict(_parts(value))
    if not parts and not isinstance(value, Mapping) and _pytree._get_node_type(value) in _pytree.SUPPORTED_NODES:
        return _pytree.tree_map_only(Tensor, function, value)
    changed = {key: new for key, old in parts.items() if (new := _mapped(function, old, inside)) is not old}
    return _with(value, changed) if changed else value


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """What a container holds, by key or by name of the attribute."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif dataclasses.is_dataclass(value):
        yield from ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value) if hasattr(value, f.name))
    elif hasattr(value, "__dict__") and not callable(value):
        yield from vars(value).items()


def _with(value: Any, changed: Mapping[Any, Any]) -> Any:
    """A shallow copy with other parts."""
    if isinstance(value, Mapping) and not hasattr(value, "__setitem__"):
        return {**value, **changed}
    other = copy.copy(value)
    for key, part in changed.items():
        if isinstance(value, Mapping):
            other[key] = part
        else:
            object.__setattr__(other, key, part)  # also of a frozen dataclass
    return other


def _same(items: list[Any], value: Any) -> bool:
    return all(a is b for a, b in zip(items, value, strict=True))


def _sequence_like(value: Any, items: list[Any]) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*items)
    return type(value)(items)
