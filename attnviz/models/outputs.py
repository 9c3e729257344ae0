"""The answer of a network in whatever it gives: which tensor it is, and what its numbers are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError, nearest

MADE_BY: Mapping[str, str] = {
    "SoftmaxBackward0": "softmax",
    "LogSoftmaxBackward0": "log_softmax",
    "SigmoidBackward0": "sigmoid",
}
"""Names of autograd's nodes -> the operation, where it says what the numbers are."""
_VIEWS = frozenset(
    [
        "View",
        "Reshape",
        "Unsqueeze",
        "Squeeze",
        "Select",
        "Slice",
        "Clone",
        "ToCopy",
        "Transpose",
        "Permute",
        "T",
        "Alias",
    ]
)
"""Names of nodes that give the same numbers."""


def named_tensors(value: Any, name: str = "", inside: frozenset[int] = frozenset()) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of an output by its key: ``""`` for a bare tensor, ``"logits"``, ``"1"``, ``"features.0"``."""
    if isinstance(value, Tensor):
        yield name, value
        return
    if id(value) in inside or isinstance(value, (str, bytes, int, float, type, nn.Module, type(None))):
        return
    parts: Any = ()
    if isinstance(value, Mapping):
        parts = value.items()
    elif hasattr(value, "_asdict"):
        parts = value._asdict().items()
    elif isinstance(value, (list, tuple)):
        parts = enumerate(value)
    elif dataclasses.is_dataclass(value):
        parts = ((f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value))
    elif hasattr(value, "__dict__"):
        parts = vars(value).items()
    for key, part in parts:
        yield from named_tensors(part, f"{name}.{key}" if name else str(key), inside | {id(value)})


def made_by(tensor: Tensor) -> str | None:
    """Which operation made a tensor: a value of ``MADE_BY``, ``"other"``, or ``None`` where that cannot be seen.

    It is read from autograd's graph, which says how the network computes, whatever the numbers of one example are.
    """
    node = tensor.grad_fn
    while node is not None:
        kind = node.name().removesuffix("0").removesuffix("Backward")
        if node.name() in MADE_BY:
            return MADE_BY[node.name()]
        if kind not in _VIEWS and not kind.startswith(("Squeeze", "View", "Reshape")):
            return "other"
        node = node.next_functions[0][0] if node.next_functions else None
    return None


def log_of(shares: Tensor) -> Tensor:
    """Logits of probabilities that sum to 1."""
    return shares.clamp_min(torch.finfo(shares.dtype).tiny).log()


def logit_of(shares: Tensor) -> Tensor:
    """Logits of probabilities that do not exclude each other."""
    return torch.logit(shares, torch.finfo(shares.dtype).eps)


def two_classes(numbers: Tensor) -> Tensor:
    """The logit (N, 1, …) of a yes or no -> logits (N, 2, …) of no and yes."""
    return torch.cat([torch.zeros_like(numbers), numbers], 1)


def at_place(at: tuple[float, float]) -> Callable[[Tensor], Tensor]:
    """(N, K, H, W) -> (N, K) at a place (down, across), each in [0, 1]."""

    def read(maps: Tensor) -> Tensor:
        row, column = (min(int(share * side), side - 1) for share, side in zip(at, maps.shape[2:], strict=True))
        return maps[:, :, row, column]

    return read


def mean_share(scores: str) -> Callable[[Tensor], Tensor]:
    """Logits (N, K, H, W) -> logits (N, K) of the mean probability over the picture, or the mean of plain numbers."""
    if scores == "softmax":
        return lambda maps: log_of(maps.softmax(1).mean((2, 3)))
    if scores == "sigmoid":
        return lambda maps: logit_of(maps.sigmoid().mean((2, 3)))
    return lambda maps: maps.mean((2, 3))


class Answer(nn.Module):
    """A network whose output is no plain tensor of logits: takes the answer out of it.

    Args:
        model: The network; its gates get ``model.`` in front of their names.
        key: Of the tensor in the output, as ``named_tensors`` has it; ``None`` for no answer, (N, 0).
        steps: What makes logits (N, K) of it, one after the other.
        inputs: From the picture (N, C, H, W) to what the network is called with: a tensor, a sequence of arguments, or
            a mapping of keyword arguments; ``None`` for the picture alone.
    """

    def __init__(
        self,
        model: nn.Module,
        key: str | None,
        steps: tuple[Callable[[Tensor], Tensor], ...] = (),
        inputs: Callable[[Tensor], Any] | None = None,
    ) -> None:
        super().__init__()
        self.model, self.key, self.steps, self.inputs = model, key, steps, inputs
        self.training = model.training

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> logits (N, K)."""
        output = called(self.model, x, self.inputs)
        if self.key is None:
            return x.new_zeros(len(x), 0)
        answer = dict(named_tensors(output)).get(self.key)
        if answer is None:
            raise UserError(f"the network gave no output {self.key!r} for this picture, as it did for the first")
        for step in self.steps:
            answer = step(answer)
        return answer


