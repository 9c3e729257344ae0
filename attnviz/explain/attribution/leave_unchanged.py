"""Leaving a model as it was: modes, requires_grad, hooks, and tensors that were made for inference only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call

from attnviz.core.errors import UserError
from attnviz.gates.session import force_eager, lease, unwrapped


def own_copy(x: Tensor) -> Tensor:
    """A copy of an input that autograd may record, whatever mode ``x`` was made in.

    Raises:
        UserError: ``x`` is not (1, C, H, W) in floating point.
    """
    if not isinstance(x, Tensor) or x.ndim != 4 or x.shape[0] != 1 or not x.is_floating_point():
        given = f"{tuple(x.shape)} {x.dtype}" if isinstance(x, Tensor) else type(x).__name__
        raise UserError(f"the input must be one image, (1, C, H, W) in floating point, got {given}")
    with torch.inference_mode(False):
        return x.detach().clone()


@contextmanager
def borrowed(model: nn.Module) -> Iterator[tuple[nn.Module, Callable[[Tensor], Tensor]]]:
    """A model in eval mode with gradients enabled; afterwards everything about it is as it was.

    Args:
        model: The model, compiled or not.

    Yields:
        The module without its compiler, and a function that runs it on a copy of its argument: a network that
        works in place would otherwise change the input, and fail on a leaf that needs a gradient.

    Raises:
        UserError: Another thread has hooks on the model.
    """
    inner = unwrapped(model)
    modes = {m: m.training for m in inner.modules()}
    tensors: list[Tensor] = [*inner.parameters(), *inner.buffers()]
    flags = [t.requires_grad for t in tensors]
    with ExitStack() as stack:
        stack.enter_context(lease(inner))
        stack.enter_context(force_eager())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        try:
            for module in modes:
                module.training = False
            for parameter in inner.parameters():
                parameter.requires_grad_(False)  # only gradients of activations are wanted
            yield inner, _runner(inner)
        finally:
            for module, training in modes.items():
                module.training = training
            for tensor, flag in zip(tensors, flags, strict=True):
                if tensor.requires_grad != flag:
                    tensor.requires_grad_(flag)


def _runner(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """Run a model on a copy of its input; tensors made under ``inference_mode`` are replaced by copies meanwhile.

    Autograd refuses to save such tensors for the backward pass.
    """
    named = dict(model.named_parameters()) | dict(model.named_buffers())
    inference = {name: t.clone() for name, t in named.items() if t.is_inference()}
    if not inference:
        return lambda x: model(x.clone())
    return lambda x: functional_call(model, inference, (x.clone(),))
