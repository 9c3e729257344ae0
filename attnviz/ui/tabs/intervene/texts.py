# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts of the Intervene tab."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "tab_intervene": ("Intervene", "干预"),
    "iv_no_photo": (
        "The photograph was removed, and with it everything that was computed from it. Choose a sample or send a photograph.",
        "照片已移除，由它计算的一切也随之移除。请选择示例或上传照片。",
    ),
    "iv_wait": ("The network is at work …", "网络正在计算……"),
    # predictions
    "iv_untouched": (
        "{label} {old}: nothing is changed yet. Click a bar, paint on a mask, or replace a gate.",
        "{label} {old}：尚未改动。请点击柱形、涂画掩码或替换门。",
    ),
    "iv_change": ("{label}: {old} → {new} ({change} points)", "{label}：{old} → {new}（{change} 个百分点）"),
    "iv_change_number": ("{label}: {old} → {new} ({change})", "{label}：{old} → {new}（{change}）"),
    "iv_now": ("The first answer is now {label}, {share}.", "现在的首位答案是 {label}，{share}。"),
    "iv_rise": (
        "The probability rose. That is no sign of a better answer: a gate also turns down what speaks for a class, and a changed gate can make the features behind it stronger, which makes a softmax more certain of whatever it leans to.",
        "概率上升了，但这并不说明答案更好：门也会压低支持该类别的内容；改动后的门还可能使其后的特征变强，而这会让 softmax 对它本来偏向的类别更加确定。",
    ),
    "iv_class": ("Class", "类别"),
    "iv_before": ("before", "之前"),
    "iv_after": ("after", "之后"),
    "iv_both_probability": ("probability", "概率"),
    "iv_both_logit": ("logit", "logit"),
    "iv_diff": ("change", "变化"),
    "iv_measure": ("Bars show", "柱形表示"),
    "iv_measure_probability": ("probabilities", "概率"),
    "iv_measure_logit": ("logits (before the softmax)", "logit（softmax 之前）"),
    # edits
    "iv_edits": ("What is changed", "已做的改动"),
    "iv_none": ("Nothing yet: every gate is as the network computes it.", "暂无：每个门都是网络自己计算的值。"),
    "iv_undo": ("Undo", "撤销"),
    "iv_redo": ("Redo", "重做"),
    "iv_reset": ("Reset", "全部还原"),
    "iv_put_back": ("Put {gate} back", "还原 {gate}"),
    "iv_all_off": (
        "All weights of all {count} gates are 0: only what passes around the gated blocks reaches the answer.",
        "全部 {count} 个门的权重都为 0：只有绕过门控块的信息能到达输出。",
    ),
    "iv_all_off_one": (
        "All weights of the only gate are 0: only what passes around the gated block reaches the answer.",
        "唯一的门的权重都为 0：只有绕过门控块的信息能到达输出。",
    ),
    "iv_did_knock_out": ("{count} channels knocked out: {channels}", "关闭了 {count} 个通道：{channels}"),
    "iv_did_scale": ("{count} channels × {factor}: {channels}", "{count} 个通道 × {factor}：{channels}"),
    "iv_did_scale_all": ("all weights × {factor}", "全部权重 × {factor}"),
    "iv_did_neutral": ("neutral: a gate that does nothing", "中性：不起作用的门"),
    "iv_neutral_scale": (
        "(its weights were {mean} on average, so the features behind it are about {times} times as large now, which the network never met in training)",
        "（原权重平均为 {mean}，因此其后的特征约为原来的 {times} 倍，网络在训练中从未见过）",
    ),
    "iv_did_flat": ("all weights set to {value}", "全部权重设为 {value}"),
    "iv_did_other": ("weights taken from elsewhere, kept in the file", "权重取自别处，并保存在文件中"),
    "iv_did_mean": ("mean over reference photographs", "参考照片上的均值"),
    "iv_did_mean_known": ("mean over {images} validation photographs", "{images} 张验证照片上的均值"),
    "iv_did_shuffle_channels": ("weights shuffled over the channels (seed {seed})", "权重在通道间打乱（种子 {seed}）"),
    "iv_did_shuffle_positions": ("weights shuffled over the positions (seed {seed})", "权重在位置间打乱（种子 {seed}）"),
    "iv_did_shuffle_batch": ("weights shuffled over photographs", "权重在照片间打乱"),
    "iv_did_paint": ("mask painted by hand", "手工涂画的掩码"),
    "iv_take": ("Download edits", "下载改动"),
    "iv_upload": ("Open a file", "打开文件"),
    "iv_paste_title": ("Paste edits, or replay them elsewhere", "粘贴改动，或在别处重放"),
    "iv_paste": (
        "Edits as JSON. The same file is replayed to the same bits by: attnviz replay edits.json PHOTO",
        "JSON 格式的改动。用 attnviz replay edits.json PHOTO 可逐位重放同一文件",
    ),
    "iv_pasted": ("Apply the pasted edits", "应用粘贴的改动"),
    # gates
    "iv_gates": ("Choose a gate", "选择一个门"),
    "iv_channels": ("Its channels", "它的通道"),
    "iv_action": ("A click will", "点击操作"),
    "iv_action_knock_out": ("knock out (× 0)", "关闭（× 0）"),
    "iv_action_boost": ("multiply", "乘以倍数"),
    "iv_action_restore": ("put back", "还原"),
    "iv_factor": ("Multiply by", "倍数"),
    "iv_bars_hint": (
        "Click a bar, or sweep over several; a second click puts it back. Grey: before. Bars end at 1; point at one to read its number. Keyboard: arrows move, Shift selects, Enter applies.",
        "点击柱形，或扫过多个柱形；再次点击则还原。灰色为改动之前。柱形最高画到 1，提示中给出数值。键盘：方向键移动，Shift 选择，回车应用。",
    ),
    "iv_bars_alt": ("Channels; arrows move, Shift selects, Enter applies", "通道；方向键移动，Shift 选择，回车应用"),
    "iv_k": ("k", "k"),
    "iv_many": ("How many (k)", "数量（k）"),
    "iv_average": ("Average gate", "平均的门"),
    "iv_top": ("k highest", "最高的 k 个"),
    "iv_random": ("k at random", "随机 k 个"),
    "iv_bottom": ("k lowest", "最低的 k 个"),
    "iv_invert": ("Invert", "反选"),
    "iv_picks_note": (
        "“Average gate” gives this photograph what the gate says on average: does it matter what it chose? “At random” is the control: a choice of channels says something only where it changes the answer more than as many at random.",
        "「平均的门」让这张照片得到该门的平均值：它的选择重要吗？「随机」是对照：只有当某种选择比随机选同样多的通道更能改变答案时，它才说明问题。",
    ),
    "iv_range": ("Channels by number", "按编号选择通道"),
    "iv_apply": ("Apply", "应用"),
    # which matter
    "iv_matter": ("Which channels matter for this photograph?", "对这张照片，哪些通道重要？"),
    "iv_method": ("Knock out", "关闭方式"),
    "iv_method_alone": ("each alone", "逐个单独"),
    "iv_method_greedy": ("one after the other", "依次累加"),
    "iv_search": ("Find out", "开始查找"),
    "iv_stop": ("Stop", "停止"),
    "iv_worst": ("Knock out the k that matter most", "关闭最重要的 k 个"),
    "iv_searched": (
        "{done} of {total} variants of {gate} computed, without your edits; watched: {label}.",
        "已计算 {gate} 的 {done}/{total} 个变体（不含你的改动）；观察的类别：{label}。",
    ),
    "iv_time": ("The time limit is reached; channels with the highest scores came first.", "已到时间上限；先计算的是分数最高的通道。"),
    "iv_score": ("score", "分数"),
    "iv_dlogit": ("logit", "logit"),
    "iv_dshare": ("points", "百分点"),
    "iv_alone_note": (
        "Each channel alone, the costliest first: change of the logit, and of the probability in points. Alone they need not add up.",
        "每次只关闭一个通道，影响最大的在前：logit 的变化，以及概率变化（百分点）。单独的影响不一定能相加。",
    ),
    "iv_greedy_note": (
        "Each row on top of those above it; chosen each time among the 16 channels that cost the most alone. A short cut: another set may cost more.",
        "每行都在上面各行的基础上再关闭一个；每次从单独影响最大的 16 个通道中选取。这是近似做法：其他组合的影响可能更大。",
    ),
    "iv_none_matters": (
        "No channel of this gate matters alone for this photograph: the largest change of the probability is {most} points.",
        "对这张照片，这个门没有哪个通道单独起作用：概率的最大变化为 {most} 个百分点。",
    ),
    "iv_rises": (
        "More than any loss below: without channel {channel} the probability rises, by {points} points. That does not say that the network is better without it.",
        "比下面任何一项损失都大：关闭通道 {channel} 后概率上升 {points} 个百分点。这并不说明网络没有它更好。",
    ),
    "iv_full_bar": ("A full bar is {full} points.", "满格为 {full} 个百分点。"),
    "iv_search_again": ("What was found belongs to another gate: search again", "查找结果属于另一个门：请重新查找"),
    # painting
    "iv_painting": ("Its mask", "它的掩码"),
    "iv_value": ("Brush: 0 shuts, 1 keeps", "画笔：0 关闭，1 保留"),
    "iv_size": ("Cells at once", "每次格数"),
    "iv_fill": ("Fill all", "全部填充"),
    "iv_paint_hint": (
        "Draw with mouse or finger. Keyboard: arrows move, Space or Enter paints. The network answers every stroke; changed cells are outlined.",
        "用鼠标或手指涂画。键盘：方向键移动，空格或回车涂画。网络会回答每一笔；改动过的格子带有边框。",
    ),
    "iv_paint_alt": (
        "Mask of {height} by {width} cells to paint on; arrows move, Space or Enter paints",
        "可涂画的 {height}×{width} 掩码；方向键移动，空格或回车涂画",
    ),
    "iv_too_fine": (
        "This mask has more than {most} cells, too many to be painted by hand; it can be replaced below.",
        "这个掩码超过 {most} 格，无法手工涂画；可在下方替换。",
    ),
    # replacing
    "iv_swap_title": ("Replace the whole gate", "替换整个门"),
    "iv_swap": ("By", "替换为"),
    "iv_swap_neutral": ("nothing: neutral (most gates 1)", "无：中性（多数门为 1）"),
    "iv_swap_flat": ("its own mean everywhere (keeps the scale)", "处处取它自己的均值（保持尺度）"),
    "iv_swap_mean": ("its mean over the sample photographs", "它在示例照片上的均值"),
    "iv_swap_mean_known": ("its mean over {images} validation photographs", "它在 {images} 张验证照片上的均值"),
    "iv_swap_other": ("what it is for another photograph", "它对另一张照片的值"),
    "iv_swap_shuffle_channels": ("its weights shuffled over the channels", "在通道间打乱的权重"),
    "iv_swap_shuffle_positions": ("its weights shuffled over the positions", "在位置间打乱的权重"),
    "iv_scope": ("Where", "范围"),
    "iv_scope_one": ("this gate", "此门"),
    "iv_scope_all": ("all gates it fits", "所有适用的门"),
    "iv_seed": ("Seed", "种子"),
    "iv_other": ("Photograph", "照片"),
    "iv_replace": ("Replace", "替换"),
    # help
    "help_intervene": ("What do these changes show, and what not?", "这些改动说明什么，不说明什么？"),
    "help_intervene_text": (
        "If the answer stays the same after a gate is replaced, then for this photograph the network did not need what that gate selects. "
        "Neutral sets weights to 1 (branches: equal shares; added terms: 0). Learned weights are mostly below 1, so neutral also makes the features behind "
        "the gate larger: a change may come from the scale and not from the lost selection. “Its own mean everywhere” keeps the average and takes the selection away only.|"
        "The mean is that over the photographs which the menu names; the gate of another photograph comes from the sample photographs on the left. Both are those of "
        "the network without edits, and are kept as numbers in the downloaded file, so that a replay needs no photographs.|"
        "One photograph says nothing about the others, and a network that was never trained with a gate like this may fail for that reason alone.",
        "如果替换一个门后答案不变，说明对这张照片，网络并不需要该门的选择。中性把权重设为 1（分支：均分；相加项：0）。学到的权重大多小于 1，因此中性还会放大其后的特征："
        "变化可能来自尺度，而不是失去的选择。“处处取它自己的均值”保持平均值，只去掉选择。"
        "|均值取自菜单所写的照片，另一张照片的门来自左侧的示例照片；两者都取自未改动的网络，并以数值保存在下载的文件中，因此重放不需要照片。"
        "|一张照片不能代表其他照片；网络从未在这样的门下训练过，仅此一点就可能导致失败。",
    ),
    "help_search": ("What does “matter” mean here?", "这里的“重要”是什么意思？"),
    "help_search_text": (
        "A channel matters when the logit of the network's first answer falls without it. That is measured, not estimated: the network runs once for each variant.|"
        "A score near 1 does not mean that a channel matters, and channels that do the same may each seem unimportant alone.",
        "如果去掉一个通道后，网络首位答案的 logit 下降，这个通道就重要。这是实测而非估计：每个变体都运行一次网络。"
        "|分数接近 1 并不表示通道重要；作用相同的几个通道，单独看可能都显得不重要。",
    ),
    # messages
    "iv_index": ("channel or cell", "通道或单元格"),
    "iv_a_factor": ("a factor", "倍数"),
    "iv_bad_list": ("there must be 1 to {count} of them, got {given}", "数量必须为 1 到 {count}，收到 {given}"),
    "iv_bad_range": (
        "channels are written like 0-9, 17 and lie in 0..{last}; got {given}",
        "通道写作 0-9, 17，范围为 0..{last}；收到 {given}",
    ),
    "iv_no_mask": ("{gate} has no mask that can be painted; choose a spatial gate", "{gate} 没有可涂画的掩码；请选择空间门"),
    "iv_no_fit": ("{gate} is a {kind} gate, which cannot be replaced by “{what}”", "{gate} 是 {kind} 门，不能替换为“{what}”"),
    "iv_no_file": ("Choose a file of edits, JSON of at most {most} MiB", "请选择改动文件（JSON，最大 {most} MiB）"),
}  # fmt: skip
