"""Train and eval mode of a network that is somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from torch import nn


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into eval mode and every module of it back into its own mode afterwards.

    What a module's own ``train`` does besides is undone by it too: LoRA adds its weights to others in eval mode.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        if any(training for _, training in modes):  # mostly none: each assignment goes through torch's own
            with suppress(NotImplementedError):  # torch.export: what eval mode changes was settled when it was exported
                model.eval()
        yield
    finally:
        for module, training in modes:  # parents first: they take their children along, whose own mode comes after
            if module.training != training:
                with suppress(NotImplementedError):
                    module.train(training)
        for module, training in modes:  # a train of its own may have left other modules in another mode than they had
            if module.training != training:
                module.training = training
