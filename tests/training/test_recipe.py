import dataclasses
import hashlib
import json

import pytest
import torch

from attnviz.core.errors import UserError
from attnviz.images.noise_channels import append_noise
from attnviz.models.spec import build
from attnviz.training.recipe import BUNDLED, load_recipe, recipe_from_json
from tests.training.conftest import RECIPE


def test_values_arrive(recipe_file):
    recipe = load_recipe(recipe_file())
    assert recipe.model.backbone_options == {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1]}
    assert [recipe.train.size_at(e) for e in range(4)] == [16, 16, 32, 32]
    assert recipe.train.lr == 0.1 and recipe.augment.cutmix == 0.5


def test_the_fingerprint_follows_every_value_that_decides_the_network(recipe_file):
    one = load_recipe(recipe_file()).fingerprint
    assert load_recipe(recipe_file(RECIPE + "seed = 1")).fingerprint != one
    assert load_recipe(recipe_file(RECIPE + "# a comment")).fingerprint == one
    assert load_recipe(recipe_file(RECIPE + "snapshots = [0, 1]")).fingerprint == one


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("epochs = 3", "epoch = 3", "unknown key 'train.epoch'; did you mean 'epochs'"),
        ("[augment]", "[augmnt]", "unknown key 'augmnt'; did you mean 'augment'"),
        ('id = "tiny"', "", "id is missing"),
        ('attention = "cbam"', "", "model.attention is missing"),
        ('id = "tiny"', 'id = "Tiny One"', "lower-case letters, digits and hyphens, got 'Tiny One'"),
        ("epochs = 3", "epochs = 0", "1..10000, got 0"),
        ("epochs = 3", "epochs = 2.5", "train.epochs must be int, got 2.5"),
        ("epochs = 3", "epochs = true", "train.epochs must be int, got True"),
        ("batch_size = 16", "batch_size = 1", "2..65536, got 1"),
        ("sizes = [[0, 16], [2, 32]]", "sizes = [[1, 16]]", "rising epochs"),
        ("sizes = [[0, 16], [2, 32]]", "sizes = [[0, 16], [5, 32], [2, 8]]", "rising epochs"),
        ("sizes = [[0, 16], [2, 32]]", "sizes = []", "rising epochs"),
        ("sizes = [[0, 16], [2, 32]]", 'sizes = "big"', "train.sizes must be"),
        ("warmup_epochs = 1", "warmup_epochs = 3", "[0, epochs), got 3.0"),
        ("warmup_epochs = 1", "lr = -1", "lr must be positive, got -1"),
        ("cutmix = 0.5", "cutmix = 1.5", "[0, 1], got 1.5"),
        ("cutmix = 0.5", "min_area = 0.9\nmax_area = 0.5", "min_area <= max_area"),
        ("cutmix = 0.5", "mixup = -0.1", "mixup must be in [0, 1], got -0.1"),
        ("cutmix = 0.5", "cutmix = 0.5\nmixup = 0.6", "at most 1 together, got 1.1"),
        ("cutmix = 0.5", "aspect = 0.5", "aspect must be at least 1, got 0.5"),
        ("cutmix = 0.5", "colour = 1", "colour must be in [0, 1), got 1.0"),
        ("warmup_epochs = 1", "lr = inf", "train.lr must be float, got inf"),
        ("warmup_epochs = 1", "lr = nan", "train.lr must be float, got nan"),
        ("warmup_epochs = 1", "warmup_epochs = 1\nmomentum = 1", "momentum must be in [0, 1), got 1.0"),
        ("warmup_epochs = 1", "warmup_epochs = 1\nweight_decay = -1", "weight_decay must be at least 0, got -1.0"),
        ("warmup_epochs = 1", "warmup_epochs = 1\nlabel_smoothing = 1", "label_smoothing must be in [0, 1), got 1.0"),
        ("warmup_epochs = 1", "warmup_epochs = 1\nema_decay = 1", "ema_decay must be in [0, 1), got 1.0"),
        ("warmup_epochs = 1", "warmup_epochs = 1\nseed = -1", "seed must be in 0..2147483647, got -1"),
        ("warmup_epochs = 1", "warmup_epochs = 1\nsnapshots = [3, 1]", "rising numbers of at least 0, got [3, 1]"),
        ("eval_every = 2", "eval_every = 0", "eval_every must be at least 1, got 0"),
        ('backbone = "compact-resnet"', 'backbone = "compct-resnet"', "did you mean 'compact-resnet'"),
        ('attention = "cbam"', 'attention = "cbm"', "did you mean 'cbam'"),
        ("size = 32", "size = 4", "model.size must be in 8..1024 pixels, got 4"),
        ("[augment]", "[noise]\nchannels = 65\n[augment]", "noise.channels must be in 0..64, got 65"),
        ("[augment]", '[noise]\nkind = "brown"\n[augment]', "noise.kind must be one of gaussian"),
        ("[augment]", "[noise]\nstrength = -1\n[augment]", "noise.strength must be in [0, 100], got -1.0"),
        ("[augment]", "[noise]\nstrength = 2\n[augment]", "noise.strength need noise.channels in 1..64, got 0"),
        ("[augment]", '[noise]\nkind = "uniform"\npermute = true\n[augment]', "noise.kind and permute need"),
        ("[augment]", "[noise]\nchannels = 0\npermute = true\n[augment]", "noise.permute need noise.channels"),
        ('precision = "32-true"', 'precision = "16"', "32-true or bf16-mixed, got '16'"),
        ("[train]", "[train", "cannot be read as a recipe"),
        ("[model]", "model = 3\n[noise]", "model must be a table, got 3"),
    ],
)
def test_what_is_refused(recipe_file, old, new, text):
    assert old in RECIPE
    with pytest.raises(UserError) as caught:
        load_recipe(recipe_file(RECIPE.replace(old, new)))
    assert text in str(caught.value)


