# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts of the tour."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "tour_label": ("Tour", "导览"),
    "tour_number": ("Tour · {number} of {count}", "导览 · 第 {number} 幕，共 {count} 幕"),
    "tour_back": ("Back", "上一幕"),
    "tour_next": ("Next", "下一幕"),
    "tour_end": ("End", "结束"),
    "tour_channel": ("A channel that finds the ball", "找到球的通道"),
    "tour_channel_text": (
        "On the photograph lies where channel {channel} lights up: it is the ball, and hardly anything else. The marked bar is its gate: the number by which the network multiplies this channel before it goes on. The network computes it anew for every photograph. It does not say how well a channel finds the ball: here it is low.",
        "照片上显示的是通道 {channel} 亮起的位置：它在球上亮起，其他地方几乎没有。被标记的柱形是它的门：网络在继续之前用这个数乘以该通道，并为每张照片重新计算。它并不表示通道找球找得多准：这里它很低。",
    ),
    "tour_mask": ("A gate for places keeps the grass", "一个针对位置的门保留了草地"),
    "tour_mask_text": (
        "This gate has one weight for every place instead of one for every channel. Bright places are kept, dark ones are turned down: it keeps the grass, and yet the answer is right. What it shuts goes around it, through the shortcut of its block. It is the network's own number, not an explanation made afterwards.",
        "这个门不是每个通道一个权重，而是每个位置一个权重。亮处保留，暗处压低：它保留了草地，答案却仍然正确。被它关闭的内容会从旁路（残差连接）绕过它。这是网络自己使用的数值，而不是事后的解释。",
    ),
    "tour_pool": ("A mask that has to find the ball", "必须找到球的掩码"),
    "tour_pool_text": (
        "Another network, trained on the same photographs: it has no way around its mask. Every place has a share, the shares sum to 1, and the answer is read from what they let through. So the mask lies on the ball. Nobody told it where the ball is.",
        "另一个网络，用同样的照片训练：它没有绕过掩码的路。每个位置有一份权重，总和为 1，答案就从通过的内容中读出。因此掩码落在球上。没有人告诉它球在哪里。",
    ),
    "tour_knock_out": ("Does the channel matter?", "这个通道重要吗？"),
    "tour_knock_out_text": (
        "Here channel {channel}, whose weight was low, is shut: its weight is 0. Look at the line with the two numbers: the answer hardly moves. A channel that lights up on the object need not be what the answer rests on; others do the same work.",
        "这里关闭了本来权重就低的通道 {channel}：权重为 0。看写着两个数的那一行：答案几乎不变。在物体上亮起的通道不一定是答案的依据；其他通道也在做同样的事。",
    ),
    "tour_average": ("Does this gate choose anything?", "这个门真的在选择吗？"),
    "tour_average_text": (
        "Now the gate says to this photograph what it says to photographs on average: it no longer looks at the picture. If the answer stays right, what this gate chose for this photograph was not needed. One photograph proves nothing; the audit asks it of a thousand.",
        "现在，这个门对这张照片给出的是它对许多照片的平均值：它不再看图片。如果答案仍然正确，说明它为这张照片做的选择并不必要。一张照片不能证明什么；审计会对一千张照片提出这个问题。",
    ),
    "tour_compare": ("All gates side by side", "所有门并排"),
    "tour_compare_text": (
        "The gates of one network from the first layer to the last, on one scale. Early masks are fine, late ones coarse; some gates say nearly the same to every channel.",
        "一个网络从第一层到最后一层的门，使用同一刻度。前面的掩码精细，后面的粗糙；有些门对每个通道几乎给出同样的值。",
    ),
    "tour_noise": ("A gate that must choose", "必须做出选择的门"),
    "tour_noise_text": (
        "Three channels of pure noise stand beside red, green and blue. Nobody told the gate which are which. Watch the bars: the noise is shut out. Move a noise channel with the arrows and see whether the gate follows.",
        "三个纯噪声通道与红、绿、蓝并列，没有人告诉门哪些是噪声。看柱形：噪声被关闭。用箭头移动噪声通道，看看门是否跟随。",
    ),
    "tour_grown": ("How a gate grew", "门是怎样长成的"),
    "tour_grown_text": (
        "Press Play: what one gate said to the same picture from before the training to its end.",
        "点击「播放」：从训练之前到训练结束，同一个门对同一张图片给出的值。",
    ),
    "tour_sum": ("What you have seen", "你看到了什么"),
    "tour_sum_text": (
        "A gate is what a network multiplies its own features by. It may light up on the object and not matter, or shut the object out and the answer be right. So ask three things: what does it say (Explore), does the answer change without it (Intervene), and would a constant do as well? The last is asked here, of a thousand validation photographs. Now take your own photograph, or your own network in the last tab.",
        "门是网络用来乘自己特征的数。它可能在物体上亮起却并不重要，也可能关闭物体而答案仍然正确。所以要问三件事：它给出什么值（探索），没有它答案会不会变（干预），用一个常数是否同样可以？最后一个问题在这里对一千张验证照片提出。现在试试你自己的照片，或在最后一个标签页中使用你自己的网络。",
    ),
}  # fmt: skip
