"""A network of the user's own, as the rest of attnviz wants it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError, nearest
from attnviz.core.input_spec import InputSpec
from attnviz.core.notes import Note
from attnviz.gates.containers import tensors_within
from attnviz.gates.discover import in_eval_mode
from attnviz.images.foreign_transforms import Transform, read_transform
from attnviz.images.prepare import normalise
from attnviz.models.checkpoints import LoadedModel
from attnviz.models.spec import ModelSpec, placed

OUTPUTS = ("softmax", "sigmoid", "probabilities")
"""What somebody may say about the numbers that a network gives: logits of classes that exclude each other, logits of
classes that do not, or probabilities already."""


def _log(shares: Tensor) -> Tensor:
    return shares.clamp_min(torch.finfo(shares.dtype).tiny).log()


def _logit(shares: Tensor) -> Tensor:
    return torch.logit(shares, torch.finfo(shares.dtype).eps)


class Scores(nn.Module):
    """A network whose output is no plain tensor of logits: takes the class scores out of it.

    Args:
        model: The network; its gates get ``model.`` in front of their names.
        key: Where among the tensors of the output the scores are.
        to_logits: What makes logits of them; ``None`` where they are logits.
    """

    def __init__(self, model: nn.Module, key: int, to_logits: Callable[[Tensor], Tensor] | None) -> None:
        super().__init__()
        self.model, self.key, self.to_logits = model, key, to_logits
        self.training = model.training

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> logits (N, K)."""
        scores: Tensor = tensors_within(self.model(x))[self.key]
        return scores if self.to_logits is None else self.to_logits(scores)


def _outputs(model: nn.Module, x: Tensor) -> Any:
    try:
        with torch.no_grad(), in_eval_mode(model):
            return model(x)
    except Exception as error:  # the network is somebody else's: it may raise anything
        text = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"{type(model).__name__} fails on an example of shape {tuple(x.shape)}: {type(error).__name__}: {text}"
        ) from error


def _key(tensors: list[Tensor], labels: tuple[str, ...] | None) -> int:
    """Which of the tensors that a network gives holds the class scores: the first that the labels fit."""
    floats = [i for i, t in enumerate(tensors) if t.ndim == 2 and len(t) == 1 and t.is_floating_point()]
    fitting = [i for i in floats if tensors[i].shape[1] >= 2]
    if not fitting:
        shapes = ", ".join(f"{tuple(t.shape)}{'' if t.is_floating_point() else f' {t.dtype}'}" for t in tensors)
        wrap = "; wrap one with a single logit y so that it gives two: torch.cat([torch.zeros_like(y), y], 1)"
        text = f"the network must give class scores (N, K) with K of at least 2, got {shapes or 'no tensor'}"
        raise UserError(text + (wrap if floats else ""))
    if labels is None:
        return fitting[0]
    chosen = next((i for i in fitting if tensors[i].shape[1] == len(labels)), None)
    if chosen is None:
        counts = " or ".join(dict.fromkeys(str(tensors[i].shape[1]) for i in fitting))
        raise UserError(
            f"the network gives {counts} class scores but there are {len(labels)} labels; give one label for each "
            "class, or none to number them"
        )
    return chosen


def _meaning(examples: list[Tensor], scores: str | None) -> tuple[str, Callable[[Tensor], Tensor] | None, str]:
    """What class scores are: the name of ``SCORES`` for their logits, what makes these, and which note is due.

    Numbers in 0..1 that sum to 1 for different pictures can only be probabilities. Otherwise nothing is certain, and
    what is assumed is said.

    Args:
        examples: (1, K) each, of different pictures.
        scores: One of ``OUTPUTS``, or ``None`` where nobody has said it.
    """
    low, high = (float(f(torch.stack([f(t) for t in examples]))) for f in (torch.min, torch.max))
    inside = low >= 0 and high <= 1
    whole = inside and all(math.isclose(float(t.double().sum()), 1, abs_tol=1e-3) for t in examples)
    if scores == "probabilities" and not inside:
        raise UserError(
            f"scores is 'probabilities' but the network gives numbers in {low:.3g}..{high:.3g}: probabilities lie in "
            "0..1; say 'softmax' or 'sigmoid' for logits"
        )
    if scores in ("softmax", "sigmoid"):
        return scores, None, ""
    if whole:
        return "softmax", _log, ""
    if inside:
        return "sigmoid", _logit, "" if scores else "independent"
    return "softmax", None, "softmax"


