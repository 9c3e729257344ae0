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
        ("none", "attnviz.steps.none:steps"),
        ("se", "attnviz.steps.channel:se_steps"),
        ("cbam-channel", "attnviz.steps.channel:channel_steps"),
        ("spatial", "attnviz.steps.cbam:spatial_steps"),
        ("cbam", "attnviz.steps.cbam:cbam_steps"),
        ("local", "attnviz.steps.local:steps"),
        ("eca", "attnviz.steps.channel:eca_steps"),
        ("sk", "attnviz.steps.sk:steps"),
        ("gc", "attnviz.steps.gc:steps"),
        ("self-attention", "attnviz.steps.self_attention:steps"),
        ("danet", "attnviz.steps.danet:steps"),
        ("coord", "attnviz.steps.coord:steps"),
        ("simam", "attnviz.steps.simam:steps"),
        ("stn", "attnviz.steps.stn:steps"),
    ),
)
"""From a key of ``attnviz.attention.ATTENTION`` to a function ``(module, features) -> steps``.

``features`` are (1, C, H, W), or (1, C, D, H, W) for the types that have a form for volumes. The function uses the
module's own layers and repeats the operations between them, so that its last step equals ``module(features)``.
"""
