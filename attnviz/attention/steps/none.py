"""No attention: what comes in goes out."""

from __future__ import annotations

from torch import Tensor

from attnviz.attention.none import NoAttention
from attnviz.attention.steps.parts import axes_of, features, step
from attnviz.core.step_values import Step


def steps(module: NoAttention, x: Tensor) -> list[Step]:
    """``y = x``."""
    return [features(x), step("unchanged", "y = x", module(x), axes_of(x), "maps", worked="{features} = {here}")]
