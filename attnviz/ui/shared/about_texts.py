# ruff: noqa: E501 - Chinese is wide, and a text is easier to read in one line
"""What the app says about a network: how it was made, how good it is, whether its gates matter."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "about": ("About this network", "关于这个网络"),
    "about_network": ("Network", "网络"),
    "about_input": ("Input", "输入"),
    "about_pixels": ("{height} × {width} pixels", "{height} × {width} 像素"),
    "about_macs": ("Multiply-accumulates", "乘加次数"),
    "about_data": ("Data", "数据"),
    "about_images": (
        "{name}: {train} images to learn from, {val} others to measure on",
        "{name}：{train} 张用于训练，另外 {val} 张用于测量",
    ),
    "about_trained": ("Trained", "训练"),
    "about_run": (
        "{epochs} epochs, seed {seed}; {minutes} minutes on {hardware}",
        "{epochs} 轮，种子 {seed}；{minutes} 分钟，{hardware}",
    ),
    "about_stored": ("Stored as", "存储"),
    "about_changed": (
        "{stored}; float16 changes {changed} of its answers",
        "{stored}；float16 改变其中 {changed} 个答案",
    ),
    "about_right": ("Right", "正确率"),
    "about_top1": ("{top1} %, {correct} of {total}", "{top1} %，{total} 张中 {correct} 张"),
    "about_sure": ("How sure", "把握"),
    "about_sure_known": (
        "{confidence} % on average on photographs of its classes; calibration error (ECE) {ece} %",
        "对其所学类别的照片平均为 {confidence} %；校准误差（ECE）{ece} %",
    ),
    "about_foreign": ("On other classes", "其他类别"),
    "about_sure_foreign": (
        "{confidence} % on average on {images} photographs of none of its classes ({classes}): above one half for {above_half} % of them",
        "对 {images} 张不属于其类别的照片（{classes}）平均为 {confidence} %；其中 {above_half} % 超过一半",
    ),
    "about_seeds": ("This recipe, {count} seeds", "此配方的 {count} 个种子"),
    "about_spread": ("{mean} ± {half} % (95 % t interval of the mean)", "{mean} ± {half} %（均值的 95 % t 区间）"),
    "about_classes": ("Right by class, in %", "各类别的正确率（%）"),
    "about_audited": (
        "An audit measured this on {tested} of {photographs} photographs, with 95 % intervals.",
        "审计在 {photographs} 张照片中的 {tested} 张上测得，附 95 % 区间。",
    ),
    "about_alone": (
        "An audit replaced this gate alone, on {photographs} photographs.",
        "审计在 {photographs} 张照片上单独替换了这个门。",
    ),
    "about_audit": ("The whole audit", "完整的审计"),
    "about_gates": ("Do its gates do anything?", "它的门起作用吗？"),
    "about_head_gates": ("All gates replaced by", "全部门换成"),
    "about_head_points": ("accuracy, points", "正确率（百分点）"),
    "about_head_changed": ("answers changed", "改变的答案"),
    "about_mean": ("their mean: a constant", "均值：一个常数"),
    "about_shuffle": ("another photograph's", "另一张照片的门"),
    "about_neutral": ("neutral (also changes the scale)", "中性值（同时改变尺度）"),
    "about_chance": (
        "With a constant in place of every gate it is right for {now} % instead of {before} %, which is within chance: on these photographs the gates say no more than a constant.",
        "把每个门换成常数后，正确率为 {now} %，原为 {before} %，在偶然范围之内：对这些照片，门所说的不多于一个常数。",
    ),
    "about_worse": (
        "With a constant in place of every gate it is right for {now} % instead of {before} %: that much depends on what the gates say to each photograph.",
        "把每个门换成常数后，正确率为 {now} %，原为 {before} %：差距即取决于门对每张照片的回答。",
    ),
    "about_better": (
        "With a constant in place of every gate it is right for {now} % instead of {before} %: it does better without what the gates say to each photograph.",
        "把每个门换成常数后，正确率为 {now} %，原为 {before} %：没有门对每张照片的回答反而更好。",
    ),
    "about_focus": (
        "Its spatial masks lie on the {count} objects of the rendered scenes {mean} times as much as an even mask would; a plain map that is bright in the centre, {centre} times.",
        "它的空间掩码落在渲染场景中 {count} 个物体上的份量是均匀掩码的 {mean} 倍；中心亮的普通图为 {centre} 倍。",
    ),
}
