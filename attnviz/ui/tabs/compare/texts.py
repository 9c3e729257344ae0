# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts of Compare. Keys that begin with ``choice_`` are put together from a name out of a table."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "tab_compare": ("Compare", "对比"),
    # what is compared
    "cmp_mode": ("Compare", "对比什么"),
    "choice_mode_networks": ("several networks", "多个网络"),
    "choice_mode_photographs": ("one network, several photographs", "一个网络，多张照片"),
    "choice_mode_gates": ("the gates of one network", "一个网络的各个门"),
    "cmp_networks": ("Networks (2 to 8)", "网络（2 到 8 个）"),
    "cmp_shots": ("Samples (2 to 8 photographs in all)", "示例（共 2 到 8 张照片）"),
    "cmp_uploads": ("Your own photographs", "你自己的照片"),
    "cmp_yours": ("Your photograph {number}", "你的照片 {number}"),
    "choice_count_networks": (
        "Choose {fewest} to {most} networks to compare; {count} chosen.",
        "请选择 {fewest} 到 {most} 个网络进行对比；当前为 {count} 个。",
    ),
    "choice_count_photographs": (
        "Choose {fewest} to {most} photographs to compare; {count} chosen.",
        "请选择 {fewest} 到 {most} 张照片进行对比；当前为 {count} 张。",
    ),
    "cmp_one_network": (
        "There is only one network here, so networks cannot be set side by side; train another one with `attnviz train`. Its gates and several photographs can be compared all the same.",
        "这里只有一个网络，无法并排对比多个网络；可用 `attnviz train` 再训练一个。仍可对比它的各个门，或多张照片。",
    ),
    "cmp_fetch_first": (
        "The weights of {name} have not been fetched yet: choose it once in Explore.",
        "{name} 的权重尚未下载：请先在“探索”中选择它一次。",
    ),
    "cmp_left_out": ("{name} is left out: {reason}", "已略去 {name}：{reason}"),
    "cmp_memory": ("there is not enough memory for it", "内存不足"),
    "cmp_no_gates": (
        "{name} has no attention gates: there is nothing to set side by side.",
        "{name} 没有注意力门，无可并排对比。",
    ),
    "cmp_some_gates": (
        "{shown} of {count} places with gates are shown, evenly spread from the first layer to the last.",
        "共有 {count} 处门，这里从第一层到最后一层均匀显示 {shown} 处。",
    ),
    # class and attribution
    "cmp_class": ("Class that is explained", "要解释的类别"),
    "cmp_own_class": ("each one's own answer", "各自的预测"),
    "cmp_no_common": (
        "These networks have no class in common: each attribution explains its network's own answer.",
        "这些网络没有共同的类别：每个归因解释各自网络的预测。",
    ),
    "cmp_not_common": (
        "“{label}” is not a class that all of these know; another one was chosen.",
        "并非所有网络都认识“{label}”，已改选其他类别。",
    ),
    "cmp_method": ("Attribution", "归因方法"),
    "cmp_compute": ("Compute attributions", "计算归因"),
    "cmp_stop": ("Stop", "停止"),
    "choice_method_grad-cam": ("Grad-CAM (instant)", "Grad-CAM（即时）"),
    "choice_method_integrated-gradients": ("Integrated gradients (seconds)", "积分梯度（数秒）"),
    "choice_method_occlusion": ("Occlusion (slow)", "遮挡法（较慢）"),
    "choice_method_gradient-x-input": ("Gradient × input (instant)", "梯度 × 输入（即时）"),
    "choice_method_layer-activation": ("Layer activation (instant, for no class)", "层激活（即时，与类别无关）"),
    "choice_parameter_steps": ("Steps between the baseline and the image", "从基线到图像的步数"),
    "choice_parameter_baseline": ("Baseline: the image that shows nothing", "基线：什么都没有的图像"),
    "choice_parameter_window": ("Window, per cent of the side", "窗口，占边长的百分比"),
    "choice_parameter_stride": ("Step of the window, as a part of it", "窗口步长，占窗口的比例"),
    "choice_parameter_cover": ("What covers the window", "用什么遮盖窗口"),
    "choice_parameter_over": ("Over the channels, take the", "对通道取"),
    "choice_word_blur": ("blur", "模糊"),
    "choice_word_mean": ("mean", "均值"),
    "choice_word_zero": ("zero", "零"),
    "choice_word_black": ("black", "黑色"),
    "choice_word_whole": ("whole", "整个"),
    "choice_word_half": ("half", "一半"),
    "choice_word_quarter": ("quarter", "四分之一"),
    "choice_word_maximum": ("maximum", "最大值"),
    "choice_word_norm": ("norm", "范数"),
    # at work
    "cmp_opening": ("Open this tab to set networks side by side.", "打开此标签页即可并排对比。"),
    "cmp_waiting": ("Waiting for its turn", "正在排队"),
    "cmp_analysing": ("Asking {name}", "正在运行 {name}"),
    "cmp_timing": ("Measuring sizes and times", "正在测量规模与耗时"),
    "cmp_explaining": ("{method}", "{method}"),
    "cmp_measuring": ("Measuring", "正在测量"),
    "cmp_stopped": ("Stopped before it was finished.", "在完成之前已停止。"),
    "cmp_budget": (
        "Not computed: the {seconds} s that one request may take were spent. Choose fewer rows or coarser settings.",
        "未计算：单次请求的 {seconds} 秒时限已用完。请减少行数或调粗设置。",
    ),
    "cmp_press": (
        "{method} takes a while: press “Compute attributions”.",
        "{method} 需要一些时间：请点击“计算归因”。",
    ),
    "cmp_refused": ("Not for this network: {reason} {offer}", "不适用于该网络：{reason} {offer}"),
    "cmp_try": ("These can explain it: {methods}.", "可以使用：{methods}。"),
    # the rows
    "cmp_side_by_side": ("Side by side", "并排对比"),
    "cmp_answer": ("What the network answers", "网络的回答"),
    "cmp_mask": ("Mask", "掩码"),
    "cmp_bars": ("Channel scores", "通道分数"),
    "cmp_not_a_mask": ("not a mask", "不是掩码"),
    "cmp_no_mask": (
        "No gate here has one weight per place, so there is no mask.",
        "这里没有逐位置的门，因此没有掩码。",
    ),
    "cmp_no_bars": (
        "No gate here has one weight per channel, so there are no bars.",
        "这里没有逐通道的门，因此没有柱形。",
    ),
    "cmp_nothing": (
        "This network has no attention gate at all. It stands here to compare its attribution and its prediction.",
        "这个网络没有任何注意力门，列在这里是为了对比归因和预测。",
    ),
    "choice_how_spatial": ("spatial gate: one weight per place", "空间门：每个位置一个权重"),
    "choice_how_full": ("gate with one weight per element, mean over channels", "逐元素的门，对通道取平均"),
    "choice_how_strip": ("row or column gate, mean over channels", "行门或列门，对通道取平均"),
    "choice_how_strips": ("row gate × column gate, mean over channels", "行门 × 列门，对通道取平均"),
    "choice_how_query": (
        "pairwise gate: where the marked place looks; click another place",
        "成对门：被标记的位置看向哪里；可点击其他位置",
    ),
    "choice_how_pooled": ("weights of all places, they sum to 1", "所有位置的权重，总和为 1"),
    "choice_how_strength": (
        "mean |feature × channel gate|: where the kept features are strong",
        "|特征 × 通道门| 的均值：保留的特征在哪里强",
    ),
    "choice_bars_channel": ("channel gate: {count} weights", "通道门：{count} 个权重"),
    "choice_bars_added": ("added to {count} channels, no gate between 0 and 1", "加到 {count} 个通道上，并非 0 到 1 的门"),
    "cmp_ask": (
        "Place {row}, {column} of {rows} × {columns} asks; arrow keys or a click move it",
        "由 {rows} × {columns} 中的位置 {row}, {column} 提问；用方向键或点击移动",
    ),
    "cmp_alt": ("{what}, laid over the photograph, {name}; {caption}", "照片上叠加的{what}，{name}；{caption}"),
    "cmp_bars_alt": ("{count} channel scores of {name}; {caption}", "{name} 的 {count} 个通道分数；{caption}"),
    "cmp_for_class": ("{method} for “{label}”", "针对“{label}”的 {method}"),
    "cmp_for_no_class": ("{method}, for no class", "{method}，与类别无关"),
    "cmp_flat": ("The map is flat: it prefers no place, so it has no order.", "这张图处处相同：没有偏好任何位置，因此没有次序。"),
    "cmp_class_share": ("{label}: {share}", "{label}：{share}"),
    "cmp_accuracy": ("Accuracy", "正确率"),
    "cmp_accuracy_on": ("of {total} · {data}", "共 {total} 张 · {data}"),
    "cmp_unmeasured": ("not measured here", "此处未测量"),
    "cmp_parameters": ("Parameters", "参数"),
    "cmp_macs": ("MACs", "乘加"),
    "cmp_time": ("Time of a pass", "单次前向耗时"),
    "cmp_class_one": ("Attributions of all rows explain “{label}”.", "各行的归因都解释“{label}”。"),
    "cmp_class_own": ("Attributions explain each row's own most probable class.", "各行的归因解释各自概率最高的类别。"),
    "cmp_gates_no_class": (
        "Gates do not depend on the class: choosing another one changes attributions only.",
        "门与类别无关：换一个类别只会改变归因。",
    ),
    "cmp_other_data": (
        "Accuracies were measured on different images and cannot be compared with each other.",
        "各正确率是在不同图像上测得的，不能互相比较。",
    ),
    "cmp_times": (
        "Time: shortest of some forward passes of one photograph on this machine, × against the fastest row.",
        "耗时：本机上单张照片若干次前向中的最短值，× 为相对最快一行的倍数。",
    ),
    # how it is drawn
    "cmp_look": ("Scale and drawing", "刻度与绘制"),
    "cmp_depth": ("Which gate of each network", "每个网络显示哪个门"),
    "choice_depth_fine": ("last with 7×7 cells or more", "最后一个不少于 7×7 的门"),
    "choice_depth_first": ("first", "第一个"),
    "choice_depth_middle": ("middle", "中间"),
    "choice_depth_last": ("last", "最后一个"),
    "choice_scale_fixed": ("gates 0 to 1", "门 0 到 1"),
    "choice_scale_shared": ("one range for all", "共用一个范围"),
    "choice_scale_own": ("each its own", "各自的范围"),
    "choice_scale_fixed_about": (
        "One scale for all rows: gates from 0 to 1; attributions, and weights that sum to 1, from the smallest to the largest value of all rows.",
        "各行共用刻度：门为 0 到 1；归因以及总和为 1 的权重，按所有行的最小值到最大值。",
    ),
    "choice_scale_shared_about": (
        "One scale for all rows, stretched from the smallest to the largest value of all rows: colours can be compared, but 0 and 1 are not its ends.",
        "各行共用刻度，按所有行的最小值到最大值拉伸：颜色可以比较，但两端不是 0 和 1。",
    ),
    "choice_scale_own_about": (
        "Each picture has a scale of its own: the same colour means different values in different rows.",
        "每张图各用自己的刻度：同一颜色在不同行代表不同的值。",
    ),
    # two of them
    "cmp_two": ("Two of them in detail", "细看其中两个"),
    "choice_side_first": ("Left", "左"),
    "choice_side_second": ("Right", "右"),
    "cmp_by": ("By", "按"),
    "choice_map_mask": ("mask", "掩码"),
    "choice_map_attribution": ("attribution", "归因"),
    "cmp_slider": ("Slide between them", "左右滑动对比"),
    "cmp_slider_alt": ("Slider between {left} and {right}", "{left} 与 {right} 之间的滑块"),
    "cmp_slider_how": (
        "Drag, or use the arrow keys on the slider. Shown is what the networks saw of the photograph.",
        "拖动，或在滑块上使用方向键。显示的是网络所看到的照片部分。",
    ),
    "cmp_difference": ("Difference, left − right", "差值：左 − 右"),
    "cmp_difference_alt": (
        "The map of {first} minus that of {second}, laid over the photograph; {caption}",
        "照片上叠加 {first} 减 {second} 的图；{caption}",
    ),
    "cmp_pair_missing": ("There is no such map to compare for: {names}.", "以下各行没有可对比的图：{names}。"),
    "cmp_pair_kinds": (
        "{first} and {second} show different kinds of numbers, so their difference would mean nothing.",
        "{first} 与 {second} 显示的是不同性质的数值，相减没有意义。",
    ),
    "cmp_pair_unit": (
        "{method}: each map was first divided by its largest magnitude, because logits of two networks have no common unit.",
        "{method}：由于两个网络的 logit 没有共同单位，相减前各图先除以自身的最大绝对值。",
    ),
    "cmp_pair_sizes": (
        "{first} against {second} cells: the coarser map was resampled to the finer grid.",
        "{first} 对 {second} 个单元格：较粗的图已重采样到较细的网格。",
    ),
    "cmp_agree": ("rank correlation {rho} (1 the same order of places, 0 none, −1 reversed)", "秩相关 {rho}（1 表示位置次序相同，0 表示无关，−1 表示相反）"),
    "cmp_row": ("row", "行"),
    "cmp_place": ("the place that asks", "提问的位置"),
    # several photographs
    "cmp_spread": ("Does the gate depend on the image?", "门是否取决于图像？"),
    "choice_spread_mask": (
        "Mask of {gate}: one cell changes by {between} (standard deviation) from photograph to photograph, and the mean mask by {within} from cell to cell.",
        "{gate} 的掩码：同一单元格在不同照片之间变化 {between}（标准差），平均掩码在不同单元格之间变化 {within}。",
    ),
    "choice_spread_scores": (
        "Channel scores of {gate}: one channel changes by {between} from photograph to photograph, and the mean score by {within} from channel to channel.",
        "{gate} 的通道分数：同一通道在不同照片之间变化 {between}，平均分数在不同通道之间变化 {within}。",
    ),
    "cmp_spread_how": (
        "If the first number is close to 0, the gate does nearly the same to every photograph: it is then a constant, not attention. {count} photographs are few: this is a hint, not a measurement.",
        "如果第一个数接近 0，说明这个门对每张照片几乎做同样的事：那么它是常数，而不是注意力。{count} 张照片很少：这只是提示，不是测量结论。",
    ),
    # trust
    "cmp_trust": ("How far can these pictures be trusted?", "这些图有多可信？"),
    "cmp_measure": ("Measure again", "重新测量"),
    "cmp_stale": ("The rows have changed since: press “Measure again”.", "各行已改变：请点击“重新测量”。"),
    "cmp_trust_nothing": ("There is no mask or attribution to measure in this row.", "这一行没有可测量的掩码或归因。"),
    "cmp_trust_how": (
        "Deletion takes away the places that a map ranks highest first, and follows the probability of the class: a lower area means that the probability rests more on what the map ranks high. Insertion puts them into a blurred picture: a higher area is better.|A number means little by itself, so it stands beside 19 random maps with cells of the same size and beside a plain blob in the centre. A map that does not beat all of the random ones by 0.01 or more shows no more than noise would, on this photograph; noise itself beats 19 others by one measure on up to 1 photograph in 20.|One photograph proves nothing: many of them are measured with `attnviz faithfulness`. And a faithful map says where the network looked, not why, nor that it was right to.",
        "“删除”先去掉图中排名最高的位置，并跟踪该类别的概率：面积越小，说明概率越依赖这张图排名高的地方。“插入”把它们逐步放入模糊的图像：面积越大越好。|单独一个数字意义不大，因此旁边列出 19 张单元格大小相同的随机图，以及一个位于中心的光斑。如果一张图不能以至少 0.01 的差距胜过所有随机图，那么在这张照片上它并不比噪声说明更多；而噪声本身在至多二十分之一的照片上也能在一项上胜过另外 19 张。|一张照片不能证明什么：可用 `attnviz faithfulness` 测量大量照片。而且，忠实的图只说明网络看了哪里，不说明为什么，也不说明看得对不对。",
    ),
    "cmp_followed": ("Probability of “{label}”", "“{label}”的概率"),
    "cmp_map": ("Map", "图"),
    "cmp_centre": ("Centre blob", "中心光斑"),
    "cmp_deletion": ("Deletion ↓", "删除 ↓"),
    "cmp_insertion": ("Insertion ↑", "插入 ↑"),
    "cmp_deletion_chart": ("Deletion: probability as places go", "删除：去掉位置时的概率"),
    "cmp_insertion_chart": ("Insertion: probability as places come", "插入：加入位置时的概率"),
    "cmp_random": ("random {low}–{high}", "随机 {low}–{high}"),
    "cmp_trust_chance": (
        "(By one measure noise would beat {count} random maps on up to {share} of photographs.)",
        "（仅凭一项，噪声在至多 {share} 的照片上也会胜过 {count} 张随机图。）",
    ),
    "choice_trust_yes_yes": (
        "Beats all random maps by both measures: taking away what it marks harms more, and what it marks is a better start.",
        "两项都胜过所有随机图：去掉它标出的地方损害更大，单独放入也更好。",
    ),
    "choice_trust_yes_no": (
        "Beats all random maps by deletion only: taking away what it marks harms more, but alone it is no better start.",
        "只有“删除”胜过所有随机图：去掉它标出的地方损害更大，但单独放入并不更好。",
    ),
    "choice_trust_no_yes": (
        "Beats all random maps by insertion only: what it marks is a better start, but taking it away harms no more.",
        "只有“插入”胜过所有随机图：单独放入更好，但去掉它的损害并不更大。",
    ),
    "choice_trust_no_no": (
        "No better than noise on this photograph.",
        "在这张照片上并不比噪声好。",
    ),
    "cmp_learned": (
        "rank correlation {rho} with the map of the same network with random weights (near 1: the picture does not depend on what was learned)",
        "与同一网络随机权重时的图的秩相关为 {rho}（接近 1 说明这张图与学到的东西无关）",
    ),
    # sheet
    "cmp_export": ("Download this comparison as a picture", "将此对比下载为图片"),
    # help
    "help_cmp": ("What do these pictures mean?", "这些图是什么意思？"),
    "help_cmp_text": (
        "Mask: the network's own weights for places. Each feature is multiplied by the weight of its place; near 1 it is kept, near 0 it is turned down. Weights that sum to 1 are small where there are many places: only their pattern counts.|Channel scores: the network's own weights for channels, one bar a channel; the dashed line is their mean. Channels of two networks have nothing to do with each other: compare the shape, not one bar with another.|Attribution: not part of the network, but computed afterwards. It estimates which places the score of one class rests on; in red and blue pictures red speaks for the class and blue against it.|What they do not say: a bright mask does not mean that the place matters for the answer, and two networks with like masks may answer for different reasons. Nor is a network with a prettier mask a better one. Whether a picture can be trusted is measured below.",
        "掩码：网络自己对位置使用的权重。每个特征乘以所在位置的权重；接近 1 表示保留，接近 0 表示压低。总和为 1 的权重在位置很多时都很小，只看其分布。|通道分数：网络自己对通道使用的权重，每个通道一根柱；虚线为均值。两个网络的通道之间没有对应关系：请比较形状，而不是逐根比较。|归因：不是网络的一部分，而是事后计算的。它估计某一类别的得分依据哪些位置；在红蓝图中，红色支持该类别，蓝色反对。|它们不说明的：掩码亮并不表示该位置对回答重要；掩码相似的两个网络也可能出于不同原因作出回答；掩码好看的网络也不一定更好。这些图是否可信，可在下方测量。",
    ),
}  # fmt: skip