def test_a_missing_recipe_and_a_binary_one(tmp_path):
    with pytest.raises(UserError, match="neither a file nor a bundled recipe; did you mean 'cbam'"):
        load_recipe("cbm")
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read as a recipe"):
        load_recipe(tmp_path / "x.toml")


def test_a_recipe_extends_another(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('extends = "cbam"\nid = "mine"\n[train]\nepochs = 3\nwarmup_epochs = 1')
    mine, base = load_recipe(path), load_recipe("none")
    assert mine.id == "mine" and mine.model.attention == "cbam" and mine.train.epochs == 3
    assert mine.augment == base.augment
    assert dataclasses.replace(mine.train, epochs=base.train.epochs, warmup_epochs=4.0) == base.train
    gated, plain = load_recipe("noise-attention").model, load_recipe("noise-plain").model
    assert gated.backbone_options == {**plain.backbone_options, "position": "first"}
    path.write_text('extends = "nonne"')
    with pytest.raises(UserError, match="none"):
        load_recipe(path)
    path.write_text("extends = 3")
    with pytest.raises(UserError, match="extends"):
        load_recipe(path)


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_bundled_recipe_is_named_after_its_network_and_can_be_built(path):
    recipe = load_recipe(path.stem)
    assert recipe.id == path.stem
    spec = recipe.model_spec(10)
    x = torch.randn(2, 3, *spec.input.size)
    x = x if spec.input.noise is None else append_noise(x, spec.input.noise)[0]
    assert build(spec)(x).shape == (2, 10)


def test_values_that_came_later_leave_old_fingerprints_as_they_were(recipe_file):
    one = load_recipe(recipe_file())
    assert load_recipe(recipe_file(RECIPE + "nesterov = true\ncompile = false")).fingerprint == one.fingerprint
    assert load_recipe(recipe_file(RECIPE + "nesterov = false")).fingerprint != one.fingerprint
    old = one.to_json()
    del old["start"], old["train"]["nesterov"], old["train"]["compile"], old["augment"]["mixup"]
    del old["train"]["snapshots"], old["model"]["fit"], old["model"]["places"]
    known = hashlib.sha256(json.dumps(old, sort_keys=True).encode()).hexdigest()
    assert one.fingerprint == known
    assert recipe_from_json(old) == one and one.with_seed(7).train.seed == 7
