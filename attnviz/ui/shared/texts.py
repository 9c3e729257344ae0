# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts of the page and of Explore, which other tabs may use."""

from __future__ import annotations

from attnviz.core.kinds import KINDS
from attnviz.core.notes import NOTES

TEXTS: dict[str, tuple[str, str]] = {
    # page
    "title": ("attnviz: see the attention inside a network", "attnviz：看见网络内部的注意力"),
    "tagline": (
        "See which channels and which places a network's attention gates keep.",
        "看看网络的注意力门保留了哪些通道、哪些位置。",
    ),
    "language": ("Language", "语言"),
    "language_name": ("English", "中文"),
    "tab_explore": ("Explore", "探索"),
    # photograph
    "photograph": ("Photograph", "照片"),
    "photo_label": ("Upload, paste or take a photograph", "上传、粘贴或拍摄一张照片"),
    "no_answer": (
        "{name} gives no answer that is shown (scores none): its gates are in Explore, and there is nothing to compare or change",
        "{name} 没有可显示的答案（scores none）：它的门在“探索”页中，没有可比较或改变的内容",
    ),
    "bands": ("Channels shown as red, green, blue (from 0); Enter", "显示为红、绿、蓝的通道（从 0 起），按回车"),
    "other_photo": ("{name} takes other pictures (channels: {channels}) than the one that was shown; here is one that it takes.", "{name} 需要另一种图像（通道数：{channels}），与刚才显示的不同；此处显示一张适合它的图像。"),
    "samples_own": ("A photograph of your folder", "您文件夹中的照片"),
    "samples_known": ("Try a picture of a class that the networks know", "试试网络认识的类别的图片"),
    "samples_foreign": ("or a picture of none of them", "或不属于这些类别的图片"),
    # model
    "model": ("Network", "网络"),
    "prediction": ("Prediction", "预测"),
    "sure_foreign": (
        "Shown photographs of none of them, it is {confidence} % sure on average all the same.",
        "看到不属于这些类别的照片时，它平均仍有 {confidence} % 的把握。",
    ),
    "knows": (
        "It knows {count} classes: anything else is forced into one of them.",
        "它只认识 {count} 个类别：其他任何东西都会被归入其中之一。",
    ),
    "accuracy": (
        "Right for {top1} % of {total} validation images.",
        "在 {total} 张验证图像上的正确率为 {top1} %。",
    ),
    "accuracy_only": ("Right for {top1} % of its validation images.", "验证正确率为 {top1} %。"),
    "prediction_alt": ("The five most probable classes", "概率最高的五个类别"),
    "no_models": (
        "There is no checkpoint in {folder}; train one with `attnviz train` or set ATTNVIZ_CHECKPOINTS",
        "{folder} 中没有检查点；请用 `attnviz train` 训练，或设置 ATTNVIZ_CHECKPOINTS",
    ),
    # gates
    "gates": ("All gates, first layer to last", "全部门：从第一层到最后一层"),
    "gate": ("Gate", "门"),
    "gate_choice": ("{number} · {name} · {kind} · {shape}", "{number} · {name} · {kind} · {shape}"),
    "tile": ("Gate {number}: {name}, {kind} {shape}, mean {mean}", "门 {number}：{name}，{kind} {shape}，均值 {mean}"),
    "no_gates": (
        "This network has no attention gates: there is nothing to show but its prediction.",
        "这个网络没有注意力门，只能显示预测。",
    ),
    **{f"gate_kind_{name}": kind.words for name, kind in KINDS.items()},
    "keeps": ("1 keeps", "1 保留"),
    "shuts": ("0 shuts", "0 关闭"),
    "adds_nothing": ("0 adds nothing", "0 不增加"),
    "adds_again": ("1 adds as much again", "1 再加一倍"),
    "note_unlike": (NOTES["unlike"], "这张照片看起来与网络学习过的照片不同：它的答案可能没有意义。网络认识的类别的照片，每 100 张中也有 {known} 张会被这样判断；其他类别的照片，每 100 张中有 {caught} 张。"),
    "note_unlike_enlarged": (NOTES["unlike_enlarged"], "这张照片看起来与网络学习过的照片不同：它的答案可能没有意义。网络认识的类别的照片，每 100 张中也有 {known} 张会被这样判断；其他类别的小照片放大后，每 100 张中有 {caught} 张；而认识的类别的照片缩到同样小，每 100 张中也有 {blurred} 张：模糊也是判断的一部分。"),
    "note_squeezed": (NOTES["squeezed"], "照片在交给网络之前被挤压为原比例的 {ratio} 倍。请裁出要看的部分再使用。"),
    "note_part": (NOTES["part"], "网络只看到这张照片中间的 {share}%。请裁出要看的部分再使用。"),
    "note_tiny": (NOTES["tiny"], "网络看到的是由 {width}×{height} 像素放大到 {wide}×{high} 的图像：像素太少，说明不了什么。请使用更大的照片。"),
    "note_softmax": (NOTES["softmax"], "假定：网络给出的是互斥类别的 logits（softmax）。若各类别彼此独立，请指定 scores=\"sigmoid\"。"),
    "scores_softmax": ("If classes exclude each other (softmax)", "若各类别互斥（softmax）"),
    "scores_sigmoid": ("If each class is a yes or no of its own (sigmoid)", "若各类别彼此独立（sigmoid）"),
    "note_unseen": (NOTES["unseen"], "假定：网络的数值按原样显示，因为看不出它们是如何得到的。若要显示概率，请指定 scores=（--scores）：softmax、sigmoid 或 probabilities。"),
    "note_number": (NOTES["number"], "假定：网络给出一个数，按原样显示。若它是“是或否”的 logit，请指定 scores=\"sigmoid\"。"),
    "note_several": (NOTES["several"], "假定：答案是 {count} 个输出中的 {name!r}。若要选用其他输出，请指定 output=（--output）：{others}。"),
    "note_averaged": (NOTES["averaged"], "网络对图像的每个位置都给出答案；此处显示整幅图像的平均。若只看一个位置，请指定 at=（纵, 横）（--at 0.5,0.5）。"),
    "note_normalisation": (NOTES["normalisation"], "假定：数值按 ImageNet 归一化（均值 0.485、0.456、0.406，标准差 0.229、0.224、0.225）。否则请指定 mean= 和 std=（--mean、--std）。"),
    "note_left_out": (NOTES["left_out"], "文件中还有 {count} 个张量不属于该网络，已略去：{keys}。"),
    "note_read": (NOTES["read"], "读取自 {file}：{fields}。可用选项另行指定。"),
    "note_window": (NOTES["window"], "该图像的数值（{least} 至 {most}）在窗口 {low} 至 {high} 之外或位于其边缘：网络看到的几乎是单一颜色。请给出适合这类图像的窗口：window=(低, 高)（--window 低,高）。"),
    "note_twelve_bits": (NOTES["twelve_bits"], "假定：16 位图像中不超过 {most} 的数值是 12 位数值，因此 4095 显示为白色。若要其他范围，请指定 window=(低, 高)（--window 0,65535）。"),
    "mask_alt": (
        "The photograph with the {height} by {width} mask of {gate} laid over it; {caption}",
        "照片与 {gate} 的 {height}×{width} 掩码叠加；{caption}",
    ),
    "readout": ("Point at the picture to read a cell", "将指针移到图上可读取单元格的值"),
    # controls
    "opacity": ("Opacity", "不透明度"),
    "cmap": ("Colours", "配色"),
    "scale": ("Scale", "刻度"),
    "cells": ("Cells", "单元格"),
    "cells_nearest": ("exact", "原样"),
    "cells_bilinear": ("smooth", "平滑"),
    "order": ("Order of the bars", "柱形顺序"),
    "order_index": ("by channel", "按通道"),
    "order_sorted": ("highest first", "从高到低"),
    # channels
    "channel": ("Channel", "通道"),
    # usual
    # map
    # help
    "help_strip": ("Click a tile to see it large. How to read the tiles", "点击小图可放大。如何阅读这些小图"),
    "help_strip_text": (
        "Each tile is one gate on a fixed scale from 0 to 1, so tiles can be compared. Bars are the scores of a channel "
        "gate from highest to lowest, pictures are the mask of a spatial gate. A flat profile or an even "
        "colour means that the gate treats all channels or places alike.|A tile says nothing about how much the gate "
        "matters: turning it off may change nothing.",
        "每个小图是一个门，统一使用 0 到 1 的刻度，因此可以互相比较。柱形是通道门的分数（从高到低），图片是空间门的掩码。轮廓平坦或颜色均匀，说明该门对所有通道或位置一视同仁。"
        "|小图并不说明这个门有多重要：关掉它也许什么都不会改变。",
    ),
    # take away
    "take": ("Take it with you", "带走结果"),
    "export": ("Download pictures and numbers", "下载图片和数据"),
    "export_kind": ("Pictures as", "图片格式"),
    "dpi": ("Pixels per inch", "每英寸像素"),
    "preparing": ("Drawing the files …", "正在绘制文件……"),
    "files": ("Files", "文件"),
    "link": ("Link to this view", "此视图的链接"),
    "link_note": ("Your own photograph is not part of the link.", "链接不包含你自己的照片。"),
    # messages
    "other_view": (
        "This was asked of the photograph or network that was shown before. Ask again.",
        "这是对之前显示的照片或网络提出的问题，请重新询问。",
    ),
    "gone": (
        "The analysis of this page was let go, after an hour without a click or because many others came: "
        "reload the page",
        "该页面的分析结果已释放（一小时没有操作，或访问者过多）：请刷新页面",
    ),
    "uploads_address": (
        "Too much was uploaded from your address within an hour: please try again later",
        "您的地址一小时内上传过多：请稍后再试",
    ),
    "uploads_full": (
        "There is no room for uploads now: please try again later; the samples still work",
        "目前没有空间接收上传：请稍后再试；示例图片仍可使用",
    ),
    "disk_full": (
        "The server's disk takes no files now, so nothing can be uploaded or downloaded; the samples still work",
        "服务器磁盘目前无法写入文件，因此无法上传或下载；示例图片仍可使用",
    ),
    "upload_shape": (
        "This upload is not as the page sends it: a form with one file",
        "该上传的格式不正确：应为包含一个文件的表单",
    ),
    "lost_photo": (
        "The photograph is no longer kept here: send it again",
        "照片已不再保存，请重新上传",
    ),
    "link_model": ("network", "网络"),
    "link_sample": ("sample", "示例"),
    "link_gate": ("gate", "门"),
    "link_channel": ("channel", "通道"),
    "link_unknown": ("The link's {what} “{value}” is not known; it was left out.", "链接中的{what}“{value}”未知，已忽略。"),
    "no_channel": ("{gate} has no channel scores; choose a channel gate", "{gate} 没有通道分数，请选择通道门"),
    "no_place": ("{gate} has no places that ask; choose a pairwise gate", "{gate} 没有提问的位置，请选择成对门"),
    "not_whole": ("{what} must be a whole number in {low}..{high}, got {given}", "{what}必须是 {low}..{high} 的整数，收到 {given}"),
    "not_number": ("{what} must be a number in {low:g}..{high:g}, got {given}", "{what}必须在 {low:g}..{high:g} 之间，收到 {given}"),
    "busy": (
        "Many people are asking at once, and your last click was not taken: try it again in a moment",
        "现在使用的人太多，刚才的操作未被接受：请稍后再试",
    ),
    "crash": (
        "Something went wrong on our side; nothing of yours is lost. Try again, or another photograph",
        "我们这边出错了，你的内容没有丢失。请重试或换一张照片",
    ),
    "error": ("That did not work", "没有成功"),
}  # fmt: skip
