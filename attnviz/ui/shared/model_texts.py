# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts about models that are no checkpoints: published ones, and somebody's own."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "knows_any": ("It knows {count} classes.", "它认识 {count} 个类别。"),
    "knows_imagenet": ("It knows {count} classes (ImageNet).", "它认识 {count} 个类别（ImageNet）。"),
    "contents": ("Here is what it has: {parts}.", "它由以下部分组成：{parts}。"),
    "fetch_first": (
        "The network {title} must be fetched first: choose it in the list.",
        "网络 {title} 需要先下载：请在列表中选择它。",
    ),
    "fetching": ("Fetching the weights of {title} …", "正在下载 {title} 的权重……"),
}  # fmt: skip
