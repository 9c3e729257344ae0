"""ImageNet weights of torchvision, carried into a network with attention so that it starts unchanged.

A freshly added σ gate halves its features, which ruins a pretrained network. So every gate starts as a constant
(its last layer is zero), and the inverse of that constant is folded into a neighbouring layer. Where what lies
between is homogeneous (nothing, or ReLU), that is the layer before; ReLU6 and SiLU are not, so there it is the
convolution that follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError

OLD_DENSENET_KEY = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(?=[12]\.)")
"""torchvision's DenseNet files say ``norm.1`` where the module says ``norm1``."""


def imagenet_state(architecture: str) -> dict[str, Tensor]:
    """State dict of a torchvision network trained on ImageNet-1k (its first published weights).

    Raises:
        UserError: The weights are neither in torch's cache nor can they be downloaded.
    """
    import torchvision

    weights = torchvision.models.get_model_weights(architecture)["IMAGENET1K_V1"]
    try:
        state = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"the ImageNet weights of {architecture} are not in torch's cache and cannot be downloaded from "
            f"{weights.url} ({error}); connect to the internet or use pretrained=False"
        ) from error
    return {OLD_DENSENET_KEY.sub(r"\1", key): value for key, value in state.items()}


def carry(model: nn.Module, state: Mapping[str, Tensor], replaceable: Sequence[str]) -> tuple[str, ...]:
    """Copy weights into the layers of the same name and shape; attention keeps its own.

    Args:
        model: Its attention modules have ``attention`` in their path.
        state: What torchvision's plain network has.
        replaceable: Names of layers (the stem, the classifier) that stay fresh where their shape differs.

    Returns:
        Names of the parameters that stayed fresh.

    Raises:
        UserError: Any other layer differs; nothing has been copied then.
    """
    own = model.state_dict()
    fresh = []
    for key, value in own.items():
        # files from before torch 0.4.1 do not count batches
        if "attention" in key.split(".") or (key not in state and key.endswith("num_batches_tracked")):
            continue
        if key not in state or state[key].shape != value.shape:
            if key.rpartition(".")[0] not in replaceable:
                given = tuple(state[key].shape) if key in state else "nothing"
                raise UserError(f"the ImageNet weights do not fit: {key} is {tuple(value.shape)}, they have {given}")
            fresh.append(key)
    # a layer is carried whole or not at all: the bias of a classifier belongs to its weight
    layers = {key.rpartition(".")[0] for key in fresh}
    unused = sorted(key for key in state if key not in own)
    if unused:
        raise UserError(f"the ImageNet weights have {unused[0]}, which this network lacks")
    carried = {key: value for key, value in state.items() if key.rpartition(".")[0] not in layers}
    model.load_state_dict(carried, strict=False)
    return tuple(key for key in own if key.rpartition(".")[0] in layers)


def start_neutral(attention: nn.Module) -> float:
    """Make the gates of an attention module constant and return the factor that they multiply in.

    Raises:
        UserError: The type has no such start.
    """
    start = getattr(attention, "start_neutral", None)
    if start is None:
        raise UserError(
            f"{type(attention).__name__} does not say how to start without an effect (start_neutral), so a "
            "pretrained network cannot start unchanged with it; use pretrained=False"
        )
    return float(start())


@torch.no_grad()
def fold_before(attention: nn.Module, layer: nn.Module) -> None:
    """Start ``attention`` neutral and divide the layer before it (weight and bias) by the factor."""
    factor = start_neutral(attention)
    for parameter in layer.parameters():
        parameter.div_(factor)


@torch.no_grad()
def fold_after(attention: nn.Module, layer: nn.Conv2d | nn.Linear) -> None:
    """Start ``attention`` neutral and divide the weight of the layer after it by the factor; its bias stays."""
    layer.weight.div_(start_neutral(attention))


def check_known(what: str, known: bool, sizes: str) -> None:
    """Raise ``UserError`` unless torchvision has ImageNet weights for a network of this size."""
    if not known:
        raise UserError(f"ImageNet weights exist only for {what} with {sizes}; use one of these or pretrained=False")
