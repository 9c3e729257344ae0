// Texts in English and Chinese: [en, zh] by key; values stand in braces.

export const LANGUAGES = ['en', 'zh'];

const TEXTS = {
  view: ['Attention gates of a photograph', '照片的注意力门'],
  // sentences about the gate that is shown
  kept_most: ['Of the {count} channels here, channel {channel} is kept most ({value} of 1).', '这里的 {count} 个通道中，通道 {channel} 保留得最多（{value}，满分为 1）。'],
  kept_one: ['The one channel here is kept to {value} of 1.', '这里唯一的通道保留了 {value}（满分为 1）。'],
  kept_alike: ['All {count} channels here are kept alike ({value} of 1): this gate chooses nothing.', '这里的 {count} 个通道一视同仁（均为 {value}，满分为 1）：这个门没有做选择。'],
  kept_this: ['Channel {channel} is kept to {value} of 1: rank {rank} of {count}.', '通道 {channel} 保留 {value}（满分为 1）：在 {count} 个通道中排第 {rank}。'],
  lights: ['Its features light up where the colours are bright.', '颜色明亮处就是它的特征响应强烈的地方。'],
  lights_nowhere: ['Its features are the same everywhere in this photograph.', '它的特征在整张照片上处处相同。'],
  lights_signed: ['Its features are high where it is red, and below zero where it is blue.', '红色处它的特征值高，蓝色处低于零。'],
  mask_range: ['This mask keeps {high} of every feature at its brightest place and {low} at its darkest.', '这个掩码在最亮处保留特征的 {high}，在最暗处只保留 {low}。'],
  mask_split: ['Of its {count} places this mask shuts {shut} almost fully (below 0.1) and keeps {kept} almost whole (above 0.9).', '在 {count} 个位置中，这个掩码几乎完全关闭 {shut} 个（低于 0.1），几乎完整保留 {kept} 个（高于 0.9）。'],
  mask_alike: ['This mask keeps about {value} of every feature at every place: it hardly chooses.', '这个掩码在各处都保留约 {value}：几乎没有做选择。'],
  mask_mean: ['Averaged over channels, this gate keeps {high} at its brightest place and {low} at its darkest.', '按通道平均，这个门在最亮处保留 {high}，在最暗处保留 {low}。'],
  mask_residual: ['This gate adds: from {low} times a feature at its darkest place to {high} times at its brightest.', '这个门是相加的：最暗处加上特征的 {low} 倍，最亮处加上 {high} 倍。'],
  asks: ['The ringed place takes most from the brightest one: {high} times an even share.', '圆环处从最亮的位置取得最多：是平均份额的 {high} 倍。'],
  pooled: ['In its summary of the whole picture, half of the weight lies on {half} of {count} places; the brightest counts {high} times an even share.', '在对整张图的概括中，一半的权重落在 {count} 个位置中的 {half} 个上；最亮处为平均份额的 {high} 倍。'],
  branches: ['Branch {branch} gives most: {value} of all channels on average.', '分支 {branch} 贡献最多：平均占各通道的 {value}。'],
  rows: ['{rows} rows by {columns} columns of weights, as the gate holds them.', '{rows} 行 {columns} 列权重，按门中的原样。'],
  added_most: ['Of the {count} channels here, this gate changes channel {channel} most: it adds {value} everywhere.', '这里的 {count} 个通道中，这个门改变最大的是通道 {channel}：各处加上 {value}。'],
  theta: ['The network turns to what the grid encloses, and reads it upright.', '网络转向网格围住的部分，并把它摆正来读。'],
  left_empty: ['This gate holds no finite number.', '这个门没有有限的数值。'],
  left_large: ['This gate is too large for this view; the download has its numbers.', '这个门太大，此视图不包含它；其数值可在下载中获得。'],
  left_crowded: ['Left out: the gates before it filled this view. The download has its numbers.', '已省略：前面的门已占满此视图。其数值可在下载中获得。'],
  no_gates: ['This network has no attention gates: there is nothing to show but its answer.', '这个网络没有注意力门，只能显示它的答案。'],
  no_gates_but: ['This network has no attention gates. Here is what it has: {parts}.', '这个网络没有注意力门。它包含：{parts}。'],
  // a class at every place
  class_hint: ['Click the photograph, or move over it with the arrow keys, to read the class at a place.', '点击照片，或用方向键在照片上移动，即可读出某处的类别。'],
  class_here: ['Here: {name} ({value}).', '此处：{name}（{value}）。'],
  class_means: ['Mean over the picture: {means}', '整幅图像的平均：{means}'],
  // why this one
  why: ['Why this one?', '为什么是这个门？'],
  why_effect: ['Replacing this gate by its mean changes {share} % of this network’s answers, more than any other gate does.', '把这个门换成它的平均值会改变该网络 {share} % 的答案，比其他任何门都多。'],
  why_places: ['Of all {count} gates it varies most over this photograph (standard deviation {value}). That says where it chooses, not that it matters: no test of the gates of this network is known here.', '在全部 {count} 个门中，它在这张照片上变化最大（标准差 {value}）。这说明它在哪里做选择，并不说明它重要：这里没有对该网络各个门的检验结果。'],
  why_places_tested: ['An audit found no gate of this network that is missed, beyond chance, where its mean alone replaces it. Of all {count} gates this one varies most over this photograph (standard deviation {value}): that says where it chooses, not that it matters.', '审计没有发现任何一个门在单独换成均值后造成超出偶然的损失。在全部 {count} 个门中，这个门在这张照片上变化最大（标准差 {value}）：这说明它在哪里做选择，并不说明它重要。'],
  why_channels: ['No gate here varies over the picture; of all {count} gates the scores of this one differ most between channels (standard deviation {value}).', '这里没有随位置变化的门；在全部 {count} 个门中，这个门的通道分数差异最大（标准差 {value}）。'],
  why_only: ['It is the last gate; none varies over the picture or between channels.', '它是最后一个门；没有一个门随位置或通道变化。'],
  chosen: ['Back to the most telling gate', '回到最能说明问题的门'],
  // the network
  network: ['The network, from the photograph to the answer', '网络：从照片到答案'],
  input: ['photograph', '照片'],
  answer: ['answer', '答案'],
  stage_range: ['{height}×{width} · {low} to {high} channels', '{height}×{width} · {low} 至 {high} 通道'],
  stage: ['{height}×{width} · {channels} channels', '{height}×{width} · {channels} 通道'],
  vector: ['{count} numbers', '{count} 个数'],
  layers: ['{count} layers', '{count} 层'],
  layer: ['1 layer', '1 层'],
  shortcut: ['shortcut: what enters is added to what comes out', '捷径：输入与输出相加'],
  gate_of: ['Gate {number} of {count}: {name}, {kind} gate', '第 {number} 个门，共 {count} 个：{name}，{kind}门'],
  gate_short: ['{kind} gate {number} of {count}', '{kind}门 {number} / {count}'],
  mean: ['mean {value}', '均值 {value}'],
  network_hint: ['Each small picture is a gate in its place: blue steps are the scores of channels, the highest first; a map is a weight for every place. Choose one by a click, or with the arrow keys.', '每个小图是一个门，位于它在网络中的位置：蓝色台阶是各通道的分数，从高到低；图表示每个位置的权重。点击或用方向键选择。'],
  previous: ['Previous gate', '上一个门'],
  next: ['Next gate', '下一个门'],
  // the picture
  picture: ['The photograph with {name} laid over it. {told}', '照片与叠加其上的 {name}。{told}'],
  photo_only: ['The photograph', '照片'],
  shuts: ['0 shuts', '0 关闭'],
  keeps: ['1 keeps', '1 保留'],
  adds_nothing: ['0 adds nothing', '0 不增加'],
  adds_again: ['1 adds as much again', '1 再加一倍'],
  even_share: ['{value}× an even share', '平均份额的 {value} 倍'],
  saw_part: ['Dimmed: what the network did not see.', '变暗的部分网络没有看到。'],
  place: ['row {row}, column {column}: {value}', '第 {row} 行第 {column} 列：{value}'],
  point: ['Point at the picture, a bar or a tile', '指向图片、柱形或小图'],
  low_high: ['lowest {low} · mean {mean} · highest {high}', '最低 {low} · 均值 {mean} · 最高 {high}'],
  features_of: ['Features of channel {channel} before the gate', '通道 {channel} 进入门之前的特征'],
  features_ask: ['Show where channel {channel} lights up', '显示通道 {channel} 在哪里响应'],
  features_wait: ['Asking the network …', '正在询问网络……'],
  features_none: ['This file holds the features of some channels only; the app computes any of them.', '此文件只含部分通道的特征；应用可以计算任意通道。'],
  asks_none: ['This file holds the map of the place in the middle only; the app computes any of them.', '此文件只含中间位置的图；应用可以计算任意位置。'],
  // bars and map
  bars: ['Scores of {count} channels', '{count} 个通道的分数'],
  bars_added: ['What is added to each of {count} channels', '加到 {count} 个通道上的数'],
  bar: ['Channel {channel}: {value}, rank {rank} of {count}', '通道 {channel}：{value}，第 {rank} 名，共 {count}'],
  usual_in: ['usual ({low} to {high})', '属于常见范围（{low} 到 {high}）'],
  usual_out_high: ['higher than usual ({low} to {high})', '高于常见范围（{low} 到 {high}）'],
  usual_out_low: ['lower than usual ({low} to {high})', '低于常见范围（{low} 到 {high}）'],
  usual_legend: ['Grey: where each channel lies for 90 % of {images} validation photographs.', '灰色：{images} 张验证照片中 90 % 时各通道所在的范围。'],
  verdict: ['Does this gate matter? An audit replaced it alone, on {photographs} photographs:', '这个门重要吗？审计在 {photographs} 张照片上单独替换了它：'],
  verdict_note: ['Points of accuracy gained or lost, their 95 % interval in brackets. “Open”: so many photographs do not decide it.', '单位为准确率的百分点，正为提高，负为损失，方括号内是 95 % 区间。“尚无定论”：这些照片还不足以判断。'],
  usual_mask_in: ['Mean {value}, as usual: {low} to {high} for 90 % of {images} validation photographs.', '均值 {value}，属于常见范围：{images} 张验证照片中 90 % 在 {low} 到 {high}。'],
  usual_mask_high: ['Mean {value}, higher than usual: {low} to {high} for 90 % of {images} validation photographs.', '均值 {value}，高于常见范围：{images} 张验证照片中 90 % 在 {low} 到 {high}。'],
  usual_mask_low: ['Mean {value}, lower than usual: {low} to {high} for 90 % of {images} validation photographs.', '均值 {value}，低于常见范围：{images} 张验证照片中 90 % 在 {low} 到 {high}。'],
  map: ['All channel gates: layers × channels', '全部通道门：层 × 通道'],
  map_hint: ['A row a gate, first layer on top. Columns that are highlighted together are the same channel.', '每行一个门，第一层在上。同时高亮的列是同一个通道。'],
  // what it means, and what it does not say; a bar begins a new paragraph
  help_mask: ['What do the colours mean?', '这些颜色是什么意思？'],
  help_mask_text: ['The network multiplies its features by this mask, place by place. Near 1 a place is kept, near 0 it is turned down. It is the network’s own number, not an explanation made afterwards.|It does not say why the network chose this class: gates do not depend on the class, and a place that is turned down here can still reach the answer through the shortcut around the block.', '网络把特征逐位置乘以这个掩码。接近 1 表示保留，接近 0 表示压低。这是网络自己使用的数值，而不是事后的解释。|它并不说明网络为什么选择这个类别：门与类别无关；在这里被压低的位置仍可能经由残差捷径影响结果。'],
  help_residual: ['What does this gate do?', '这个门做什么？'],
  help_residual_text: ['The network multiplies its features by one plus this weight: at 0 they stay as they are, at 1 they count twice. Nothing is shut. It is the network’s own number, not an explanation made afterwards.|Since everything passes anyway, the answer need not rest on it: an audit puts a constant in its place and counts.', '网络把特征乘以（1 + 这个权重）：权重为 0 时特征保持不变，为 1 时加倍。没有任何内容被关闭。这是网络自己使用的数值，而不是事后的解释。|因为一切都会通过，答案不一定依赖它：审计用一个常数代替它，再数答案的变化。'],
  help_scores: ['What do the bars mean?', '这些柱形是什么意思？'],
  help_scores_text: ['The network multiplies each channel by its score. Near 1 the channel is kept, near 0 it is turned down. The colours over the photograph are what the chosen channel holds just before that.|A high score does not mean that the channel matters for the answer: a channel that is kept may be almost empty, and later layers may ignore it.', '网络把每个通道乘以它的分数。接近 1 表示保留，接近 0 表示压低。照片上的颜色是该通道在相乘之前的内容。|分数高并不说明该通道对结果重要：被保留的通道可能几乎是空的，后面的层也可能忽略它。'],
  help_pairwise: ['How do I read a pairwise gate?', '如何阅读成对门？'],
  help_pairwise_text: ['The ring marks the place that asks; the colours say how much it takes from every other place. They sum to 1, so they are read as multiples of an even share. Point at another place, or move the ring with the arrow keys.|It shows where one place looks in one layer. It does not say what the answer depends on: other places ask too, and what is found is added to what was there.', '圆环标记提问的位置；颜色表示它从其他位置各取多少。总和为 1，因此以平均份额的倍数来读。可指向其他位置或用方向键移动圆环。|它只表示某一层中一个位置看向哪里，并不说明结果取决于什么：其他位置也在提问，得到的内容再加到原有特征上。'],
  help_pooled: ['What do the colours mean?', '这些颜色是什么意思？'],
  help_pooled_text: ['The network summarises the whole map in one vector, and this is how much each place counts for it. The weights sum to 1, so they are read as multiples of an even share.|It is one summary for all places: no place is kept or shut, and what is found is added to the features; attention pooling at the end of a network gives all that the answer is read from.', '网络把整张图概括为一个向量，这里是每个位置所占的比重。权重之和为 1，因此以平均份额的倍数来读。|这是对所有位置的同一个概括：没有位置被保留或关闭，得到的内容再加到特征上；网络末端的注意力池化则给出答案所依据的全部内容。'],
  help_branches: ['How do I read the branches?', '如何阅读各分支？'],
  help_branches_text: ['For every channel the weights of all branches sum to 1. A branch that is near the same for every photograph chooses nothing.', '对每个通道，各分支的权重之和为 1。若对每张照片都几乎相同，就没有在选择。'],
  help_theta: ['What is the grid?', '网格是什么？'],
  help_theta_text: ['The grid is where the network reads the picture: it sees the content of the grid upright and at full size.', '网格是网络读取图片的位置：网格内的内容会被摆正并放大到整幅。'],
  help_added: ['What do the bars mean?', '这些柱形是什么意思？'],
  help_added_text: ['One number for each channel, the same at every place, added to its features instead of multiplied. A bar of 0 changes nothing.', '每个通道一个数，各处相同，加到特征上而不是相乘。为 0 的柱形不改变任何东西。'],
  gate: ['Gate', '门'],
  gate_choice: ['{number} · {name} · {kind} · {size}', '{number} · {name} · {kind} · {size}'],
  // controls
  look: ['How it is drawn', '绘制方式'],
  opacity: ['Opacity', '不透明度'],
  colours: ['Colours', '配色'],
  scale: ['Scale', '刻度'],
  scale_fixed: ['0 to 1', '0 到 1'],
  scale_stretch: ['stretched', '拉伸'],
  cells: ['Cells', '单元格'],
  cells_exact: ['exact', '原样'],
  cells_smooth: ['smooth', '平滑'],
  order: ['Bars', '柱形'],
  order_index: ['by channel', '按通道'],
  order_sorted: ['highest first', '从高到低'],
  python: ['Copy as Python', '复制为 Python'],
  copied: ['Copied', '已复制'],
  python_text: ['These lines make the same picture:', '以下代码生成同一张图：'],
  save: ['Save picture', '保存图片'],
  // tables
  table: ['The numbers as a table', '以表格查看数值'],
  table_caption: ['{name}: {rows} of {count} values', '{name}：{count} 个值中的 {rows} 个'],
  channel: ['channel', '通道'],
  value: ['value', '值'],
  row: ['row', '行'],
  // prediction
  prediction: ['Answer', '答案'],
  made: ['Made by attnviz {version}', '由 attnviz {version} 生成'],
  // problems
  damaged: ['This view is damaged and cannot be shown. Make it again.', '此视图已损坏，无法显示。请重新生成。'],
  foreign: ['This is no view of attnviz.', '这不是 attnviz 的视图。'],
  version: ['This view is of version {given}; this page shows version {reads}. Make it again with this attnviz.', '此视图的版本为 {given}，而本页面显示版本 {reads}。请用当前的 attnviz 重新生成。'],
  photo_broken: ['The photograph of this view cannot be decoded; the gates are shown without it.', '无法解码此视图的照片；将只显示门。'],
};

export const KEYS = Object.keys(TEXTS);
export const both = (key) => TEXTS[key];

// a text in a language, values put in
export function say(key, language, values = {}) {
  const row = TEXTS[key];
  if (!row) throw new Error(`no text ${key}`);
  return row[Math.max(LANGUAGES.indexOf(language), 0)].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// "en" or "zh" out of any language tag
export const language = (tag) => (String(tag ?? '').toLowerCase().startsWith('zh') ? 'zh' : 'en');
