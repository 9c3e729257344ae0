"""A network of the user's own, as the rest of attnviz wants it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.gates import ops
from attnviz.gates.discover import in_eval_mode
from attnviz.images.foreign_transforms import Transform, read_transform
from attnviz.models.checkpoints import LoadedModel
from attnviz.models.spec import ModelSpec, placed


class Scores(nn.Module):
    """A network whose output is no plain tensor of logits: takes the class scores out of it.

    Args:
        model: The network; its gates get ``model.`` in front of their names.
        key: Where among the tensors of the output the scores are.
        probabilities: Whether they sum to 1 already; their logarithm are logits then.
    """

    def __init__(self, model: nn.Module, key: int, probabilities: bool) -> None:
        super().__init__()
        self.model, self.key, self.probabilities = model, key, probabilities
        self.training = model.training

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> logits (N, K)."""
        scores: Tensor = ops.tensors_in(self.model(x))[self.key]
        return scores.clamp_min(torch.finfo(scores.dtype).tiny).log() if self.probabilities else scores


def _outputs(model: nn.Module, x: Tensor) -> Any:
    try:
        with torch.no_grad(), in_eval_mode(model):
            return model(x)
    except Exception as error:  # the network is somebody else's: it may raise anything
        text = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"{type(model).__name__} fails on an example of shape {tuple(x.shape)}: {type(error).__name__}: {text}"
        ) from error


def _scoring(model: nn.Module, x: Tensor) -> tuple[nn.Module, int]:
    """The network with logits (N, K) as its output, and K."""
    outputs = _outputs(model, x)
    tensors = ops.tensors_in(outputs)
    fitting = [i for i, t in enumerate(tensors) if t.ndim == 2 and len(t) == 1 and t.is_floating_point()]
    key = next((i for i in fitting if tensors[i].shape[1] >= 2), None)
    if key is None:
        shapes = ", ".join(str(tuple(t.shape)) for t in tensors) or "no tensor"
        raise UserError(f"the network must give class scores (N, K) with K of at least 2, got {shapes}")
    scores = tensors[key]
    if not torch.isfinite(scores).all():
        raise UserError("the network gives scores that are not finite for an empty picture")
    sums = float(scores.double().sum())
    probabilities = bool((scores >= 0).all()) and math.isclose(sums, 1, abs_tol=1e-3)
    plain = isinstance(outputs, Tensor) and not probabilities
    return (model if plain else Scores(model, key, probabilities)), scores.shape[1]


def _names(labels: Iterable[Any] | None, count: int) -> tuple[str, ...]:
    if labels is None:
        return tuple(f"class {i}" for i in range(count))
    if isinstance(labels, (str, Mapping)) or not isinstance(labels, Iterable):
        raise UserError(f"labels must be a sequence of class names, got {type(labels).__name__}")
    names = tuple(" ".join(str(label).split()) or f"class {i}" for i, label in enumerate(labels))
    if len(names) != count:
        raise UserError(f"the network gives {count} class scores but there are {len(names)} labels")
    return names


def _example(given: InputSpec, transform: Transform | None) -> Tensor:
    if transform is None:
        return torch.zeros(1, 3, *given.size)
    return transform(np.full((*given.size, 3), 127, np.uint8))[None]


def adopt(
    model: nn.Module, transform: Any = None, labels: Iterable[Any] | None = None, name: str | None = None
) -> LoadedModel:
    """Take up a live network; it stays where and as it is, and is only put into eval mode while it is asked.

    Args:
        model: Any network from one picture (N, C, H, W) to class scores (N, K), K ≥ 2: logits or probabilities, also
            inside a tuple or a mapping, where the first tensor (N, K) counts.
        transform: What it wants to be given: see ``attnviz.images.foreign_transforms.read_transform``.
        labels: K class names; ``None`` numbers them.
        name: What people see; the name of its class unless given.

    Raises:
        UserError: It is no module, it fails on an empty picture, it gives no class scores, or the transform or the
            labels do not fit.
    """
    if not isinstance(model, nn.Module):
        raise UserError(f"a network must be a torch.nn.Module, got {type(model).__name__}")
    given, own = read_transform(transform, model)
    device, dtype = placed(model)
    module, count = _scoring(model, _example(given, own).to(device, dtype))
    title = " ".join(str(name or type(model).__name__).split())[:80]
    source = MappingProxyType({"library": type(model).__module__, "weights": "as they are"})
    spec = ModelSpec(title, "its own", count, input=given)
    return LoadedModel(title, module, spec, _names(labels, count), source=source, transform=own)
