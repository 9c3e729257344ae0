"""Deletion and insertion (Petsiuk et al. 2018, RISE, arXiv 1806.07421)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from attnviz.core.checks import is_whole, whole
from attnviz.core.errors import UserError
from attnviz.core.scores import probabilities
from attnviz.core.types import Floats
from attnviz.explain.attribution.fills import fill
from attnviz.explain.attribution.leave_unchanged import borrowed, own_copy
from attnviz.explain.faithfulness.maps import check_map
from attnviz.explain.faithfulness.results import Curves
from attnviz.explain.watch import Watch

STEPS = (2, 512)
"""Fewest and most steps of a curve."""
MOST_SEED = 2**63 - 1
"""Largest seed: what torch takes, and a few more beside it."""


@dataclass(frozen=True)
class Protocol:
    """How deletion and insertion are measured: after the paper, but with other numbers.

    Its authors' code cuts 224 × 224 pixels into 224 steps and blurs with a Gaussian of σ = 5 pixels; by default there
    are 64 steps here, and σ is an eighth of the shorter side.

    Attributes:
        steps: Into how many parts of equal area the picture is cut; 2..512.
        deletion_fill: What deleted pixels become, a name of ``attnviz.explain.attribution.fills``.
        insertion_fill: What the picture is before anything is inserted.
        seed: Decides in which order pixels of equal value go; 0..2^63 - 1.
    """

    steps: int = 64
    deletion_fill: str = "zero"
    insertion_fill: str = "blur"
    seed: int = 0

    def __post_init__(self) -> None:
        whole("steps", self.steps, *STEPS)
        whole("seed", self.seed, 0, MOST_SEED)


def order(values: npt.ArrayLike, seed: int) -> npt.NDArray[np.int64]:
    """Place of every pixel, (H, W), 0 for the largest value; equal values are shuffled.

    Without the shuffle a flat map would begin at the top left, and could look faithful by that.
    """
    checked = check_map(values)
    sequence = np.lexsort((np.random.default_rng(seed).random(checked.size), -checked.ravel()))
    places = np.empty(checked.size, dtype=np.int64)
    places[sequence] = np.arange(checked.size)
    return places.reshape(checked.shape)


def curves(
    model: nn.Module,
    x: Tensor,
    target: int,
    maps: Sequence[npt.ArrayLike],
    protocol: Protocol | None = None,
    *,
    black: Tensor | None = None,
    scores: str = "softmax",
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    budget_s: float | None = None,
) -> list[Curves]:
    """How the probability of a class falls and rises while pixels go and come, most highlighted ones first.

    All steps of a curve but its two ends, which all maps share, are one batch.

    Args:
        model: (N, C, H, W) -> logits (N, K); it is left as it was.
        x: (1, C, H, W), normalised as the model wants it.
        target: Class, 0..K-1.
        maps: (H, W) each, any scale: only the order of the pixels counts.
        protocol: How it is measured.
        black: (C,), what black pixels are after normalisation; needed for the fill ``black``.
        scores: How logits become probabilities, a name of ``attnviz.core.scores.SCORES``.
        progress: Called with the share that is done, 0..1.
        cancelled: Asked before every pass; ``True`` ends the computation.
        budget_s: Seconds after which no further pass begins.

    Raises:
        UserError: An argument is outside its limits, or the budget is spent.
        Cancelled: ``cancelled`` said so.
    """
    how = protocol or Protocol()
    image = own_copy(x)
    size = tuple(image.shape[2:])
    places = [order(values, how.seed) for values in maps]
    for place in places:
        if place.shape != size:
            raise UserError(f"a map must have the size of the input {size}, got {place.shape}; upsample it")
    steps = min(how.steps, image[0, 0].numel())
    counts = np.round(np.linspace(0, image[0, 0].numel(), steps + 1)).astype(np.int64)
    empty = [fill(image, name, black) for name in (how.deletion_fill, how.insertion_fill)]
    total, measured = 3 + 2 * (steps - 1) * len(places), []
    with borrowed(model) as (_, forward), torch.inference_mode():
        watch = Watch("the measurement", forward, progress, cancelled, budget_s, total)
        ends = _probability(watch(torch.cat((image, *empty))), target, scores)
        for place in places:
            gone = torch.from_numpy(place[None] < counts[1:-1, None, None])[:, None].to(image.device)
            down = _probability(watch(torch.where(gone, empty[0], image)), target, scores)
            up = _probability(watch(torch.where(gone, image, empty[1])), target, scores)
            deletion = np.concatenate((ends[:1], down, ends[1:2]))
            insertion = np.concatenate((ends[2:], up, ends[:1]))
            measured.append(Curves((counts / counts[-1]).astype(np.float32), deletion, insertion))
    watch.finish()
    return measured


def _probability(logits: Tensor, target: int, scores: str) -> Floats:
    """(N, K) -> (N,), the probability of one class."""
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise UserError(f"the model must give one score for every class, (N, K), got {shape}")
    if not is_whole(target, 0, logits.shape[1] - 1):
        raise UserError(f"target must be a class in 0..{logits.shape[1] - 1}, got {target!r}")
    return probabilities(logits.float().cpu().numpy(), scores)[:, int(target)]
