"""The methods: one file each, one line in this table."""

from __future__ import annotations

from attnviz.core.registry import Registry
from attnviz.explain.attribution.method import Method

ATTRIBUTIONS: Registry[Method] = Registry(
    "attribution method",
    (
        ("grad-cam", "attnviz.explain.attribution.grad_cam:METHOD"),
        ("integrated-gradients", "attnviz.explain.attribution.integrated_gradients:METHOD"),
        ("occlusion", "attnviz.explain.attribution.occlusion:METHOD"),
        ("gradient-x-input", "attnviz.explain.attribution.gradient_x_input:METHOD"),
        ("layer-activation", "attnviz.explain.attribution.layer_activation:METHOD"),
    ),
)
"""Every entry is a ``Method``; the app lists them in this order."""
