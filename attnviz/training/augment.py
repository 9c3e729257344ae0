"""Augmentation of whole batches on the device they are trained on."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from attnviz.core.colour_maps import LUMA
from attnviz.training.recipe_fields import AugmentPart


def _uniform(low: float, high: float, count: int, generator: Generator) -> Tensor:
    device = generator.device
    return torch.empty(count, device=device).uniform_(low, high, generator=generator)


def _taps(start: Tensor, extent: Tensor, pixels: int, size: int, fine: int) -> Tensor:
    """How much every pixel of an axis weighs in every pixel of a crop of it.

    Args:
        start: (N,) where the crops begin, as a share of the axis.
        extent: (N,) how far they reach, as a share of the axis; a mirrored crop begins at its far end.
        pixels: Of the axis.
        size: Of the crop.
        fine: Bilinear samples whose mean is one pixel of the crop.

    Returns:
        (N, size, pixels) float, rows that sum to 1.
    """
    centres = torch.arange(0.5, size * fine, device=start.device) / (size * fine)
    at = ((start[:, None] + extent[:, None] * centres) * pixels - 0.5).clamp(0, pixels - 1)
    weights = 1 - (at[..., None] - torch.arange(pixels, device=at.device)).abs_()
    return weights.clamp_(min=0).view(len(at), size, fine, pixels).mean(2)


def random_crops(images: Tensor, size: int, part: AugmentPart, generator: Generator) -> Tensor:
    """Random resized crops and mirror images of a batch (Szegedy et al. 2015, arXiv 1409.4842).

    Args:
        images: (N, 3, S, S) uint8.
        size: Side of the result in pixels.
        part: Ranges.
        generator: On the device of ``images``.

    Returns:
        (N, 3, size, size) float32 in [0, 255].
    """
    count, channels, pixels = images.shape[:3]
    area = _uniform(part.min_area, part.max_area, count, generator)
    ratio = _uniform(-math.log(part.aspect), math.log(part.aspect), count, generator).exp().sqrt()
    width = (area.sqrt() * ratio).clamp(max=1)
    height = (area.sqrt() / ratio).clamp(max=1)
    left = torch.rand(count, device=images.device, generator=generator) * (1 - width)
    top = torch.rand(count, device=images.device, generator=generator) * (1 - height)
    if part.flip:
        mirror = torch.rand(count, device=images.device, generator=generator) < 0.5
        left, width = torch.where(mirror, left + width, left), torch.where(mirror, -width, width)
    # A bilinear sample looks at 2×2 pixels only: where the crop is shrunk, sample finer and average,
    # else the training images are aliased and the photographs that people upload are not.
    fine = max(1, math.ceil(pixels * math.sqrt(part.max_area) / size - 1e-6))
    # An upright crop is a matrix for its columns and one for its rows: a third of the time of a sampled grid on a CPU.
    columns = _taps(left, width, pixels, size, fine).mT.contiguous()
    rows = _taps(top, height, pixels, size, fine)
    narrow = torch.bmm(images.float().view(count, channels * pixels, pixels), columns)
    narrow = narrow.view(count, channels, pixels, size).transpose(1, 2).reshape(count, pixels, channels * size)
    return torch.bmm(rows, narrow).view(count, size, channels, size).transpose(1, 2)


def jitter_colour(images: Tensor, strength: float, generator: Generator) -> Tensor:
    """Change brightness, contrast and saturation of every image by factors in 1 ± strength.

    (N, 3, H, W) float in [0, 255] -> the same.
    """
    if strength == 0:
        return images
    factors = [_uniform(1 - strength, 1 + strength, len(images), generator).view(-1, 1, 1, 1) for _ in range(3)]
    images = images * factors[0]
    grey = (images * torch.tensor(LUMA, device=images.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    images = grey + (images - grey) * factors[2]
    middle = grey.mean((2, 3), keepdim=True)
    return (middle + (images - middle) * factors[1]).clamp(0, 255)


def cutmix(images: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Put a rectangle of another image of the batch into every image (Yun et al. 2019, arXiv 1905.04899).

    Args:
        images: (N, 3, H, W).
        targets: (N, K) probabilities.
        generator: On the device of ``images``.

    Returns:
        Images, and targets mixed by the share of area that each image kept.
    """
    height, width = images.shape[-2:]
    draws = torch.rand(3, device=images.device, generator=generator).tolist()
    side = math.sqrt(draws[0])
    rows, columns = int(height * side), int(width * side)
    top, left = int(draws[1] * (height - rows + 1)), int(draws[2] * (width - columns + 1))
    mixed = images.clone()
    mixed[:, :, top : top + rows, left : left + columns] = images.flip(0)[:, :, top : top + rows, left : left + columns]
    share = rows * columns / (height * width)
    return mixed, targets * (1 - share) + targets.flip(0) * share


def mixup(images: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Blend every image with another one of the batch, in a share from U(0, 1) (Zhang et al. 2018, arXiv 1710.09412).

    Args:
        images: (N, 3, H, W) float.
        targets: (N, K) probabilities.
        generator: On the device of ``images``.

    Returns:
        Images and targets, blended alike.
    """
    share = torch.rand(1, device=images.device, generator=generator)
    return images.lerp(images.flip(0), share), targets.lerp(targets.flip(0), share)


def augment(
    images: Tensor, targets: Tensor, size: int, part: AugmentPart, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Everything the recipe asks for.

    Args:
        images: (N, 3, S, S) uint8.
        targets: (N, K) probabilities.
        size: Side of the result in pixels.
        part: What is asked for.
        generator: On the device of ``images``; the only source of chance.

    Returns:
        (N, 3, size, size) float32 in [0, 255] and (N, K) probabilities.
    """
    crops = jitter_colour(random_crops(images, size, part, generator), part.colour, generator)
    if part.cutmix or part.mixup:
        draw = float(torch.rand(1, device=images.device, generator=generator))
        if draw < part.cutmix:
            return cutmix(crops, targets, generator)
        if draw < part.cutmix + part.mixup:
            return mixup(crops, targets, generator)
    return crops, targets
