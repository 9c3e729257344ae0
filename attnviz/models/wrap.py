"""A network of the user's own, as the rest of attnviz wants it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.model_card import ModelCard
from attnviz.core.notes import Note
from attnviz.images.foreign_transforms import Transform, read_transform
from attnviz.models import outputs
from attnviz.models.modes import in_eval_mode
from attnviz.models.network import Network
from attnviz.models.outputs import Answer
from attnviz.models.spec import ModelSpec, placed

Step = Callable[[Tensor], Tensor]


@dataclasses.dataclass(frozen=True)
class _Reading:
    """How the answer is taken out of what a network gives; ``key`` is ``None`` where there is none.

    ``over`` makes one answer of those at every place, where the network gives such.
    """

    key: str | None
    steps: tuple[Step, ...]
    count: int
    scores: str
    assumed: tuple[Note, ...]
    over: Step | None = None


def wrap(
    module: nn.Module,
    card: ModelCard | None = None,
    *,
    transform: Any = None,
    inputs: Callable[[Tensor], Any] | None = None,
    **said: Any,
) -> Network:
    """Take up a live network: ``attnviz.wrap(net, size=224, mean=MEAN, std=STD, labels=["cat", "dog"])``.

    The module stays where and as it is, and is only put into eval mode while it is asked.

    Args:
        module: Any network that a picture (N, C, H, W) can be given to, alone or with more (``inputs``). Its answer may
            be (N, K), (N, K, H, W) or (N,), also inside a tuple, a mapping or an object.
        card: What it means.
        transform: What it wants to be given, where that is easier to say so: an ``InputSpec``, a transform of
            torchvision, a configuration of timm, or a function; see ``attnviz.images.foreign_transforms``. Beside a
            function a mean, a std, a window and shown channels would count for nothing and are refused.
        inputs: From the picture to what the module is called with: a sequence of arguments, or a mapping.
        **said: Fields of ``ModelCard``, laid over ``card``.

    Raises:
        UserError: It is no module, holds weights that are not finite, fails on an empty picture or gives no answer, or
            what is said of it does not fit.
    """
    if not isinstance(module, nn.Module):
        raise UserError(f"a network must be a torch.nn.Module, got {type(module).__name__}")
    meaning = (card or ModelCard()).but(**said)
    given, own, assumed = _given(module, meaning, transform)
    network = taken_up(module, meaning, given, own, inputs)
    return dataclasses.replace(network, assumed=(*assumed, *network.assumed))


def taken_up(
    module: nn.Module,
    meaning: ModelCard,
    given: InputSpec,
    own: Transform | None = None,
    inputs: Callable[[Tensor], Any] | None = None,
) -> Network:
    """A live network of which is known what it is given.

    Args:
        module: The network.
        meaning: What its numbers mean.
        given: What it is given.
        own: Makes its input, where ``given`` does not say how.
        inputs: As for ``wrap``.

    Raises:
        UserError: As for ``wrap``.
    """
    check_finite(module)
    device, dtype = placed(module)
    examples = [x.to(device, dtype) for x in _examples(given, own)]
    reading = _read(module, examples, inputs, meaning)
    title = meaning.name or type(module).__name__
    steps, over = reading.steps, reading.over
    plain = reading.key == "" and not steps and over is None and inputs is None
    return Network(
        title,
        module if plain else Answer(module, reading.key, steps if over is None else (*steps, over), inputs),
        ModelSpec(title, "its own", reading.count, input=given),
        _labels(module, meaning, reading.count),
        source=MappingProxyType({"library": type(module).__module__, "weights": "as they are"}),
        transform=own,
        scores=reading.scores,
        assumed=reading.assumed,
        places=None if over is None else Answer(module, reading.key, steps, inputs),
    )


def _labels(module: nn.Module, card: ModelCard, count: int) -> tuple[str, ...]:
    """What somebody says, what a network of transformers carries (``config.id2label``), or numbers."""
    if card.labels is not None and count:
        return card.labels
    names = getattr(getattr(module, "config", None), "id2label", None)
    if isinstance(names, Mapping) and sorted(map(str, names)) == sorted(map(str, range(count))):
        by_number = {int(key): " ".join(str(name).split()) for key, name in names.items()}
        return tuple(by_number[i] or f"class {i}" for i in range(count))
    return numbered(count)


def numbered(count: int) -> tuple[str, ...]:
    """Labels where nobody has given any."""
    return tuple(f"class {i}" for i in range(count))


def check_finite(module: nn.Module) -> None:
    """Raise ``UserError`` where a weight is not there yet, or not finite: every number it gave would be none."""
    for name, value in (*module.named_parameters(), *module.named_buffers()):
        if is_lazy(value):
            raise UserError(f"{name} has no shape yet (a lazy layer): call the network once on an example first")
        if value.device.type == "meta":
            raise UserError(f"{name} is on the meta device and holds no numbers: build the network on the CPU")
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise UserError(
                f"the network holds weights that are not finite, in {name}; take those of an earlier epoch, or train "
                "with a smaller learning rate"
            )


def channels_of(module: nn.Module) -> int | None:
    """How many channels the first convolution takes; ``None`` where there is none."""
    first = next((m for m in module.modules() if isinstance(m, (nn.Conv2d, nn.Conv3d))), None)
    return None if first is None else first.in_channels


def _given(module: nn.Module, card: ModelCard, transform: Any) -> tuple[InputSpec, Transform | None, tuple[Note, ...]]:
    """What the network is given, its own transform, and what is assumed of it."""
    base: InputSpec | None = None
    own: Transform | None = None
    if transform is None and card.size is None and not getattr(module, "pretrained_cfg", None):
        raise UserError(
            "say what the network wants to be given: size=224 or size=(height, width) (--size 224), or its transform"
        )
    if transform is not None or card.size is None or getattr(module, "pretrained_cfg", None):
        base, own = read_transform(transform, module)
    if own is not None and base is not None:
        return beside_function(card, base, own), own, ()
    mean = card.mean if isinstance(card.mean, tuple) else ()
    if len(mean) > 1:
        channels = len(mean)
    elif isinstance(transform, InputSpec):
        channels = transform.colours
    else:
        channels = channels_of(module) or (base.colours if base else 3)
    given = card.input(base, channels)
    if given is None:
        raise UserError("say the size of the network's input: size=(height, width) (--size)")
    return given, None, () if base is not None or mean else (Note("normalisation"),)


def beside_function(card: ModelCard, base: InputSpec, function: Transform) -> InputSpec:
    """What is said beside a function that makes the input, laid over what is known of it.

    Which part of the photograph it gets may be said, and the size where it gives any; the rest is the function's own.

    Raises:
        UserError: Something else is said, or another size than the function gives.
    """
    given = card.input(base, base.colours) or base
    settled = [key for key in ("mean", "std", "window", "shown") if getattr(given, key) != getattr(base, key)]
    if settled:
        raise UserError(
            f"the transform is a function, which makes the input by itself, and {' and '.join(settled)} would count "
            "for nothing beside it: say it in the function, or give an InputSpec instead"
        )
    if given.size != base.size:
        made = tuple(function(np.zeros((*given.size, 3), np.uint8)).shape[1:])
        if made != given.size:
            raise UserError(
                f"the transform is a function that gives {made[0]}×{made[1]} pixels, and size says "
                f"{given.size[0]}×{given.size[1]}: leave the size out, or change the function"
            )
    return given


def _examples(given: InputSpec, transform: Transform | None) -> list[Tensor]:
    """An empty picture and one of noise, as the network is given them: (1, C, H, W) each."""
    if transform is not None:
        grey = np.full((*given.size, 3), 127, np.uint8)
        noise = np.random.default_rng(0).integers(0, 256, grey.shape, dtype=np.uint8)
        return [transform(picture)[None] for picture in (grey, noise)]
    shape = (1, given.channels, *given.size)
    generator = torch.Generator().manual_seed(0)
    return [torch.zeros(shape), torch.randn(shape, generator=generator)]


def _output(module: nn.Module, x: Tensor, inputs: Callable[[Tensor], Any] | None, graph: bool) -> dict[str, Tensor]:
    """The tensors that a network gives, with autograd's graph or without."""
    try:
        with torch.set_grad_enabled(graph), in_eval_mode(module):
            given = x.requires_grad_().clone() if graph else x  # what is no leaf may be written to
            return dict(outputs.named_tensors(outputs.called(module, given, inputs)))
    except UserError:
        raise
    except Exception as error:  # the network is somebody else's: it may raise anything
        text = (str(error).splitlines() or [""])[0]
        first, width = channels_of(module), x.shape[1]
        differs = first is not None and first != width
        hint = f"; its first convolution takes {first} channels, and mean says {width}" if differs else ""
        shape = tuple(x.shape)
        raise UserError(
            f"{type(module).__name__} fails on an example of shape {shape}: {type(error).__name__}: {text}{hint}"
        ) from error


