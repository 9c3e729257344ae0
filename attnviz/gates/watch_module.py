"""What one attention module was given and what it gave in one forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from attnviz.attention import ATTENTION
from attnviz.core.errors import UserError, nearest
from attnviz.gates.session import force_eager, lease, module_at, unwrapped


@dataclass(slots=True)
class Passage:
    """What went through a module in the first of its calls in the last forward pass, cloned; ``None`` before one.

    Attributes:
        features: What it was given, (N, C, …).
        output: What it gave, of the same shape.
    """

    features: Tensor | None = None
    output: Tensor | None = None


def attention_modules(model: nn.Module) -> tuple[tuple[str, str], ...]:
    """Path and type of attnviz's own attention modules in a model, in the order in which they were registered.

    A module inside another one, such as the channel half of a CBAM, is left out.
    """
    types = {ATTENTION[name]: name for name in ATTENTION}
    found: list[tuple[str, str]] = []
    for path, module in unwrapped(model).named_modules():
        name = types.get(type(module))
        if name is not None and not any(path.startswith(f"{outer}.") for outer, _ in found):
            found.append((path, name))
    return tuple(found)


@contextmanager
def watching(model: nn.Module, path: str) -> Iterator[Passage]:
    """Keep what a module is given and what it gives while its model runs.

    ``with watching(model, "stage1.0.attention") as passage: model(x)``, then ``passage.features``.

    Edits that are open on the model act as usual. The hook is gone when the context is left, also by an exception.

    Args:
        model: The model, compiled or not.
        path: Path of the module in it.

    Raises:
        UserError: The model has no such module, or another thread uses the model; nothing has been hooked then.
    """
    inner = unwrapped(model)
    module = module_at(inner, path) if isinstance(path, str) else None
    if module is None or module is inner:
        known = [name for name, _ in attention_modules(inner)]
        raise UserError(f"no module {path!r} in this {type(inner).__name__}; {nearest(path, known)}")
    passage = Passage()

    def starting(_module: nn.Module, _inputs: Any) -> None:
        passage.features = passage.output = None

    def note(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if passage.features is None and inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            passage.features, passage.output = inputs[0].detach().clone(), output.detach().clone()

    with lease(inner), force_eager(), ExitStack() as hooks:
        hooks.callback(inner.register_forward_pre_hook(starting).remove)
        hooks.callback(module.register_forward_hook(note).remove)
        yield passage
