"""What the numbers of an audit mean, in sentences made by the rules that stand here, in English and Chinese.

A replacement *costs nothing that matters* where its 95 % interval lies above −``MARGIN`` points of accuracy, it *costs*
where the interval lies below 0, and else it is *open*: more photographs would tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attnviz.core.numbers import number, signed

MARGIN = 1.0
"""Points of accuracy (or of answers kept) that do not matter."""
STRONG = 0.3
"""From which |r| on a channel is said to follow its own strength, and a gate by its median to act one way."""
STILL = 1e-4
"""Share of a gate's variance that lies between photographs, below which it is called constant."""
Pair = tuple[str, str]
Values = Mapping[str, Any]

TEXTS: Mapping[str, Pair] = {
    "constant": ("It never moves: the same weights for every photograph.", "它从不变化：对每张照片权重都一样。"),
    "would_do": (
        "A constant would do: {change} points {ends} with its mean over the data.",
        "用常数就够了：换成数据集均值后变化 {change} 个百分点 {ends}。",
    ),
    "would_not_do": (
        "A constant would not do: {change} points {ends} with its mean over the data.",
        "常数不够：换成数据集均值后变化 {change} 个百分点 {ends}。",
    ),
    "constant_open": (
        "Whether a constant would do is open: {change} points {ends} with its mean over the data.",
        "常数是否够用尚无定论：换成数据集均值后变化 {change} 个百分点 {ends}。",
    ),
    "follows": (
        "The image is followed: {change} points {ends} with the weights of another photograph{of}.",
        "跟随图像：换成{of}另一张照片的权重后变化 {change} 个百分点 {ends}。",
    ),
    "follows_nothing": (
        "Nothing in the photograph that matters is followed: {change} points {ends} with the weights of another "
        "photograph{of}.",
        "没有跟随照片中任何要紧的内容：换成{of}另一张照片的权重后变化 {change} 个百分点 {ends}。",
    ),
    "follows_open": (
        "Whether the image is followed is open: {change} points {ends} with the weights of another photograph{of}.",
        "是否跟随图像尚无定论：换成{of}另一张照片的权重后变化 {change} 个百分点 {ends}。",
    ),
    "turns_down": (
        "It turns down what is strong (median r = {r} of a channel's weight with its own mean feature).",
        "它压低强的通道（通道权重与自身平均特征的相关系数中位数 r = {r}）。",
    ),
    "turns_up": (
        "It turns up what is strong (median r = {r} of a channel's weight with its own mean feature).",
        "它放大强的通道（通道权重与自身平均特征的相关系数中位数 r = {r}）。",
    ),
    "turns_neither": (
        "It neither turns strong channels down nor up (median r = {r}).",
        "它既不压低也不放大强的通道（相关系数中位数 r = {r}）。",
    ),
    "variation": (
        "Of its variance, {elements} % lies between its elements, which a constant has too, {classes} % between "
        "classes and {within} % between photographs of a class.",
        "它的方差中 {elements} % 在元素之间（常数也有），{classes} % 在类别之间，{within} % 在同类照片之间。",
    ),
    "variation_unlabelled": (
        "Of its variance, {elements} % lies between its elements, which a constant has too, and {within} % between "
        "photographs.",
        "它的方差中 {elements} % 在元素之间（常数也有），{within} % 在照片之间。",
    ),
    "together": ("All gates together: {text}", "所有门一起：{text}"),
    "together_some": (
        "{replaced} of {gates} gates together, the others being too large to be replaced: {text}",
        "{gates} 个门中的 {replaced} 个一起（其余太大，未作替换）：{text}",
    ),
    "own_differs": (
        "Its own gates put back change {changed} % of the answers, which they must not: distrust this audit.",
        "放回自己的门改变了 {changed} % 的回答，这不应发生：请勿相信本次审计。",
    ),
    "open_matters": (
        "An open channel is an important one: knocking out {most} of each gate costs {cost} points {ends} more "
        "than {least}.",
        "开得大的通道更重要：每个门敲除最开的 {k} 个通道比最闭的 {k} 个多损失 {cost} 个百分点 {ends}。",
    ),
    "open_matters_less": (
        "An open channel is the less important one: knocking out {least} of each gate costs {cost} points {ends} "
        "more than {most}.",
        "开得大的通道反而不重要：每个门敲除最闭的 {k} 个通道比最开的 {k} 个多损失 {cost} 个百分点 {ends}。",
    ),
    "open_matters_not": (
        "Whether a channel is open says nothing sure about its importance: knocking out {most} of each gate costs "
        "{cost} points {ends} more than {least}.",
        "通道开得大小不能说明其重要性：每个门敲除最开的 {k} 个通道比最闭的 {k} 个多损失 {cost} 个百分点 {ends}。",
    ),
    "masks_on": (
        "The masks lie on the objects: {gates} of {of} gates hold more of their energy there than an even mask and a "
        "centre map.",
        "掩码落在物体上：{of} 个门中有 {gates} 个在物体上的能量高于均匀掩码和中心图。",
    ),
    "masks_off": (
        "The masks do not lie on the objects more than a centre map does ({gates} of {of} gates do).",
        "掩码落在物体上的程度不高于中心图（{of} 个门中有 {gates} 个高于）。",
    ),
}
"""English and Chinese by key; numbers are put in by name."""