def _read(
    module: nn.Module, examples: list[Tensor], inputs: Callable[[Tensor], Any] | None, card: ModelCard
) -> _Reading:
    """Where the answer is and what its numbers are."""
    if card.scores == "none":
        _output(module, examples[0], inputs, False)
        return _Reading(None, (), 0, "none", ())
    results = [_output(module, x, inputs, False) for x in examples]
    tensors = results[0]
    labels = None if card.labels is None else len(card.labels)
    dense = card.scores is not None or labels is not None or card.output is not None or card.at is not None
    key, several = outputs.choose(tensors, card.output, labels, dense)
    answers = [each[key].float() for each in results if key in each]
    if len(answers) < len(results) or not all(bool(torch.isfinite(t).all()) for t in answers):
        raise UserError("the network gives scores that are not finite for a test picture; are its weights finite?")
    notes = []
    if several:
        others = ", ".join(f"{k or 0} {tuple(t.shape)}" for k, t in list(tensors.items())[:6] if k != key)
        notes.append(Note("several", {"name": key, "count": len(tensors), "others": others}))
    if card.at is not None and tensors[key].ndim != 4:
        raise UserError(
            f"at {card.at} is a place, and the network gives one answer for the whole picture, "
            f"{tuple(tensors[key].shape)}"
        )
    count = outputs.count_of(tensors[key])
    scores, to_logits, assumption = _meaning(answers, card.scores, _maker(module, examples[1], inputs, key), labels)
    notes += [Note(assumption)] if assumption else []
    steps: list[Step] = [] if tensors[key].ndim > 1 else [lambda numbers: numbers[:, None]]
    steps += [to_logits] if to_logits else []
    if labels is not None and labels == 2 and count == 1:
        steps.append(outputs.two_classes)
        count, scores = 2, "softmax"
    over = None
    if tensors[key].ndim == 4:
        over = outputs.at_place(card.at) if card.at else outputs.mean_share(scores)
        notes += [] if card.at else [Note("averaged")]
    _check_count(labels, count)
    return _Reading(key, tuple(steps), count, scores, tuple(notes), over)


