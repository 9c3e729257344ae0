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
    "samples_own": ("A photograph of your folder", "您文件夹中的照片"),
    "samples_known": ("Try a picture of a class that the networks know", "试试网络认识的类别的图片"),
    "samples_foreign": ("or a picture of none of them", "或不属于这些类别的图片"),
    # model
    "model": ("Network", "网络"),
    "prediction": ("Prediction", "预测"),
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
    "kind_channel": ("channel gate: one weight per channel.", "通道门：每个通道一个权重。"),
    "kind_spatial": ("spatial gate: one weight per place.", "空间门：每个位置一个权重。"),
    "kind_strip": ("strip gate: one weight per channel and row, or per channel and column.", "条带门：每个通道的每一行或每一列一个权重。"),
    "kind_branch": (
        "branch gate: for every channel, how much of it comes from each of several parallel branches.",
        "分支门：对每个通道，来自各并行分支的比例。",
    ),
    "kind_full": ("full gate: one weight per channel and place.", "逐元素的门：每个通道的每个位置一个权重。"),
    "kind_pairwise": (
        "pairwise gate: for every place (or channel), how much it takes from every other.",
        "成对门：每个位置（或通道）从其他各处取多少。",
    ),
    "kind_added": (
        "added context: one number per channel, the same at every place, added to the features instead of multiplied.",
        "相加的上下文：每个通道一个数，各处相同，加到特征上而不是相乘。",
    ),
    "kind_geometric": (
        "geometric gate: six numbers that say which part of the picture the network turns to, and how it is turned.",
        "几何门：六个数，说明网络看向图片的哪一部分以及如何旋转。",
    ),
    "kind_other": ("{kind} gate.", "{kind}门。"),
    **{f"gate_kind_{name}": kind.words for name, kind in KINDS.items()},
    "why_fine": (
        "Shown first: the last spatial gate with at least {fine}×{fine} cells (this one has {height}×{width}).",
        "首先显示它，因为它是最后一个至少有 {fine}×{fine} 个单元格的空间门（此门为 {height}×{width}）。",
    ),
    "why_coarse": (
        "Shown first: the last spatial gate; its mask is coarser than {fine}×{fine} cells ({height}×{width}).",
        "首先显示它，因为它是最后一个空间门；它的掩码少于 {fine}×{fine} 个单元格（{height}×{width}）。",
    ),
    "why_channel": (
        "Shown first: the last channel gate; this network has no spatial gate with {fine}×{fine} cells or more.",
        "首先显示它，因为它是最后一个通道门；这个网络没有至少 {fine}×{fine} 个单元格的空间门。",
    ),
    "why_places": (
        "Shown first: the last gate with a weight per place ({kind}); this network has no spatial and no channel gate.",
        "首先显示它，因为它是最后一个逐位置的门（{kind}）；这个网络没有空间门，也没有通道门。",
    ),
    "why_last": (
        "Shown first: the last gate ({kind}); this network has no spatial and no channel gate.",
        "首先显示它，因为它是最后一个门（{kind}）；这个网络没有空间门，也没有通道门。",
    ),
    "no_values": ("This gate holds no finite number.", "这个门没有有限的数值。"),
    "branch_title": ("Branch {number}: mean weight {mean}", "分支 {number}：平均权重 {mean}"),
    "branch_alt": ("Weights of the {count} channels in branch {number}; {caption}", "分支 {number} 中 {count} 个通道的权重；{caption}"),
    "branch_note": (
        "For every channel the weights of all branches sum to 1. A branch that is near the same for every photograph "
        "chooses nothing: Compare shows it over several pictures.",
        "对每个通道，各分支的权重之和为 1。若对每张照片都几乎相同，就没有在选择：「对比」可用多张图片查看。",
    ),
    "added_alt": ("What is added to each of {count} channels; {caption}", "加到 {count} 个通道上的数；{caption}"),
    "added_note": (
        "One bar per channel, in their order: what is added to that channel at every place. Dashed: the mean.",
        "每个通道一个柱形，按通道顺序：加到该通道每个位置上的数。虚线为均值。",
    ),
    "matrix_alt": ("The {rows} by {columns} weights of {gate}; {caption}", "{gate} 的 {rows}×{columns} 个权重；{caption}"),
    "matrix_note": (
        "One row for each that asks, one column for each that is asked; rows sum to 1.",
        "每行是一个提问者，每列是一个被问者；每行之和为 1。",
    ),
    "matrix_plain": ("{rows} rows by {columns} columns, as the gate holds them.", "{rows} 行 {columns} 列，按门中的原样。"),
    "matrix_reduced": ("Shown as means of blocks: too many for one picture.", "数量太多，以分块平均显示。"),
    "theta_alt": (
        "The photograph with the grid on which the network reads it; six numbers, row by row: {caption}",
        "照片及网络读取它的网格；六个数，逐行：{caption}",
    ),
    "theta_note": (
        "The grid is where the network reads the picture: it sees the content of the grid upright and at full size. "
        "Inside a gate shows the four steps.",
        "网格是网络读取图片的位置：网格内的内容会被摆正并放大到整幅。「门的内部」展示四个步骤。",
    ),
    "keeps": ("1 keeps", "1 保留"),
    "shuts": ("0 shuts", "0 关闭"),
    "note_squeezed": (NOTES["squeezed"], "照片在交给网络之前被挤压为原比例的 {ratio} 倍。请裁出要看的部分再使用。"),
    "note_part": (NOTES["part"], "网络只看到这张照片中间的 {share}%。请裁出要看的部分再使用。"),
    "note_tiny": (NOTES["tiny"], "网络看到的是由 {width}×{height} 像素放大到 {wide}×{high} 的图像：像素太少，说明不了什么。请使用更大的照片。"),
    "note_softmax": (NOTES["softmax"], "假定：网络给出的是互斥类别的 logits（softmax）。若各类别彼此独立，请指定 scores=\"sigmoid\"。"),
    "note_unseen": (NOTES["unseen"], "假定：网络的数值按原样显示，因为看不出它们是如何得到的。若要显示概率，请指定 scores=（--scores）：softmax、sigmoid 或 probabilities。"),
    "note_number": (NOTES["number"], "假定：网络给出一个数，按原样显示。若它是“是或否”的 logit，请指定 scores=\"sigmoid\"。"),
    "note_several": (NOTES["several"], "假定：答案是 {count} 个输出中的 {name!r}。若要选用其他输出，请指定 output=（--output）：{others}。"),
    "note_averaged": (NOTES["averaged"], "网络对图像的每个位置都给出答案；此处显示整幅图像的平均。若只看一个位置，请指定 at=（纵, 横）（--at 0.5,0.5）。"),
    "note_normalisation": (NOTES["normalisation"], "假定：数值按 ImageNet 归一化（均值 0.485、0.456、0.406，标准差 0.229、0.224、0.225）。否则请指定 mean= 和 std=（--mean、--std）。"),
    "note_left_out": (NOTES["left_out"], "文件中还有 {count} 个张量不属于该网络，已略去：{keys}。"),
    "note_twelve_bits": (NOTES["twelve_bits"], "假定：16 位图像中不超过 {most} 的数值是 12 位数值，因此 4095 显示为白色。若要其他范围，请指定 window=(低, 高)（--window 0,65535）。"),
    "saw_part": ("Outlined: what the network saw; the rest is dimmed.", "线框内是网络看到的部分，其余变暗。"),
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
    "scores_hint": (
        "Click a bar to see that channel. Keyboard: arrow keys move, Enter shows.",
        "点击柱形查看该通道。键盘：方向键移动，回车显示。",
    ),
    "bars_alt": ("Channel scores; arrow keys move, Enter shows a channel", "通道分数；方向键移动，回车显示通道"),
    "channel": ("Channel", "通道"),
    "channel_title": ("Channel {channel}: score {score}, rank {rank} of {count}", "通道 {channel}：分数 {score}，第 {rank} 名，共 {count}"),
    "channel_alt": (
        "The photograph with the {height} by {width} feature map of channel {channel} laid over it; {caption}",
        "照片与通道 {channel} 的 {height}×{width} 特征图叠加；{caption}",
    ),
    "features_meaning": ("features before the gate", "进入门之前的特征"),
    # usual
    "usual_note_higher": ("higher than in {share} % of {images} validation photographs", "高于 {images} 张验证照片中的 {share} %"),
    "usual_note_lower": ("lower than in {share} % of {images} validation photographs", "低于 {images} 张验证照片中的 {share} %"),
    "usual_note_usual": ("usual ({low} to {high} in 90 % of {images} validation photographs)", "属于常见范围（{images} 张验证照片的 90 % 在 {low} 到 {high}）"),
    "usual_channel_higher": (
        "Channel {channel}: {value}, higher than in {share} % of {images} validation photographs (usual: {low} to {high}).",
        "通道 {channel}：{value}，高于 {images} 张验证照片中的 {share} %（常见范围 {low} 到 {high}）。",
    ),
    "usual_channel_lower": (
        "Channel {channel}: {value}, lower than in {share} % of {images} validation photographs (usual: {low} to {high}).",
        "通道 {channel}：{value}，低于 {images} 张验证照片中的 {share} %（常见范围 {low} 到 {high}）。",
    ),
    "usual_channel_usual": (
        "Channel {channel}: {value}, nothing unusual ({low} to {high} in 90 % of {images} validation photographs).",
        "通道 {channel}：{value}，并不特别（{images} 张验证照片的 90 % 在 {low} 到 {high}）。",
    ),
    "usual_mask_higher": (
        "Mean {value}, higher than in {share} % of {images} validation photographs (usual: {low} to {high}).",
        "均值 {value}，高于 {images} 张验证照片中的 {share} %（常见范围 {low} 到 {high}）。",
    ),
    "usual_mask_lower": (
        "Mean {value}, lower than in {share} % of {images} validation photographs (usual: {low} to {high}).",
        "均值 {value}，低于 {images} 张验证照片中的 {share} %（常见范围 {low} 到 {high}）。",
    ),
    "usual_mask_usual": (
        "Mean {value}, usual: {low} to {high} in 90 % of {images} validation photographs.",
        "均值 {value}，属于常见范围：{images} 张验证照片的 90 % 在 {low} 到 {high}。",
    ),
    "usual_count": (
        "{count} of {total} values lie outside their usual range; for a photograph like the others it would be about {chance}.",
        "{total} 个值中有 {count} 个超出常见范围；对一张普通照片约为 {chance} 个。",
    ),
    "usual_legend": ("Grey: where a channel lies for 90 % of them.", "灰色：90 % 的验证照片所在的范围。"),
    "usual_legend_median": (
        "Grey: where a channel lies for 90 % of them, with the median.",
        "灰色：90 % 的验证照片所在的范围及中位数。",
    ),
    # map
    # help
    "help_mask": ("What do the colours mean?", "这些颜色是什么意思？"),
    "help_mask_text": (
        "The network multiplies its features by this mask, place by place. Near 1 a place is kept, near 0 it is turned "
        "down. It is the network's own number, not an explanation made afterwards.|It does not say why the network "
        "chose this class: gates do not depend on the class, and a place that is turned down here can still reach the "
        "answer through the shortcut around the block.",
        "网络把特征逐位置乘以这个掩码。接近 1 表示保留，接近 0 表示压低。这是网络自己使用的数值，而不是事后的解释。"
        "|它并不说明网络为什么选择这个类别：门与类别无关；在这里被压低的位置仍可能经由残差捷径影响结果。",
    ),
    "help_pairwise": ("How do I read a pairwise gate?", "如何阅读成对门？"),
    "help_pairwise_text": (
        "The ring marks the place that asks; the colours say how much it takes from every other place. They sum to 1, "
        "so each is small, and the scale is stretched to them. Click another place, or move the ring with the arrow "
        "keys.|It shows where one place looks in one layer. It does not say what the answer depends on: other places "
        "ask too, and what is found is added to what was there.",
        "圆环标记提问的位置；颜色表示它从其他位置各取多少。总和为 1，因此每个值都很小，刻度随之拉伸。可点击其他位置或用方向键移动圆环。"
        "|它只表示某一层中一个位置看向哪里，并不说明结果取决于什么：其他位置也在提问，得到的内容再加到原有特征上。",
    ),
    "help_pooled": ("What do the colours mean?", "这些颜色是什么意思？"),
    "help_pooled_text": (
        "The network summarises the whole map in one vector, and this is how much each place counts for it. The weights "
        "sum to 1, so each is small, and the scale is stretched to them.|It is one summary for all places: no place is "
        "kept or shut, and what is found is added to the features.",
        "网络把整张图概括为一个向量，这里是每个位置所占的比重。权重之和为 1，因此每个值都很小，刻度随之拉伸。"
        "|这是对所有位置的同一个概括：没有位置被保留或关闭，得到的内容再加到特征上。",
    ),
    "help_scores": ("What do the bars mean?", "这些柱形是什么意思？"),
    "help_scores_text": (
        "The network multiplies each channel by its score. Near 1 the channel is kept, near 0 it is turned down. The "
        "picture below the bars is what the chosen channel holds just before that.|A high score does not mean that "
        "the channel matters for the answer: a channel that is kept may be almost empty, and later layers may ignore "
        "it.",
        "网络把每个通道乘以它的分数。接近 1 表示保留，接近 0 表示压低。柱形下方的图是该通道在相乘之前的内容。"
        "|分数高并不说明该通道对结果重要：被保留的通道可能几乎是空的，后面的层也可能忽略它。",
    ),
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
