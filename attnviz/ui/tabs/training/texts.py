# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts of the Training tab."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "tab_training": ("Training", "训练过程"),
    "training_intro": (
        "How a gate grew: what it said to the same picture after each of these epochs. Recorded while the network was trained, from the average of the weights that was published in the end.",
        "门是怎样长成的：在这些轮次之后，它对同一张图片给出的值。训练时录制，使用最终发布的权重滑动平均。",
    ),
    "training_missing": (
        "No network in {folder} has snapshots of its gates; a recipe with `snapshots` records them while it trains.",
        "{folder} 中没有带门快照的网络；在配方中写明 `snapshots` 即可在训练时录制。",
    ),
    "training_picture": ("Picture", "图片"),
    "training_step": ("Snapshot", "快照"),
    "training_speed": ("Speed", "速度"),
    "training_alt": (
        "{gate} over the picture at {count} snapshots of its training",
        "{gate} 在训练的 {count} 个快照上",
    ),
    "training_fixed": ("All snapshots are drawn on one scale.", "所有快照使用同一刻度。"),
    "training_gif": ("Download as GIF", "下载为 GIF"),
    "training_play": ("Play", "播放"),
    "training_stop": ("Stop", "停止"),
    "training_after": ("After epoch {epoch} of {last}: {gate}", "第 {epoch} 轮之后（共 {last} 轮）：{gate}"),
    "training_before": ("Before training: {gate}", "训练之前：{gate}"),
    "training_film": ("All snapshots of this gate", "这个门的全部快照"),
    "training_frame": ("After epoch {epoch}", "第 {epoch} 轮之后"),
    "training_epoch": ("epoch {epoch}", "第 {epoch} 轮"),
    "training_loss": ("Training loss by epoch", "训练损失（按轮次）"),
    "training_accuracy": ("Validation accuracy in % by epoch", "验证正确率 %（按轮次）"),
    "training_scores": (
        "Score of each input channel by epoch, mean over the pictures",
        "每个输入通道的分数（按轮次，图片均值）",
    ),
    "training_spread": ("Scores of this gate by epoch", "这个门的分数（按轮次）"),
    "training_highest": ("highest", "最高"),
    "training_mean": ("mean", "均值"),
    "training_lowest": ("lowest", "最低"),
    "help_training": ("How to read this", "如何阅读"),
    "help_training_text": (
        "The marks in the curves stand at the epoch of the picture. A gate that looks the same from the first snapshot to the last has learned nothing of its own; one that moves early and then stands still was decided long before the accuracy was.|The loss is measured on crops that are changed at random and smaller in most epochs, so it cannot be compared with the accuracy, and it jumps where the size of the images changes.",
        "曲线中的标记对应图片所在的轮次。从第一张快照到最后一张都没有变化的门什么也没学到；很早变化随后静止的门，远在正确率确定之前就已定型。|损失是在随机变换、多数轮次尺寸更小的裁剪上测得的，因此不能与正确率直接比较，并且在图像尺寸改变时会跳变。",
    ),
}
