"""A gate for every row: ``y = x · σ(conv(mean over C and W))``."""

import torch
from torch import nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, zero
from attnviz.attention.stepwise import Stepwise


class RowGate(Stepwise):
    """One weight a channel and row, from the mean of the row; a test's own type."""

    DESCRIPTION = Description(
        title="Row gate",
        formula="y = x · σ(w · mean_W(x) + b)",
        paper="nobody, never",
        symbols=lambda m, h, w: {"C": m.channels},
        parameters="C*C + C",
    )

    def __init__(self, channels):
        super().__init__()
        self.channels = check_channels(channels)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.gate = Gate("strip")

    def start_neutral(self):
        zero(self.mix)
        return 0.5

    def forward(self, x):
        check_features(x, self.channels, dims=2)
        rows = x.mean(3, keepdim=True)
        self.step("novel_rows", rows, "C H 1", "bars", "z = mean_{W}(x)", "mean of every row", worked="z = {here}")
        gate = self.gate(torch.sigmoid(self.mix(rows)), x)
        self.step("novel_gate", gate, "C H 1", "gate", "g = σ(w z + b)", "1×1 conv, σ: the gate")
        scaled = x * gate
        self.step("novel_scaled", scaled, "C H W", "features", "y = x × g", "features × gate", x=x)
        return scaled
