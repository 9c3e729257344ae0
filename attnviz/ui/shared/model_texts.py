# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts about networks: what they are called, and what is said of published ones and of somebody's own."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "knows_any": ("It knows {count} classes.", "它认识 {count} 个类别。"),
    "knows_imagenet": ("It knows {count} classes (ImageNet).", "它认识 {count} 个类别（ImageNet）。"),
    "contents": ("Here is what it has: {parts}.", "它由以下部分组成：{parts}。"),
    "fetch_first": (
        "The network {title} must be fetched first: choose it in the list.",
        "网络 {title} 需要先下载：请在列表中选择它。",
    ),
    # phrases of which titles of networks are made
    "data_squashed": (", squashed to ", "，压缩至 "),
    "data_digits": ("MNIST's test digits, distorted", "MNIST 测试数字，经扭曲"),
    "network_order": ("noise in random order", "随机顺序的噪声"),
    "network_soft": ("soft noise", "柔和噪声"),
    "network_noise": ("noise", "噪声"),
    "network_gate": ("channel attention", "通道注意力"),
    "network_cbam_channel": ("CBAM's channel attention", "CBAM 的通道注意力"),
    "network_cbam_spatial": ("CBAM's spatial attention", "CBAM 的空间注意力"),
    "network_coordinate": ("Coordinate attention", "坐标注意力"),
    "network_local": ("Local attention", "局部注意力"),
    "network_self": ("Self-attention", "自注意力"),
    "network_none": ("No attention", "无注意力"),
    "network_moved": ("Spatial transformer", "空间变换网络"),
    "network_pool": ("Attention pooling", "注意力池化"),
    "network_branch": ("Attention branch", "注意力分支"),
    "network_context": ("Global context", "全局上下文"),
    "network_kernels": ("Selective kernels", "选择性卷积核"),
    "network_as_many": ("as many parameters without a gate", "同样多的参数但没有门"),
    "network_even": ("even start", "均匀起点"),
    "network_decay": ("no weight decay", "无权重衰减"),
    "network_last": (" on the last map", "（作用于最后的特征图）"),
    "network_compact": ("compact ResNet", "紧凑型 ResNet"),
    "network_small": ("small CNN", "小型 CNN"),
    "network_quarter": ("quarter width", "四分之一宽度"),
    "network_digits": ("digits", "手写数字"),
    "network_epochs": (" epochs", " 轮"),
    "network_pixels": (" px", " 像素"),
    "network_comma": (", ", "，"),
    "fetching": ("Fetching the weights of {title} …", "正在下载 {title} 的权重……"),
}  # fmt: skip
