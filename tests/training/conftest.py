import numpy as np
import pytest
from PIL import Image

RECIPE = """
id = "tiny"
title = "Tiny"
[model]
backbone = "compact-resnet"
attention = "cbam"
size = 32
backbone_options = { widths = [8, 8, 8, 8], depths = [1, 1, 1, 1] }
[augment]
cutmix = 0.5
[train]
epochs = 3
batch_size = 16
sizes = [[0, 16], [2, 32]]
warmup_epochs = 1
eval_every = 2
precision = "32-true"
"""


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Three classes that a glance tells apart, 24 training and 8 validation images each."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for split, count in (("train", 24), ("val", 8)):
        for name, colour in (("red", (200, 40, 40)), ("green", (40, 200, 40)), ("n02102040", (40, 40, 200))):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = np.clip(rng.normal(colour, 40, (40, 50, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i:02}.png")
    return root


@pytest.fixture
def recipe_file(tmp_path):
    def write(text=RECIPE):
        path = tmp_path / "recipe.toml"
        path.write_text(text)
        return path

    return write


def run_until(trainer, epoch):
    """Run, and be interrupted before an epoch, counted from 0."""
    original = trainer.train_epoch

    def train_epoch(number, bar):
        if number == epoch:
            raise KeyboardInterrupt
        return original(number, bar)

    trainer.train_epoch = train_epoch
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
