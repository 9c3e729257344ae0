# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts of the tab in which a visitor's own network is looked at."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "tab_own": ("Your model", "你的模型"),
    "own_intro": (
        "Name any network of timm or torchvision: its gates are found by themselves, without configuration, and shown on the photograph.",
        "输入 timm 或 torchvision 的任意网络名称：无需配置即可自动找到它的门，并显示在照片上。",
    ),
    "own_wait": ("Loading a first network …", "正在加载第一个网络……"),
    "own_name": ("Network, as timm:NAME or torchvision:NAME", "网络：timm:名称 或 torchvision:名称"),
    "own_weights": ("Weights", "权重"),
    "own_untrained": ("random", "随机"),
    "own_published": ("published, fetched", "公开权重（下载）"),
    "own_file": ("from a file", "来自文件"),
    "own_upload": ("File with the network's weights ({endings}), at most {limit} MiB", "网络权重文件（{endings}），最大 {limit} MiB"),
    "own_labels": ("Class names, if you have them: one a line, or JSON", "类别名称（可选）：每行一个，或 JSON"),
    "own_given": ("What it is given, and what it gives", "它的输入与输出"),
    "own_mean": ("Mean of each channel, for values in 0..1: 0.5, or 0.485,0.456,0.406", "各通道均值（数值在 0..1 内）：0.5，或 0.485,0.456,0.406"),
    "own_std": ("Standard deviation of each channel", "各通道标准差"),
    "own_window": ("Window of 16-bit and other raw pictures: low,high", "16 位等原始图像的窗口：低,高"),
    "own_shown": ("Channels shown as red, green, blue, counted from 0", "显示为红、绿、蓝的通道（从 0 起）"),
    "own_scores": ("Its numbers are", "它的输出是"),
    "own_scores_unsaid": ("not said", "未说明"),
    "own_scores_softmax": ("logits of one of several classes (softmax)", "互斥类别的 logits（softmax）"),
    "own_scores_sigmoid": ("logits of several at once (sigmoid)", "可同时成立的类别（sigmoid）"),
    "own_scores_probabilities": ("probabilities already", "已是概率"),
    "own_scores_logits": ("plain numbers (regression)", "普通数值（回归）"),
    "own_picture": ("A picture of other channels: TIFF of several bands, or .npy (H, W, C), at most {limit} MiB", "其他通道数的图像：多波段 TIFF，或 .npy（H, W, C），最大 {limit} MiB"),
    "own_find": ("Find the gates", "查找门"),
    "own_fetching": ("Loading {name} …", "正在加载 {name}……"),
    "own_found": (
        "{name}: {count} gates · {parameters} parameters · {macs} multiply-accumulates for one picture.",
        "{name}：{count} 个门 · {parameters} 个参数 · 每张图 {macs} 次乘加。",
    ),
    "own_example": (
        "One of this page's own networks, as an example: ask for yours on the left.",
        "这是本页自带的网络，作为示例：请在左侧指定您自己的网络。",
    ),
    "own_random": (
        "Random weights: names, kinds and shapes are right, what the gates and the prediction say means nothing.",
        "随机权重：门的名称、种类和形状是真实的，但门的数值和预测没有意义。",
    ),
    "own_numbered": (
        "It knows {count} classes; a file of weights does not say what they are called.",
        "它认识 {count} 个类别；权重文件中没有类别名称。",
    ),
    "own_list": ("Its gates", "它的门"),
    "own_col_number": ("no.", "序号"),
    "own_col_name": ("name", "名称"),
    "own_col_kind": ("kind", "种类"),
    "own_col_shape": ("shape", "形状"),
    "own_col_how": ("how it is read", "读取方式"),
    "own_how_tap": ("tap", "由门自身给出"),
    "own_how_output": ("output of ", "模块的输出："),
    "own_how_result": ("result of ", "运算的结果："),
    "own_how_operand": ("operand of ", "运算的操作数："),
    "own_how_fused": ("recomputed from query and key: fused attention ", "由查询与键重新计算：融合注意力 "),
    "own_how_in": (" in ", "，位于 "),
    "own_how_call": (", call ", "，第几次调用："),
    "own_how_model": ("the model", "整个网络"),
    "own_large": ("too large to be shown", "过大，不予显示"),
    "own_fetched": (
        "This server has fetched {limit} GiB of weights for its visitors, and fetches no more; ask for random weights, or run attnviz on your own machine",
        "此服务器已为访问者下载了 {limit} GiB 权重，不再下载；请使用随机权重，或在自己的机器上运行 attnviz",
    ),
}  # fmt: skip
