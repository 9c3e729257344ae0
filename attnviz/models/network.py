"""A network that is ready to be asked, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.model_card import ModelCard
from attnviz.core.notes import Note
from attnviz.core.types import Bytes, PreparedImage
from attnviz.images.noise_channels import append_noise
from attnviz.images.prepare import network_input
from attnviz.models.spec import ModelSpec, input_shape, placed

if TYPE_CHECKING:
    from attnviz.models.checkpoints import Card


@final
@dataclass(frozen=True, eq=False)
class Network:
    """A network that is ready to be asked; ``attnviz.load`` and ``attnviz.wrap`` give one, and everything takes one.

    Attributes:
        name: Id of the checkpoint, or the name the model was asked for by.
        module: From inputs (N, C, H, W) to logits (N, K), without gradients where it was loaded; a module that was
            wrapped stays where and as it is, inside a module that takes its answer out where that is needed.
        spec: What it wants to be given.
        labels: K class names in the order of the logits.
        checkpoint: The card, where it is a checkpoint of attnviz.
        source: For other models: the library, its version and which weights these are.
        transform: Makes the input, (C, H, W), of what the network sees, (H, W, 3) uint8, where ``spec.input`` does not
            say how; only for somebody's own network.
        scores: How logits become probabilities, a name of ``attnviz.core.scores.SCORES``.
        assumed: What nobody has said about it and is assumed.
        places: From inputs to logits at every place, (N, K, H, W), where it answers everywhere (segmentation): what
            ``module`` takes the mean of, or one place. It shares the weights.
    """

    name: str
    module: nn.Module = field(repr=False)
    spec: ModelSpec = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)
    checkpoint: Card | None = field(default=None, repr=False)
    source: Mapping[str, Any] = field(default_factory=dict, repr=False)
    transform: Callable[[Bytes], Tensor] | None = field(default=None, repr=False)
    scores: str = "softmax"
    assumed: tuple[Note, ...] = ()
    places: nn.Module | None = field(default=None, repr=False)

    @property
    def card(self) -> Card:
        """The card of a checkpoint; ``UserError`` for a model that is none."""
        if self.checkpoint is None:
            raise UserError(f"{self.name} is no checkpoint of attnviz and has no card")
        return self.checkpoint

    @property
    def input(self) -> InputSpec:
        """What it wants to be given."""
        return self.spec.input

    @property
    def meaning(self) -> ModelCard:
        """Everything that is settled about what it is given and what its numbers say."""
        given = self.spec.input
        values = {key: getattr(given, key) for key in ("size", "mean", "std", "interpolation", "fit", "crop_fraction")}
        return ModelCard(
            **values, window=given.window, shown=given.shown, labels=self.labels, scores=self.scores, name=self.name
        )

    def example(self) -> Tensor:
        """An empty input, (1, C, H, W), where the network is: zeros, or what its own transform makes of grey."""
        device, dtype = placed(self.module)
        given = self.spec.input
        if self.transform is not None:
            return self.transform(np.full((*given.size, 3), 127, np.uint8))[None].to(device, dtype)
        return torch.zeros(input_shape(self.spec), device=device, dtype=dtype)

    def given(self, image: PreparedImage) -> Tensor:
        """What it is given of a prepared image: (1, C, H, W) on its device and in its type, with its noise.

        Raises:
            UserError: The image has another number of channels than the network takes.
        """
        device, dtype = placed(self.module)
        if self.transform is not None:
            return self.transform(image.network)[None].to(device, dtype)
        x = torch.from_numpy(network_input(image, self.spec.input))[None].to(device, dtype)
        return x if self.spec.input.noise is None else append_noise(x, self.spec.input.noise)[0]
