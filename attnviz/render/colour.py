"""The one colour and scale policy: every picture of a gate or a feature map gets its colours here.

Gates are sigmoids, so they are drawn on a fixed 0-1 scale and two pictures can always be compared; their
minimum, mean and maximum are printed beside. Stretching a scale to the values is a choice, and the label says
so. Features have any range: they get a scale of their own, from 0 when none is negative, else symmetric about 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt

from attnviz.core.checks import choice, is_number
from attnviz.core.colour_maps import CMAP, CMAPS
from attnviz.core.errors import UserError, nearest
from attnviz.core.numbers import number as plain_number
from attnviz.core.types import Bytes, Floats

DIVERGING = frozenset({"RdBu_r", "PuOr_r"})
NOT_FINITE = (0.5, 0.5, 0.5)
"""Colour of values that are not a number."""

_LABELS = {"fixed": "fixed", "stretch": "stretched", "sequential": "features", "diverging": "features"}


@dataclass(frozen=True)
class Scale:
    """The values that the two ends of a colour map or an axis stand for.

    Attributes:
        low: Value at the lower end, finite.
        high: Value at the upper end, finite and above ``low``.
        mode: ``"fixed"``, ``"stretch"``, or for features ``"sequential"`` or ``"diverging"``.
    """

    low: float
    high: float
    mode: str = "fixed"

    def __post_init__(self) -> None:
        choice("kind of scale", self.mode, _LABELS)
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise UserError(f"a scale needs finite low < high, got {self.low} and {self.high}")

    @property
    def label(self) -> str:
        """The scale in words: ``"0–1 (fixed)"``, ``"0.31–0.77 (stretched)"``, ``"±3.2 (features)"``."""
        if self.mode == "diverging":
            return f"±{number(self.high, self.high - self.low)} (features)"
        low, high = self.ends
        # "0.10–0.90" reads as a range, "-1.2–0.5" does not
        between = " to " if self.low < 0 else "–"
        return f"{low}{between}{high} ({_LABELS[self.mode]})"

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends as short text, with as many decimals as their distance needs."""
        span = self.high - self.low
        low, high = (number(v, span) if v != int(v) else str(int(v)) for v in (self.low, self.high))
        return low, high

    def unit(self, values: npt.ArrayLike) -> Floats:
        """Where values lie on the scale: any shape -> float32 in [0, 1], clipped; NaN stays NaN."""
        with np.errstate(over="ignore", invalid="ignore"):
            unit = np.asarray(values, dtype=np.float32) - np.float32(self.low)
            unit *= np.float32(1 / (self.high - self.low))
        return np.clip(unit, 0, 1)


GATE_SCALE = Scale(0.0, 1.0, "fixed")


def number(value: float, span: float = 1.0) -> str:
    """A value with the decimals that tell apart values ``span`` away from each other, two at least."""
    if abs(value) >= 1e4:
        return f"{value:.3g}"
    decimals = 2 if span <= 0 else min(max(2, 1 + math.ceil(-math.log10(span))), 6)
    return plain_number(value, decimals)


def array(values: Any, ndim: int | None, what: str) -> Floats:
    """Check what is to be drawn: real numbers with ``ndim`` axes, not empty, at least one finite -> float32.

    Raises:
        UserError: It is something else; the text names ``what``.
    """
    given = np.asarray(values)
    if given.dtype.kind not in "fiub":
        raise UserError(f"{what} must be an array of real numbers, got {given.dtype}")
    if ndim is not None and given.ndim != ndim:
        raise UserError(f"{what} must have {ndim} axes, got shape {given.shape}")
    if given.size == 0:
        raise UserError(f"{what} is empty: its shape is {given.shape}")
    with np.errstate(over="ignore"):
        real = given.astype(np.float32)
    if not np.isfinite(real).any():
        raise UserError(f"{what} holds no finite number (all {real.size} are NaN or infinite)")
    return real


def fraction(value: float, what: str) -> float:
    """Check a number in [0, 1]; ``UserError`` naming ``what`` otherwise."""
    if not is_number(value, 0, 1):
        raise UserError(f"{what} must be in 0..1, got {value!r}")
    return float(value)


