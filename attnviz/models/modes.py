"""Train and eval mode of a network that is somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from torch import nn


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into eval mode and every module of it back into its own mode afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        if any(training for _, training in modes):  # mostly none: each assignment goes through torch's own
            with suppress(NotImplementedError):  # torch.export: what eval mode changes was settled when it was exported
                model.eval()
        yield
    finally:
        for module, training in modes:
            if module.training != training:
                module.training = training
