"""Arrays in a JSON document: base64 of little-endian numbers, with their type and shape."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from attnviz.core.types import Floats

TYPES: Mapping[str, str] = {"f4": "<f4", "f2": "<f2"}
"""Names of types: float32 for scores, whose order float16 may change; float16 for maps."""


def pack(values: Floats, kind: str) -> dict[str, Any]:
    """An array of any shape as ``{"type", "shape", "data"}``; what float16 cannot hold becomes its largest number."""
    array = np.asarray(values, dtype=np.float32)
    if kind == "f2":
        largest = float(np.finfo(np.float16).max)
        array = np.clip(array, -largest, largest)  # NaN stays
    data = np.ascontiguousarray(array.astype(TYPES[kind]))
    return {"type": kind, "shape": list(data.shape), "data": base64.b64encode(data.tobytes()).decode()}
