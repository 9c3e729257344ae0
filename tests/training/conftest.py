import pytest

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
