"""What one attention module was given and what it gave in one forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from attnviz.attention import ATTENTION
from attnviz.core.errors import UserError, nearest
from attnviz.gates.entrances import Hook
from attnviz.gates.paths import module_at, unwrapped
from attnviz.gates.session import lease, making_last


@dataclass(slots=True)
class Passage:
    """What went through a module in the first of its calls in the last forward pass, cloned; ``None`` before one.

    Where the module runs without its whole model, every call is a pass.

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
    paths: list[tuple[str, str]] = []
    for path, module in unwrapped(model).named_modules():
        name = types.get(type(module))
        if name is not None and not any(path.startswith(f"{outer}.") for outer, _ in paths):
            paths.append((path, name))
    return tuple(paths)


@contextmanager
def watching(model: nn.Module, path: str) -> Iterator[Passage]:
    """Keep what a module is given and what it gives while its model runs.

    ``with watching(model, "stage1.0.attention") as passage: model(x)``, then ``passage.features``.

    Edits that are open on the model act as usual. The hooks are gone when the context is left, also by an exception.

    Args:
        model: The model, compiled or not.
        path: Path of the module in it.

    Raises:
        UserError: The model has no such module, or another thread uses the model; nothing has been hooked then.
    """
    inner = unwrapped(model)
    module = module_at(inner, path) if isinstance(path, str) else None
    if module is None or module is inner:
        paths = [name for name, _ in attention_modules(inner)]
        raise UserError(f"no module {path!r} in this {type(inner).__name__}; {nearest(path, paths)}")
    passage = Passage()

    def starting(_training: bool) -> None:
        passage.features = passage.output = None

    with lease(inner) as session, session.serve((), starting), ExitStack() as hooks:

        def note(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            first = passage.features is None or not session.passes.whole
            if first and inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
                passage.features, passage.output = inputs[0].detach().clone(), output.detach().clone()

        handle = module.register_forward_hook(Hook(note))
        hooks.callback(handle.remove)
        hooks.callback(module.register_forward_pre_hook(Hook(making_last(handle))).remove)
        yield passage