def called(model: nn.Module, x: Tensor, inputs: Callable[[Tensor], Any] | None) -> Any:
    """What a network gives for a picture, with whatever else it wants."""
    arguments = x if inputs is None else inputs(x)
    if isinstance(arguments, Mapping):
        return model(**arguments)
    return model(*arguments) if isinstance(arguments, (tuple, list)) else model(arguments)


def choose(
    tensors: Mapping[str, Tensor], output: str | int | None, labels: int | None, dense: bool
) -> tuple[str, bool]:
    """Which tensor is the answer, and whether that is assumed: what is asked for, what the labels fit, or the first.

    Args:
        tensors: By key, for a batch of one.
        output: Key or position that somebody asked for.
        labels: Number of labels that somebody gave.
        dense: Whether an answer at every place, (1, K, H, W), counts too.

    Raises:
        UserError: There is no such tensor, or none that fits.
    """
    if output is not None:
        key = list(tensors)[output] if isinstance(output, int) and -len(tensors) <= output < len(tensors) else output
        if key not in tensors:
            raise UserError(f"the network has no output {output!r}; {nearest(output, [k or '0' for k in tensors])}")
        if not _fits(tensors[str(key)], dense=True):
            raise UserError(f"the output {output!r} is {_said(tensors[str(key)])}; an answer is (N, K) or (N, K, H, W)")
        return str(key), False
    fitting = [k for k, t in tensors.items() if _fits(t, dense=False)] or [
        k for k, t in tensors.items() if dense and _fits(t, dense=True)
    ]
    if not fitting:
        shapes = ", ".join(_said(t) for t in tensors.values()) or "no tensor"
        maps = any(_fits(t, dense=True) for t in tensors.values())
        advice = "; for an answer at every place (segmentation) say scores= or labels=" if maps else ""
        raise UserError(
            f"the network must give class scores (N, K), got {shapes}{advice}; scores='none' (--scores none) shows the "
            "gates without an answer"
        )
    if labels is None:
        return fitting[0], len(fitting) > 1
    chosen = [k for k in fitting if count_of(tensors[k]) == labels or (count_of(tensors[k]) == 1 and labels == 2)]
    if not chosen:
        counts = " or ".join(dict.fromkeys(str(count_of(tensors[k])) for k in fitting))
        raise UserError(
            f"the network gives {counts} class scores but there are {labels} labels; give one label for each class, or "
            "none to number them"
        )
    return chosen[0], len(chosen) > 1


def count_of(tensor: Tensor) -> int:
    """K of (N,), (N, K) or (N, K, H, W)."""
    return 1 if tensor.ndim == 1 else int(tensor.shape[1])


def _fits(tensor: Tensor, dense: bool) -> bool:
    shape = tensor.ndim == 2 or (tensor.ndim == 1 and len(tensor) == 1) or (dense and tensor.ndim == 4)
    return bool(shape and tensor.is_floating_point() and len(tensor) == 1 and count_of(tensor) >= 1)


def _said(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)}{'' if tensor.is_floating_point() else f' {tensor.dtype}'}"
