"""Attributions: pictures of what a prediction rests on, computed by Captum; one file a method."""

from __future__ import annotations

from attnviz.explain.attribution.compute import attribute
from attnviz.explain.attribution.table import ATTRIBUTIONS

__all__ = ["ATTRIBUTIONS", "attribute"]
