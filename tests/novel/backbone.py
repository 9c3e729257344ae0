"""Two convolutions with attention between them."""

import torch
from torch import nn

from attnviz.backbones.blocks import attach, check_common, he_init, init_attention, mean_of_places


class Novel(nn.Module):
    """``conv, ReLU, attention, conv, ReLU``, mean pooling and the classifier; a test's own network."""

    def __init__(self, attention, num_classes=10, in_channels=3):
        super().__init__()
        check_common(num_classes, in_channels)
        self.conv1 = nn.Conv2d(in_channels, 48, 3, stride=2, padding=1)
        self.attention = attach(attention, 48, branch=False)
        self.conv2 = nn.Conv2d(48, 16, 3, padding=1)
        self.classifier = nn.Linear(16, num_classes)
        he_init(self)
        init_attention(self)

    def forward(self, x):
        x = self.attention(torch.relu(self.conv1(x)))
        return self.classifier(mean_of_places(torch.relu(self.conv2(x))))
