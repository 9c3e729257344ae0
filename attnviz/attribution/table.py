"""The methods: one file each, one line in this table."""

from __future__ import annotations

from attnviz.attribution.method import Method
from attnviz.core.registry import Registry

ATTRIBUTIONS: Registry[Method] = Registry(
    "attribution method",
    (
        ("grad-cam", "attnviz.attribution.grad_cam:METHOD"),
        ("integrated-gradients", "attnviz.attribution.integrated_gradients:METHOD"),
        ("occlusion", "attnviz.attribution.occlusion:METHOD"),
        ("gradient-x-input", "attnviz.attribution.gradient_x_input:METHOD"),
        ("layer-activation", "attnviz.attribution.layer_activation:METHOD"),
    ),
)
"""Every entry is a ``Method``; the app lists them in this order."""
