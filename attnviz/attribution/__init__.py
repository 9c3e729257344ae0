"""Attributions: pictures of what a prediction rests on, computed by Captum; one file a method."""

from __future__ import annotations

from attnviz.attribution.run import attribute
from attnviz.attribution.table import ATTRIBUTIONS

__all__ = ["ATTRIBUTIONS", "attribute"]
