"""What a network answers to images in memory, while it is trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attnviz.core.input_spec import InputSpec
from attnviz.training.data import ImageSet, prepare_batch

EVAL_BATCH = 64


@torch.inference_mode()
def evaluate(model: nn.Module, images: ImageSet, spec: InputSpec, device: torch.device) -> Tensor:
    """Predicted classes of all images, (N,) int64, in float32 and eval mode."""
    was_training = model.training
    model.eval()
    try:
        chunks = [
            model(prepare_batch(images.images[i : i + EVAL_BATCH].to(device), spec, first=i)).argmax(1).cpu()
            for i in range(0, len(images), EVAL_BATCH)
        ]
    finally:
        model.train(was_training)
    return torch.cat(chunks)
