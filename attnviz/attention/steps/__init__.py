"""Attention modules step by step, computed from the real module and its real input: one line a type in this table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attnviz.core.registry import Registry

if TYPE_CHECKING:
    from attnviz.core.step_values import Step

STEPS: Registry[Callable[[Any, Any], list[Step]]] = Registry(
    "attention type with steps",
    (
        ("none", "attnviz.attention.steps.none:steps"),
        ("se", "attnviz.attention.steps.channel:se_steps"),
        ("cbam-channel", "attnviz.attention.steps.channel:channel_steps"),
        ("spatial", "attnviz.attention.steps.cbam:spatial_steps"),
        ("cbam", "attnviz.attention.steps.cbam:cbam_steps"),
        ("local", "attnviz.attention.steps.local:steps"),
        ("eca", "attnviz.attention.steps.channel:eca_steps"),
        ("sk", "attnviz.attention.steps.sk:steps"),
        ("gc", "attnviz.attention.steps.gc:steps"),
        ("self-attention", "attnviz.attention.steps.self_attention:steps"),
        ("danet", "attnviz.attention.steps.danet:steps"),
        ("coord", "attnviz.attention.steps.coord:steps"),
        ("simam", "attnviz.attention.steps.simam:steps"),
        ("stn", "attnviz.attention.steps.stn:steps"),
    ),
)
"""From a key of ``attnviz.attention.ATTENTION`` to a function ``(module, features) -> steps``.

``features`` are (1, C, H, W), or (1, C, D, H, W) for the types that have a form for volumes. The function uses the
module's own layers and repeats the operations between them, so that its last step equals ``module(features)``.
"""