def written(key: str, **values: Any) -> dict[str, str]:
    """A sentence in both languages; a value that is a pair differs between them."""
    english, chinese = TEXTS[key]
    first = {name: value[0] if isinstance(value, tuple) else value for name, value in values.items()}
    second = {name: value[1] if isinstance(value, tuple) else value for name, value in values.items()}
    return {"rule": key, "en": english.format(**first), "zh": chinese.format(**second)}


def verdict(effect: Values) -> str:
    """``costs``, ``free`` or ``open``, by the interval of a change of accuracy."""
    low, high = effect["interval"]
    return "free" if low > -MARGIN else "costs" if high < 0 else "open"


def _change(effect: Values) -> dict[str, str]:
    low, high = map(number, effect["interval"])
    return {"change": signed(effect["points"], 1), "ends": f"[{low}, {high}]"}


def _cost(effect: Values) -> dict[str, str]:
    low, high = (-value for value in reversed(effect["interval"]))
    return {"cost": number(-effect["points"]), "ends": f"[{number(low)}, {number(high)}]"}


_OF: Mapping[str, Pair] = {"same_class": (" of the same class", "同类"), "other": ("", "")}


OPEN = ("constant_open", "follows_open")
"""Rules that say that more photographs would tell."""
COSTLY = ("would_not_do", "follows")
"""Rules that say that something is lost where a gate is replaced."""


def on_effects(effects: Values) -> list[dict[str, str]]:
    """Does a constant do, and does it follow the image: of one gate or of all together."""
    sentences = []
    if "mean" in effects:
        key = {"free": "would_do", "costs": "would_not_do", "open": "constant_open"}[verdict(effects["mean"])]
        sentences.append(written(key, **_change(effects["mean"])))
    for name, of in _OF.items():
        if name in effects:
            key = {"free": "follows_nothing", "costs": "follows", "open": "follows_open"}[verdict(effects[name])]
            sentences.append(written(key, of=of, **_change(effects[name])))
    return sentences


def together(sentence: Mapping[str, str], replaced: int, gates: int) -> dict[str, str]:
    """A sentence about a gate, said of all that were replaced at once."""
    english = sentence["en"]
    pair = english[0].lower() + english[1:], sentence["zh"]
    key = "together" if replaced == gates else "together_some"
    return {**written(key, text=pair, replaced=replaced, gates=gates), "rule": sentence["rule"]}


def on_gate(gate: Values, labelled: bool) -> list[dict[str, str]]:
    """Everything that is said about one gate."""
    variation = gate["variation"]
    moving = variation["between_classes"] + variation["within_classes"]
    sentences = [written("constant")] if moving <= STILL or not variation["sd"] else []
    sentences += on_effects(gate["alone"])
    if gate["gain"] is not None:
        r = gate["gain"]["median"]
        key = "turns_down" if r <= -STRONG else "turns_up" if r >= STRONG else "turns_neither"
        sentences.append(written(key, r=number(r, 2)))
    if moving > STILL and variation["sd"]:
        parts = {"elements": "between_elements", "classes": "between_classes", "within": "within_classes"}
        shares = {name: f"{100 * variation[key]:.3g}" for name, key in parts.items()}
        sentences.append(written("variation" if labelled else "variation_unlabelled", **shares))
    return sentences


def on_knock_outs(rows: list[Values], kept: float = 100.0) -> list[dict[str, str]]:
    """Is an open channel an important one: where about a quarter of the widest gate is knocked out.

    Fewer are where as many at random already cost half of what there is to lose: beyond, nothing is left to tell apart.

    Args:
        rows: For each number of channels what their loss costs.
        kept: Accuracy of the network as it is, in per cent; without classes its own answers, all of which it keeps.
    """
    if not rows:
        return []
    upto = rows[:-1] or rows
    row = next((row for row in reversed(upto) if 2 * -row["random"]["points"] <= kept), upto[0])
    effect, k = row["gate_against_low"], row["k"]
    channels = {
        name: (f"the {name} open channel" if k == 1 else f"the {k} {name} open channels", "")
        for name in ("most", "least")
    }
    low, high = effect["interval"]
    if low > 0:
        turned = {"points": -effect["points"], "interval": [-high, -low]}
        return [written("open_matters_less", k=k, **channels, **_cost(turned))]
    return [written("open_matters" if high < 0 else "open_matters_not", k=k, **channels, **_cost(effect))]


def on_objects(rows: list[Values]) -> list[dict[str, str]]:
    """Do masks lie on objects: more energy there than an even mask (1) and than a centre map."""
    if not rows:
        return []
    on = sum(row["energy"][1] > max(1.0, row["centre"][0]) for row in rows)
    return [written("masks_on" if 2 * on > len(rows) else "masks_off", gates=on, of=len(rows))]


def say_all(report: dict[str, Any]) -> list[dict[str, str]]:
    """Sentences about the network; those about each gate are put beside its numbers."""
    for gate in report["gates"]:
        gate["sentences"] = on_gate(gate, report["data"]["labelled"])
    own = report["together"].get("own")
    sentences = [written("own_differs", changed=own["changed"])] if own is not None and own["changed"] else []
    replaced = sum(gate.get("replaced", True) for gate in report["gates"])  # summaries of before do not say it
    sentences += [together(one, replaced, len(report["gates"])) for one in on_effects(report["together"])]
    return (
        sentences
        + on_knock_outs(report["knock_outs"], report["network"].get("top1", 100.0))
        + on_objects(report["objects"])
    )