def _check_count(labels: int | None, count: int) -> None:
    if labels is not None and labels != count:
        raise UserError(
            f"the network gives {count} class scores but there are {labels} labels; give one label for each class, or "
            "none to number them"
        )


def _maker(module: nn.Module, x: Tensor, inputs: Callable[[Tensor], Any] | None, key: str) -> str | None:
    """The operation that makes the answer; ``None`` where autograd cannot say."""
    try:
        with torch.inference_mode(False):
            tensor = _output(module, x.clone(), inputs, True).get(key)
    except UserError:  # it answers without gradients and fails with them
        return None
    return None if tensor is None else outputs.made_by(tensor)


def _meaning(
    answers: list[Tensor], scores: str | None, maker: str | None, labels: int | None
) -> tuple[str, Step | None, str]:
    """What the numbers are: the name of ``SCORES`` for their logits, what makes these, and which note is due.

    What somebody says holds; else what the network's last operation says; else it is assumed and said.
    """
    if scores == "probabilities":
        low, high = min(float(t.min()) for t in answers), max(float(t.max()) for t in answers)
        if low < 0 or high > 1:
            raise UserError(
                f"scores is 'probabilities' but the network gives numbers in {low:.3g}..{high:.3g}: probabilities lie "
                "in 0..1; say 'softmax' or 'sigmoid' for logits"
            )
        whole = all(bool(((t.double().sum(1) if t.ndim > 1 else t.double()) - 1).abs().max() < 1e-3) for t in answers)
        return ("softmax", outputs.log_of, "") if whole else ("sigmoid", outputs.logit_of, "")
    if scores in ("softmax", "sigmoid"):
        undo = {"softmax": outputs.log_of, "sigmoid": outputs.logit_of}[scores] if maker == scores else None
        return scores, undo, ""
    if scores == "logits":
        return "logits", None, ""
    if maker in ("softmax", "log_softmax"):
        return "softmax", outputs.log_of if maker == "softmax" else None, ""
    if maker == "sigmoid":
        return "sigmoid", outputs.logit_of, ""
    if outputs.count_of(answers[0]) == 1:
        return ("sigmoid", None, "") if labels == 2 else ("logits", None, "number")
    return ("logits", None, "unseen") if maker is None else ("softmax", None, "softmax")
