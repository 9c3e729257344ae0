"""What networks with channels of noise answer, and what the gate on their input says to each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from attnviz.analysis.searched import sites_of
from attnviz.core.input_spec import NoiseSpec
from attnviz.core.sites import GateSite
from attnviz.gates.capture import capture
from attnviz.images.noise_channels import OPEN, append_noise, input_gate
from attnviz.models.network import Network
from attnviz.training.data import ImageSet, normalise_batch

BATCH = 250


@dataclass(frozen=True, eq=False)
class Answer:
    """One network's answer to many pictures.

    Attributes:
        right: (N,) bool, whether it names the class.
        scores: (N, C) float32, the gate's weight of each channel by position; ``None`` without a gate on the input.
        order: (N, C) int64, which channel stands at which position; 0, 1, 2 are R, G, B.
    """

    right: Tensor
    scores: Tensor | None
    order: Tensor

    @property
    def accuracy(self) -> float:
        """Top-1 in percent."""
        return round(100 * float(self.right.float().mean()), 2)

    def by_content(self) -> list[float]:
        """Mean score of R, G, B and each noise channel, wherever they stand."""
        scores = torch.as_tensor(self.scores)
        return [float(v) for v in scores.gather(1, self.order.argsort(1)).double().mean(0)]

    def opened(self) -> dict[str, float]:
        """What the gate lets in of each image, wherever it stands; medians and means over images.

        Returns:
            ``weakest_ratio`` and ``best_ratio``: the weakest and the best colour over the strongest noise channel,
            medians; ``colours`` and ``noise``: how many of each have a score of at least one half, means.
        """
        content = torch.as_tensor(self.scores).gather(1, self.order.argsort(1)).double()
        colours, noise = content[:, :3], content[:, 3:]
        strongest = noise.amax(1).clamp(min=1e-30)
        return {
            "weakest_ratio": float((colours.amin(1) / strongest).median()),
            "best_ratio": float((colours.amax(1) / strongest).median()),
            "colours": float((colours >= OPEN).sum(1).double().mean()),
            "noise": float((noise >= OPEN).sum(1).double().mean()),
        }

    def by_position(self) -> list[float]:
        """Mean score of each position, whatever stands there."""
        return [float(v) for v in torch.as_tensor(self.scores).double().mean(0)]


@dataclass(frozen=True)
class Probed:
    """A network and the channel gate on its input, where it has one."""

    loaded: Network
    gate: GateSite | None


def probe(loaded: Network) -> Probed:
    """Look for the channel gate on the input of a network that takes noise."""
    return Probed(loaded, input_gate(sites_of(loaded), loaded.example().shape))


def ask_as_trained(
    networks: Sequence[Probed], images: ImageSet, chosen: Sequence[int], noise: NoiseSpec
) -> list[Answer]:
    """``ask``, with the channels in random orders for those networks that were trained so: no other they ever saw."""
    answers: dict[int, Answer] = {}
    for permute in (False, True):
        mine = [i for i, n in enumerate(networks) if _permuted(n) == permute]
        if mine:
            mine_answers = ask([networks[i] for i in mine], images, chosen, replace(noise, permute=permute))
            answers.update(zip(mine, mine_answers, strict=True))
    return [answers[i] for i in range(len(networks))]


def _permuted(network: Probed) -> bool:
    trained = network.loaded.spec.input.noise
    return trained is not None and trained.permute


def ask(networks: Sequence[Probed], images: ImageSet, chosen: Sequence[int], noise: NoiseSpec) -> list[Answer]:
    """Give all networks the same pictures with the same noise.

    Args:
        networks: All take 3 + C channels of one size, normalised alike.
        images: A split.
        chosen: Numbers of the images; the i-th gets the noise of ``noise.seed`` and number i.
        noise: Which noise, and where. What ``other-image`` puts in is the image before it in ``chosen``.
    """
    spec = networks[0].loaded.spec.input
    pixels, targets = images.images[list(chosen)], images.targets[list(chosen)]
    orders: list[Tensor] = []
    right: list[list[Tensor]] = [[] for _ in networks]
    scores: list[list[Tensor]] = [[] for _ in networks]
    for start in range(0, len(chosen), BATCH):
        part = torch.arange(start, min(start + BATCH, len(chosen)))
        x, other = (normalise_batch(pixels[i], spec.mean, spec.std) for i in (part, part - 1))
        both, order = append_noise(x, noise, first=start, other=other)
        orders.append(order)
        for i, network in enumerate(networks):
            classes, weights = _pass(network, both)
            right[i].append(classes == targets[part])
            scores[i] += [] if weights is None else [weights]
    order = torch.cat(orders)
    return [
        Answer(torch.cat(mine), torch.cat(weights) if weights else None, order)
        for mine, weights in zip(right, scores, strict=True)
    ]


@torch.inference_mode()
def _pass(network: Probed, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """Predicted classes (N,) and the gate's scores (N, C)."""
    module, gate = network.loaded.module, network.gate
    x = x.to(next(module.parameters()).device)
    if gate is None:
        return module(x).argmax(1).cpu(), None
    with capture(module, [gate]) as tape:
        classes = module(x).argmax(1).cpu()
    return classes, tape[gate.name].values.float().cpu().reshape(len(x), -1)


def moments(images: ImageSet, chosen: Sequence[int], loaded: Network) -> dict[str, Any]:
    """All that a channel gate on the input reads of some pictures: mean and maximum of R, G and B, normalised."""
    x = normalise_batch(images.images[list(chosen)], loaded.spec.input.mean, loaded.spec.input.std)
    rounded = {
        key: [[round(float(v), 5) for v in row] for row in m]
        for key, m in (("mean", x.mean((2, 3))), ("max", x.amax((2, 3))))
    }
    return {"indices": list(chosen), **rounded}