def _scoring(
    model: nn.Module, examples: list[Tensor], labels: tuple[str, ...] | None, scores: str | None
) -> tuple[nn.Module, int, str, tuple[Note, ...]]:
    """The network with logits (N, K) as its output, K, what makes probabilities of them, and what is assumed."""
    outputs = [_outputs(model, x) for x in examples]
    tensors = [tensors_within(output) for output in outputs]
    key = _key(tensors[0], labels)
    found = [of[key].float() for of in tensors]
    count = found[0].shape[1]
    if not all(bool(torch.isfinite(t).all()) for t in found):
        raise UserError("the network gives scores that are not finite for a test picture; are its weights finite?")
    kind, to_logits, assumption = _meaning(found, scores)
    notes = [Note(assumption)] if assumption else []
    others = {t.shape[1] for t in tensors[0] if t.ndim == 2 and len(t) == 1 and t.shape[1] not in (1, count)}
    if labels is None and others:
        notes.append(Note("several", {"count": len(tensors[0]), "classes": count}))
    plain = isinstance(outputs[0], Tensor) and to_logits is None
    return (model if plain else Scores(model, key, to_logits)), count, kind, tuple(notes)


def _names(labels: Iterable[Any] | None) -> tuple[str, ...] | None:
    if labels is None:
        return None
    if isinstance(labels, (str, Mapping)) or not isinstance(labels, Iterable):
        raise UserError(f"labels must be a sequence of class names, got {type(labels).__name__}")
    return tuple(" ".join(str(label).split()) or f"class {i}" for i, label in enumerate(labels))


def _examples(given: InputSpec, transform: Transform | None) -> list[Tensor]:
    """An empty picture and one of noise, as the network is given them: (1, C, H, W) each."""
    grey = np.full((*given.size, 3), 127, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, grey.shape, dtype=np.uint8)
    if transform is not None:
        return [transform(picture)[None] for picture in (grey, noise)]
    return [torch.zeros(1, 3, *given.size), torch.from_numpy(normalise(noise, given))[None]]


def adopt(
    model: nn.Module,
    transform: Any = None,
    labels: Iterable[Any] | None = None,
    name: str | None = None,
    scores: str | None = None,
) -> LoadedModel:
    """Take up a live network; it stays where and as it is, and is only put into eval mode while it is asked.

    Args:
        model: Any network from one picture (N, C, H, W) to class scores (N, K), K ≥ 2, also inside a tuple or a
            mapping: the first tensor (N, K) counts whose K is the number of labels.
        transform: What it wants to be given: see ``attnviz.images.foreign_transforms.read_transform``.
        labels: K class names; ``None`` numbers them.
        name: What people see; the name of its class unless given.
        scores: What the class scores are: ``"softmax"`` for logits of classes that exclude each other, ``"sigmoid"``
            for logits of classes that do not, ``"probabilities"`` for what lies in 0..1 already. With ``None`` it is
            told from the scores where that is possible; else it is assumed, and every answer says so.

    Raises:
        UserError: It is no module, it fails on an empty picture, it gives no class scores, or the transform, the
            labels or ``scores`` do not fit.
    """
    if not isinstance(model, nn.Module):
        raise UserError(f"a network must be a torch.nn.Module, got {type(model).__name__}")
    if scores is not None and scores not in OUTPUTS:
        raise UserError(f"unknown scores {scores!r}; {nearest(scores, OUTPUTS)}")
    given, own = read_transform(transform, model)
    device, dtype = placed(model)
    examples = [x.to(device, dtype) for x in _examples(given, own)]
    names = _names(labels)
    module, count, kind, assumed = _scoring(model, examples, names, scores)
    title = " ".join(str(name or type(model).__name__).split())[:80]
    source = MappingProxyType({"library": type(model).__module__, "weights": "as they are"})
    return LoadedModel(
        title,
        module,
        ModelSpec(title, "its own", count, input=given),
        names or tuple(f"class {i}" for i in range(count)),
        source=source,
        transform=own,
        scores=kind,
        assumed=assumed,
    )
