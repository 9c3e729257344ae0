# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""Texts of the noise lab."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "tab_noise": ("Noise lab", "噪声实验室"),
    "noise_intro": (
        "These networks were given three channels of pure noise beside red, green and blue. Nobody told the gate which are which. Change the noise and where it sits, and watch which of them the gate lets in.",
        "这些网络除了红、绿、蓝三个通道之外，还得到三个纯噪声通道。没有人告诉门哪些是噪声。改变噪声及其位置，看看门放行哪些通道。",
    ),
    "noise_missing": (
        "The networks of this experiment are not in {folder}; `attnviz experiment noise` trains them.",
        "{folder} 中没有本实验的网络；可用 `attnviz experiment noise` 训练。",
    ),
    "noise_kind": ("Kind of noise", "噪声种类"),
    "noise_gaussian": ("Gaussian", "高斯"),
    "noise_uniform": ("uniform", "均匀"),
    "noise_salt-and-pepper": ("salt and pepper", "椒盐"),
    "noise_constant": ("one constant a channel", "每通道一个常数"),
    "noise_shuffled": ("the picture, pixels shuffled", "像素打乱的原图"),
    "noise_other-image": ("another picture", "另一张图片"),
    "noise_strength": ("Strength (standard deviation)", "强度（标准差）"),
    "noise_trained": (
        "Trained with {kind} noise of strength {strength}.",
        "训练时使用强度为 {strength} 的{kind}噪声。",
    ),
    "noise_word_strength": ("strength", "强度"),
    "noise_word_seed": ("seed", "种子"),
    "noise_seed": ("Seed of the noise", "噪声种子"),
    "noise_gate": ("The network was trained with its channels", "网络训练时通道的位置"),
    "noise_even": ("in this order, all channels alike at the start", "此顺序，起始时各通道相同"),
    "noise_fixed": ("always in this order: R G B, noise", "固定：R G B、噪声"),
    "noise_permuted": ("in a new order for every image", "每张图片随机排列"),
    "noise_reset": ("Back to the order of training", "恢复训练时的顺序"),
    "noise_channels": (
        "What the network is given, and the gate's score of each channel",
        "网络的输入，以及门给每个通道的分数",
    ),
    "noise_channels_hint": (
        "Arrows move a channel to another position. Bar and number: this picture. Mark: mean of {count} random test images, the pale band is one standard deviation.",
        "箭头把通道移到别的位置。柱形和数字：这张图片。标记：{count} 张随机测试图像的均值，浅色带为一个标准差。",
    ),
    "noise_channels_hint_alone": (
        "Arrows move a channel to another position. Bar and number: the gate's score for this picture.",
        "箭头把通道移到别的位置。柱形和数字：这张图片的门分数。",
    ),
    "noise_colour_0": ("red", "红"),
    "noise_colour_1": ("green", "绿"),
    "noise_colour_2": ("blue", "蓝"),
    "noise_channel": ("noise {number}", "噪声 {number}"),
    "noise_position": ("position {position}", "位置 {position}"),
    "noise_picture_alt": (
        "{name} at position {position}, as the network gets it",
        "位置 {position} 的{name}，网络实际得到的样子",
    ),
    "noise_score": ("score {score}", "分数 {score}"),
    "noise_mean": ("mean {mean} ± {sd}", "均值 {mean} ± {sd}"),
    "noise_left": ("Move {name} one position to the left", "把{name}左移一位"),
    "noise_right": ("Move {name} one position to the right", "把{name}右移一位"),
    "noise_comma": (", ", "、"),
    "noise_opened": (
        "For this picture the gate lets in {let_in} (score at least 0.5) and shuts out {shut}.",
        "对这张图片，门放行{let_in}（分数不低于 0.5），关闭{shut}。",
    ),
    "noise_all_in": (
        "For this picture the gate lets all {count} channels in (scores of at least 0.5): it shuts no noise out.",
        "对这张图片，门放行全部 {count} 个通道（分数不低于 0.5）：没有关闭任何噪声。",
    ),
    "noise_all_out": (
        "For this picture the gate lets no channel in (all {count} scores are below 0.5): it turns colours and noise down alike.",
        "对这张图片，门没有放行任何通道（{count} 个分数都低于 0.5）：颜色和噪声都被压低。",
    ),
    "noise_ratio": (
        "The weakest colour has {weakest}× the score of the strongest noise channel, the best colour {best}×.",
        "最弱的颜色通道的分数是最强噪声通道的 {weakest} 倍，最强的颜色通道是 {best} 倍。",
    ),
    "noise_ratio_even": (
        "Every colour has {best}× the score of the strongest noise channel.",
        "每个颜色通道的分数都是最强噪声通道的 {best} 倍。",
    ),
    "noise_ratio_mixed": (
        "The best colour has {best}× the score of the strongest noise channel, but the weakest only {weakest}×: it is turned down more than noise.",
        "最强的颜色通道的分数是最强噪声通道的 {best} 倍，但最弱的只有 {weakest} 倍：它比噪声压得更低。",
    ),
    "noise_ratio_below": (
        "The strongest noise channel has {times}× the score of the best colour: here the gate prefers noise.",
        "最强噪声通道的分数是最强颜色通道的 {times} 倍：在这里门偏向噪声。",
    ),
    "noise_ratio_none": (
        "The noise channels have the score 0, so there is nothing to compare the colours with.",
        "噪声通道的分数为 0，因此无法与颜色比较。",
    ),
    "noise_ratio_mean": (
        "Of the mean scores over {count} random test images: the weakest colour {weakest}×, the best {best}×.",
        "按 {count} 张随机测试图像的平均分数：最弱的颜色 {weakest} 倍，最强的 {best} 倍。",
    ),
    "noise_predictions": ("What each network says", "各网络的预测"),
    "noise_without": ("sees no noise", "没有噪声输入"),
    "noise_table": ("Measured", "测量结果"),
    "noise_head_network": ("Network", "网络"),
    "noise_head_top1": ("Accuracy in %, mean ± 95 % t interval (seeds)", "正确率 %，均值 ± 95 % t 区间（种子数）"),
    "noise_head_ratio": ("Weakest colour over strongest noise, median", "最弱颜色 / 最强噪声（中位数）"),
    "noise_won_back": (
        "Noise costs {cost} points; the gate wins back {share} % of them (Fieller's 95 % interval {low} to {high} %).",
        "噪声使正确率下降 {cost} 个百分点；门挽回其中的 {share} %（Fieller 95 % 区间 {low} 至 {high} %）。",
    ),
    "noise_not_won_back": (
        "Noise costs {cost} points, which may be chance (p = {p}): too little to say how much of it the gate wins back.",
        "噪声使正确率下降 {cost} 个百分点，可能出于偶然（p = {p}）：太少，无法说明门挽回了多少。",
    ),
    "noise_few_seeds": (
        "One seed a network: too few to say what the gate wins back.",
        "每个网络只有一个种子：不足以说明门挽回了多少。",
    ),
    "noise_follows": (
        "Does the gate follow the content or the position? {network}: content explains {content} % of the spread of its scores, position {position} %, when every channel is moved to every position.",
        "门跟随内容还是位置？{network}：把每个通道移到每个位置时，分数差异的 {content} % 由内容解释，{position} % 由位置解释。",
    ),
    "noise_opens": (
        "{network}, published network, its channels in the orders it was trained with: of each of {count} test images it lets in {colours} colours and {noise} noise channels on average (score at least 0.5). Over the strongest noise channel stand the best colour {best}× and the weakest {weakest}× (medians).",
        "{network}，已发布的网络，通道按训练时的顺序排列：对 {count} 张测试图像，平均每张放行 {colours} 个颜色通道和 {noise} 个噪声通道（分数不低于 0.5）。与最强噪声通道相比，最强颜色为 {best} 倍，最弱颜色为 {weakest} 倍（中位数）。",
    ),
    # of what the titles of these networks are put together
    "noise_reference": (
        "For comparison, the reference (MobileNetV2 at 112 px, one run): 84.53 % without noise, 83.73 % with noise, 84.34 % with noise and gate; suppression 131×.",
        "参考结果（MobileNetV2，112 像素，一次训练）：无噪声 84.53 %，有噪声 83.73 %，有噪声加门 84.34 %；抑制 131 倍。",
    ),
    "help_noise": ("What does this show, and what not?", "这说明什么，不说明什么？"),
    "help_noise_text": (
        "The gate multiplies every input channel by its score. A small dense network computes all six scores at once, each from the mean and the maximum of all six channels together. Near 0 a channel is shut out. Nothing in the training loss names the noise: the gate learned this because noise does not help to tell the classes apart.|If a score stays with the position when you move a channel, the gate has learned where noise used to be, not what noise is. That accuracy falls when channels move says nothing about the gate: it falls as far in the network that has none, whose first convolution also expects colours in their places. And a network without a gate can learn to ignore noise too, in its first convolution: look at the accuracies before you call the gate necessary.",
        "门把每个输入通道乘以一个分数。一个小型全连接网络同时算出六个分数，每个都由全部六个通道的均值和最大值共同决定。接近 0 的通道被关闭。训练损失中没有任何一项提到噪声：门学会这样做，是因为噪声无助于区分类别。|如果移动通道后分数留在原来的位置，说明门学到的是噪声曾经在哪里，而不是什么是噪声。移动通道后正确率下降并不能说明门的作用：没有门的网络下降得一样多，因为它的第一层卷积也要求颜色在原来的位置。没有门的网络也可以在第一层卷积里学会忽略噪声：在说门必不可少之前，请先看准确率。",
    ),
}
