"""Between which values the result of an operation must lie, by interval arithmetic.

A weight is recognised by its bounds, however they came about: ``sigmoid(z)``, ``1 / (1 + exp(-z))`` and
``logsigmoid(z).exp()`` all lie between 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Range = tuple[float, float]

ANY: Range = (-math.inf, math.inf)
POSITIVE: Range = (0.0, math.inf)
FINITE: Range = (-1e3, 1e3)
"""Bounded, nobody knows by what: after a function that is only known to be continuous."""
SHARE: Range = (0.0, 1.0)
"""Also what is taken for the range of a constant tensor: it neither gives a bound nor breaks one."""
LARGEST_WEIGHT = 10.0
"""A larger limit is there against overflow or against a division by 0: it makes no weight of a value."""


def is_finite(limits: Range) -> bool:
    """Whether there is a lower and an upper limit."""
    return math.isfinite(limits[0]) and math.isfinite(limits[1])


def is_weight(limits: Range) -> bool:
    """Whether values are shares of what they multiply: between 0 and 1, or 1 more (a residual gate)."""
    return limits[0] >= 0 and limits[1] <= 2.001


def is_share(limits: Range) -> bool:
    """Whether values lie between 0 and 1."""
    return limits[0] >= 0 and limits[1] <= 1.001


def is_shifted_share(limits: Range) -> bool:
    """Whether values lie between two numbers at most 1 apart around 0: a share less one half."""
    return -1 <= limits[0] < 0 < limits[1] and limits[1] - limits[0] <= 1.001


def union(several: Sequence[Range]) -> Range:
    """The range of values that come from any of several."""
    return min(low for low, _ in several), max(high for _, high in several)


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _softplus(value: float) -> float:
    return value if value > 30 else math.log1p(_exp(value))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _hardsigmoid(value: float) -> float:
    return min(1.0, max(0.0, value / 6 + 0.5))


INCREASING: Mapping[str, Callable[[float], float]] = {
    "exp": _exp,
    "exp2": lambda v: _exp(v * math.log(2)),
    "expm1": lambda v: _exp(v) - 1,
    "log": _log,
    "log1p": lambda v: _log(1 + v),
    "sqrt": lambda v: math.sqrt(max(0.0, v)),
    "relu": lambda v: max(0.0, v),
    "sigmoid": lambda v: 1 / (1 + _exp(-v)),
    "hardsigmoid": _hardsigmoid,
    "tanh": math.tanh,
    "erf": math.erf,
    "atan": math.atan,
    "softplus": _softplus,
    "log_sigmoid_forward": lambda v: -_softplus(-v),
    "elu": lambda v: v if v > 0 else -1.0,
    "round": lambda v: v,
    "_to_copy": lambda v: v,
    "sign": lambda v: float((v > 0) - (v < 0)),
}
"""Functions of one number that never fall; ``elu`` by its lower limit."""


def _clamp(limits: Range, args: Sequence[Any], name: str) -> Range:
    given = [v if isinstance(v, (int, float)) else None for v in (*args[1:3], None, None)][:2]
    if name == "clamp_max":
        given = [None, given[0]]
    if name == "hardtanh":
        given = [-1.0 if len(args) < 2 else given[0], 1.0 if len(args) < 3 else given[1]]
    low = -math.inf if given[0] is None else float(given[0])
    high = math.inf if given[1] is None else float(given[1])
    return min(max(limits[0], low), high), max(min(limits[1], high), low)


def _power(limits: Range, exponent: Any) -> Range:
    if not isinstance(exponent, (int, float)):
        return ANY
    if exponent < 0:
        return reciprocal(_power(limits, -exponent))
    low, high = limits
    if exponent % 2 == 1:
        return _raised(low, exponent), _raised(high, exponent)
    if exponent % 2 != 0:  # a root: of nothing below 0
        low, high = max(0.0, low), max(0.0, high)
    ends = _raised(abs(low), exponent), _raised(abs(high), exponent)
    return (0.0 if low <= 0 <= high else min(ends)), max(ends)


def _raised(value: float, exponent: float) -> float:
    try:
        return float(value**exponent)
    except OverflowError:
        return math.inf


def reciprocal(limits: Range) -> Range:
    """Of 1 over a value; no limit on the side where the value comes to 0."""
    low, high = limits
    if low >= 0:
        return (1 / high if high else math.inf), (1 / low if low else math.inf)
    if high <= 0:
        return (1 / high if high else -math.inf), 1 / low
    return ANY


def of_function(name: str, limits: Range, args: Sequence[Any]) -> Range | None:
    """Range of a function of one operand; ``None`` if nothing is known of the function."""
    if name in INCREASING:
        function = INCREASING[name]
        return function(limits[0]), function(limits[1])
    if name in ("clamp", "clamp_min", "clamp_max", "hardtanh"):
        return _clamp(limits, args, name)
    if name == "pow":
        return _power(limits, args[1])
    if name in ("reciprocal", "rsqrt"):
        return reciprocal(limits if name == "reciprocal" else _power((max(0.0, limits[0]), limits[1]), 0.5))
    if name == "neg":
        return -limits[1], -limits[0]
    if name == "abs":
        return _magnitude(limits)
    return None


def _magnitude(limits: Range) -> Range:
    ends = abs(limits[0]), abs(limits[1])
    return (0.0 if limits[0] <= 0 <= limits[1] else min(ends)), max(ends)


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def product(a: Range, b: Range) -> Range:
    """Of a product."""
    ends = [_times(x, y) for x in a for y in b]
    return min(ends), max(ends)


def _sum(a: Range, b: Range) -> Range:
    return a[0] + b[0], a[1] + b[1]


def _difference(a: Range, b: Range) -> Range:
    return a[0] - b[1], a[1] - b[0]


ARITHMETIC: Mapping[str, Callable[[Range, Range], Range]] = {
    "add": _sum,
    "sub": _difference,
    "rsub": lambda a, b: _difference(b, a),
    "mul": product,
    "div": lambda a, b: product(a, reciprocal(b)),
    "minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
}
"""Operations on two operands."""