def _finite(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    real = array(values, None, "values")
    return real[np.isfinite(real)].astype(np.float64)


def _fixed(values: npt.ArrayLike) -> Scale:
    return GATE_SCALE


def _stretch(values: npt.ArrayLike) -> Scale:
    finite = _finite(values)
    low, high = float(finite.min()), float(finite.max())
    step = max(abs(low), abs(high), 1.0)
    # differences of rounding size are no structure: a constant gets the middle colour, not noise
    if high - low < 1e-6 * step:
        low, high = low - 5e-4 * step, high + 5e-4 * step
    return Scale(low, high, "stretch")


def _features(values: npt.ArrayLike) -> Scale:
    finite = _finite(values)
    largest = float(np.abs(finite).max()) or 1.0
    negative = bool(finite.min() < 0)
    return Scale(-largest if negative else 0.0, largest, "diverging" if negative else "sequential")


MODES: Mapping[str, Callable[[npt.ArrayLike], Scale]] = {"fixed": _fixed, "stretch": _stretch, "features": _features}
"""Ways to choose a scale."""


def scale_for(values: npt.ArrayLike, mode: str = "fixed") -> Scale:
    """The scale on which to draw values of any shape.

    Args:
        values: At least one finite number.
        mode: ``"fixed"``: 0..1 whatever the values are; ``"stretch"``: their minimum..maximum;
            ``"features"``: 0..maximum, or -m..m with m the largest magnitude when some are negative.

    Raises:
        UserError: No finite value, or an unknown mode.
    """
    choice("scale", mode, MODES)
    return MODES[mode](array(values, None, "values"))


def shared_scale(arrays: Sequence[npt.ArrayLike], mode: str = "fixed") -> Scale:
    """One scale for pictures that stand side by side, from all their values; errors as ``scale_for``."""
    if not len(arrays):
        raise UserError("a shared scale needs at least one array, got none")
    return scale_for(np.concatenate([np.ravel(np.asarray(a)) for a in arrays]), mode)


def as_scale(values: npt.ArrayLike, scale: Scale | str) -> Scale:
    """A ``Scale`` as it is; the name of a mode applied to the values."""
    return scale if isinstance(scale, Scale) else scale_for(values, scale)


def caption(values: npt.ArrayLike, scale: Scale, *, spread: bool = False) -> str:
    """``"min 0.31 · mean 0.48 · max 0.77 · scale 0–1 (fixed)"``, and what the colours cannot show.

    Args:
        values: Any shape, at least one finite number.
        scale: The scale they are drawn on.
        spread: Whether to add the standard deviation after the mean.
    """
    finite = _finite(values)
    low, high = float(finite.min()), float(finite.max())
    parts = [f"min {number(low, high - low)}", f"mean {number(float(finite.mean()), high - low)}"]
    if spread:
        parts.append(f"sd {number(float(finite.std()), min(high - low, 1.0))}")
    parts += [f"max {number(high, high - low)}", f"scale {scale.label}"]
    slack = 1e-6 * (scale.high - scale.low)
    outside = int(((finite < scale.low - slack) | (finite > scale.high + slack)).sum())
    if outside:
        parts.append(f"{outside} of {np.size(values)} outside the scale")
    if finite.size < np.size(values):
        parts.append(f"{np.size(values) - finite.size} not finite")
    return " · ".join(parts)


def cmap_for(scale: Scale, cmap: str | None) -> str:
    """The colour map's name, checked; ``None`` picks ``CMAP``, or ``RdBu_r`` for a diverging scale."""
    if cmap is None:
        return "RdBu_r" if scale.mode == "diverging" else CMAP
    if not isinstance(cmap, str) or cmap not in CMAPS:
        raise UserError(f"unknown colour map {cmap!r}; {nearest(cmap, CMAPS)}")
    return cmap


@lru_cache(maxsize=32)
def table(cmap: str) -> Floats:
    """The 256 colours of a map and, as row 256, the colour of NaN: (257, 3) float32 in [0, 1], read-only."""
    cmap_for(GATE_SCALE, cmap)
    colours = matplotlib.colormaps[cmap](np.arange(256))[:, :3]
    rows = np.concatenate([colours, [NOT_FINITE]]).astype(np.float32)
    rows.setflags(write=False)
    return rows


def bins(unit: Floats) -> npt.NDArray[np.int32]:
    """Rows of a colour table for positions in [0, 1]: bin k covers [k/256, (k+1)/256); NaN is row 256."""
    missing = np.isnan(unit)
    if missing.any():
        unit = np.where(missing, np.float32(0), unit)
    rows = (unit * np.float32(256)).astype(np.int32)
    np.minimum(rows, 255, out=rows)
    rows[missing] = 256
    return rows


def to_bytes(rgb: Floats) -> Bytes:
    """The last step: float32 in [0, 1], any shape -> uint8, rounded to the nearest."""
    return (rgb * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def colourise(values: npt.ArrayLike, scale: Scale | str = "fixed", cmap: str | None = CMAP) -> Bytes:
    """Colours of a map of values: (H, W) any float -> (H, W, 3) uint8; NaN becomes mid-grey.

    Args:
        values: (H, W), at least one finite number; what lies outside the scale gets the colour of its end.
        scale: A ``Scale``, or the name of a mode applied to these values.
        cmap: A key of ``CMAPS``; ``None`` for the usual one of the scale.

    Raises:
        UserError: Not two axes, nothing finite, or an unknown scale or colour map.
    """
    plane = array(values, 2, "values")
    scale = as_scale(plane, scale)
    return np.take(to_bytes(table(cmap_for(scale, cmap))), bins(scale.unit(plane)), axis=0)
