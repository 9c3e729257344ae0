"""Networks whose gates are known to matter or not, and photographs of three colours."""

import numpy as np
import pytest
import torch
from torch import nn

LABELS = ("red", "green", "blue")
PHOTOGRAPHS = 480


def photographs(count=PHOTOGRAPHS, side=12):
    """Noisy pictures of one dominant colour each, and the colour's number."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, count)
    pictures = rng.normal(100, 40, (count, side, side, 3))
    pictures[np.arange(count), :, :, classes] += rng.normal(80, 20, (count, 1, 1))
    return list(np.clip(pictures, 0, 255).astype(np.uint8)), classes


class Gated(nn.Module):
    """The answer is where the features, weighed by the gate, are largest.

    Args:
        gate: From the features' means (N, 3) to what goes into the sigmoid.
        share: How much of the features is the photograph; the rest is the same for all.
    """

    def __init__(self, gate, share):
        super().__init__()
        self.gate, self.share = gate, share

    def forward(self, x):
        weights = torch.sigmoid(self.gate(x.mean((2, 3))))[:, :, None, None]
        features = 1 + self.share * (x - x.mean((1, 2, 3), keepdim=True))
        return 10 * (features * weights).mean((2, 3))


def follows(means):
    """More weight for the colour that is there more."""
    return 12 * (means - means.mean(1, keepdim=True))


def frozen(means):
    """The same for every photograph, as if it had been set to its mean."""
    return 0 * means + torch.tensor([0.2, 0.0, -0.2])


def of_another(means):
    """What the weights of another photograph of the batch would be, if much weaker."""
    return follows(means.roll(1, 0)) / 40


def prepared(net):
    """A network as it is adopted, for pictures of 12×12."""
    from attnviz.core.input_spec import InputSpec
    from attnviz.models.wrap import wrap

    return wrap(net.eval(), transform=InputSpec(size=(12, 12)), labels=LABELS, scores="softmax")


@pytest.fixture(scope="session")
def follower():
    return prepared(Gated(follows, 0.1))


@pytest.fixture(scope="module")
def images(data):
    """The validation split in memory, as it is trained on: what is measured over files is compared with it."""
    from attnviz.core.input_spec import InputSpec
    from attnviz.training.data import load_images

    return load_images(data, "val", InputSpec((32, 32)))


@pytest.fixture(scope="module", name="photographs")
def photographs_of_squares(data, images):
    """The same split as files in a folder."""
    from attnviz.audit.photographs import in_folder

    return in_folder(data, images.labels)
