"""What the report and the figures of an audit say beside the numbers, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attnviz.core.checks import choice

LANGUAGES = ("en", "zh")
WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "title": ("Does the attention of {name} do anything?", "{name} 的注意力起作用吗？"),
        "short": ("In short", "结论"),
        "together": ("All gates replaced at once", "同时替换所有门"),
        "together_text": (
            "The same {tested} photographs with every gate replaced by something else. Points of {measure}; "
            "whiskers are "
            "95 % intervals over photographs.",
            "同样的 {tested} 张照片，所有门都被替换。单位：{measure}的百分点；须线为对照片的 95 % 区间。",
        ),
        "accuracy_measure": ("accuracy", "准确率"),
        "kept_measure": ("answers that stay the same", "保持不变的回答"),
        "replaced_by": ("gates replaced by", "替换为"),
        "change": ("change", "变化"),
        "interval": ("95 % interval", "95 % 区间"),
        "lost_won": ("lost / won", "失去 / 赢得"),
        "p": ("p", "p"),
        "logit": ("true logit", "真类 logit"),
        "own_logit": ("logit of its own answer", "自身回答的 logit"),
        "gates": ("Gate by gate", "逐个门"),
        "gates_text": (
            "Each gate replaced alone, from the first layer to the last. The more gates, the more of these "
            "intervals miss "
            "by chance: one in twenty.",
            "从第一层到最后一层，每个门单独替换。门越多，偶然偏离的区间也越多：二十分之一。",
        ),
        "own": ("own gates put back", "放回自己的门"),
        "mean": ("mean over the data", "数据集均值"),
        "class_mean": ("mean of the own class", "本类均值"),
        "other_class_mean": ("mean of another class", "别类均值"),
        "same_class": ("another photograph, same class", "同类另一张照片"),
        "other_class": ("another photograph, other class", "别类照片"),
        "other": ("another photograph", "另一张照片"),
        "neutral": ("gates that do nothing", "中性门"),
        "points_alone": ("change of accuracy, points", "准确率变化（百分点）"),
        "points_together": (
            "change of accuracy, points, all gates replaced",
            "同时替换所有门后的准确率变化（百分点）",
        ),
        "kept_alone": ("change of answers that stay the same, points", "保持不变的回答的变化（百分点）"),
        "kept_together": (
            "change of answers that stay the same, points, all gates replaced",
            "同时替换所有门后保持不变的回答的变化（百分点）",
        ),
        "points": ("change, points", "变化（百分点）"),
        "variation_title": ("What varies", "什么在变化"),
        "variation_text": (
            "A gate's weights differ between its elements (a constant has that too), between classes, and between "
            "photographs of one class. Only the last two answer to the photograph.",
            "门的权重在元素之间（常数也有）、类别之间和同类照片之间不同。只有后两者与照片有关。",
        ),
        "between_elements": ("between elements", "元素之间"),
        "between_classes": ("between classes", "类别之间"),
        "within_classes": ("between photographs", "照片之间"),
        "variance_share": ("share of variance, %", "方差占比（%）"),
        "mean_gate": ("mean gate of each class", "各类平均门"),
        "classes_title": ("Classes", "类别"),
        "classes_text": (
            "Mean gate of every class through depth. Where the lines part, the gate knows the class.",
            "各类平均门随深度的变化。线分开之处，门知道类别。",
        ),
        "gain_title": ("Which way it acts", "作用方向"),
        "gain_text": (
            "Correlation of a channel's weight with that channel's own mean feature before the gate, over photographs: "
            "left, the gate turns down what is strong; right, it turns it up. A dot is a channel; thick: quartiles.",
            "通道权重与该通道门前平均特征的相关系数：左边压低强的，右边放大强的。点为通道，粗线为四分位。",
        ),
        "gain_axis": ("r of weight and own feature", "权重与自身特征的 r"),
        "knock_title": ("Is an open channel an important one?", "开得大的通道重要吗？"),
        "knock_text": (
            "So many channels of every channel gate set to 0, chosen anew for each photograph (at most half of "
            "a gate).",
            "每个通道门中若干通道置 0，对每张照片分别选取（至多一半）。",
        ),
        "gate": ("most open", "最开的"),
        "gate_low": ("least open", "最闭的"),
        "product": ("largest gate × |feature|", "门 × |特征| 最大"),
        "product_low": ("smallest gate × |feature|", "门 × |特征| 最小"),
        "random": ("at random (mean of 5)", "随机（5 次平均）"),
        "knocked_out": ("channels knocked out of every gate", "每个门敲除的通道数"),
        "photographs": ("Photographs that open a channel most and least", "最能与最不能打开通道的照片"),
        "photographs_text": (
            "Of each channel gate the channel that differs most between classes (or photographs).",
            "每个通道门中类别（或照片）间差异最大的通道。",
        ),
        "one_channel": ("channel no.", "通道"),
        "view_text": (
            "{count} photographs can be opened here: press one above, or one of the most unusual below. What each gate "
            "says of it is in this file ({size} MB of it), and nothing is fetched.",
            "可在此打开 {count} 张照片：点按上方的照片或下方最不寻常的照片。"
            "各门的数据都在本文件内（占 {size} MB），不联网。",
        ),
        "view_needs_script": (
            "The view is drawn by the script in this file; allow it to run.",
            "视图由本文件中的脚本绘制；请允许其运行。",
        ),
        "most": ("most open", "最开"),
        "least": ("least open", "最闭"),
        "unusual": ("The most unusual photographs", "最不寻常的照片"),
        "unusual_text": (
            "How far their gates lie from the mean over the data, in standard deviations; 1 is ordinary.",
            "门离数据集均值的距离（标准差）；1 为普通。",
        ),
        "objects": ("Masks on objects", "掩码与物体"),
        "objects_text": (
            "Share of a mask's energy on the object over the object's share of the area (1: an even mask), and "
            "how often "
            "the largest weight lies on the object; beside it a map of the centre and a random one.",
            "掩码在物体上的能量占比除以物体面积占比（均匀掩码为 1），以及最大权重落在物体上的比例；"
            "旁边是中心图和随机图。",
        ),
        "energy": ("energy", "能量"),
        "energy_over_area": (
            "share of energy on the object over its share of the area",
            "物体能量占比除以面积占比",
        ),
        "masks": ("masks", "掩码"),
        "pointing": ("pointing", "指向"),
        "centre": ("centre", "中心"),
        "random_map": ("random", "随机"),
        "network": ("The network itself", "网络本身"),
        "confidence": ("mean confidence, %", "平均置信度（%）"),
        "accuracy": ("accuracy, %", "准确率（%）"),
        "calibration_error": ("expected calibration error", "期望校准误差"),
        "class": ("class", "类别"),
        "images": ("photographs", "照片"),
        "right": ("right", "正确"),
        "left_out": ("Left out", "略去的"),
        "method": ("How it was measured", "如何测量"),
        "method_text": (
            "Gates of other photographs are clean: recorded in a pass of their own without edits, from a pool "
            "of {donors} "
            "photographs. Photographs of the tests, donors, random channels and the bootstrap's weights are "
            "decided by a "
            "hash of the path, so that a second audit gives the same numbers. Intervals: percentile bootstrap over "
            "photographs, Poisson weights; where no answer changed one way, they reach to three in N. p: "
            "McNemar's exact "
            "test. A replacement costs nothing that matters where its interval lies above −1 point; it costs where the "
            "interval lies below 0; else the question is open. The donors are a sample too; that spread is not in the "
            "intervals.",
            "别的照片的门是干净的：来自 {donors} 张照片各自未编辑的前向。"
            "测试照片、供体、随机通道和自助法权重由路径的哈希决定，"
            "因此再次审计得到同样的数字。区间：对照片的百分位自助法（泊松权重）；若某方向没有回答改变，则延至 "
            "N 分之三。"
            "p：McNemar 精确检验。区间高于 −1 个百分点视为没有要紧损失；低于 0 视为有损失；否则尚无定论。"
            "供体也是抽样，其差异不在区间内。",
        ),
        "provenance": ("Provenance", "来源"),
        "data_line": (
            "{photographs} photographs, {tested} of them tested",
            "{photographs} 张照片，其中测试 {tested} 张",
        ),
        "accuracy_line": ("accuracy {top1} % {ends}", "准确率 {top1} % {ends}"),
        "gates_line": ("{gates} gates", "{gates} 个门"),
        "comparison": ("Networks on the same photographs", "同样照片上的网络"),
        "comparison_text": (
            "Accuracy, and its change in points with all gates replaced at once. Of one network intervals are over "
            "photographs, of several seeds (their number in brackets) t intervals over seeds; p: Welch, against the "
            "first.",
            "准确率，以及同时替换所有门后的变化（百分点）。单个网络的区间对照片；"
            "多个种子（括号内为个数）为对种子的 t 区间；"
            "p：与第一行的 Welch 检验。",
        ),
        "comparison_text_kept": (
            "Change in points of answers that stay the same, with all gates replaced at once. Of one network intervals "
            "are over photographs, of several seeds (their number in brackets) t intervals over seeds; p: Welch, "
            "against the first.",
            "同时替换所有门后保持不变的回答的变化（百分点）。单个网络的区间对照片；"
            "多个种子（括号内为个数）为对种子的 t 区间；"
            "p：与第一行的 Welch 检验。",
        ),
        "numbers": ("numbers", "数字"),
    }
)
"""English and Chinese by key; values are put in by name."""


def word(key: str, language: str = "en") -> str:
    """A word or a sentence of ``WORDS``; an unknown language raises ``UserError``."""
    choice("language", language, LANGUAGES)
    return WORDS[key][LANGUAGES.index(language)]
