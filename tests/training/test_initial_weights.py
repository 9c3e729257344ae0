"""Beginning with the weights of another checkpoint, some of them frozen."""

import shutil

import pytest
import torch

from attnviz.core.errors import UserError
from attnviz.models.checkpoints import load
from attnviz.models.spec import build
from attnviz.training.initial_weights import begin
from attnviz.training.loop import Trainer
from attnviz.training.recipe import load_recipe
from attnviz.training.recipe_fields import StartPart
from tests.training.conftest import RECIPE, run_until


@pytest.fixture(scope="module")
def base(data, tmp_path_factory):
    """A run of the tiny recipe on three classes; its checkpoint is ``tiny``."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "recipe.toml").write_text(RECIPE)
    Trainer(load_recipe(folder / "recipe.toml"), data, folder / "run").run()
    return folder / "run" / "tiny"


@pytest.fixture
def two_classes(data, tmp_path):
    for split in ("train", "val"):
        for name in ("red", "green"):
            shutil.copytree(data / split / name, tmp_path / "two" / split / name)
    return tmp_path / "two"


def transfer(base, freeze):
    text = RECIPE.replace('id = "tiny"', 'id = "moved"')
    return f"{text}[start]\nweights = '{base}'\nfreeze = {freeze}\n"


def test_frozen_layers_keep_what_they_began_with(base, two_classes, recipe_file, tmp_path):
    recipe = load_recipe(recipe_file(transfer(base, '["stem", "stage1"]')))
    run = Trainer(recipe, two_classes, tmp_path / "run")
    before = {name: value.clone() for name, value in run.plain.state_dict().items()}
    assert torch.equal(before["stage2.0.conv1.0.weight"], load(base).module.state_dict()["stage2.0.conv1.0.weight"])
    card = run.run()
    moved, source = load(tmp_path / "run" / "moved").module.state_dict(), load(base).module.state_dict()
    for name, value in moved.items():
        if name.startswith(("stem.", "stage1.")):
            assert torch.equal(value, source[name]), f"{name} is frozen"
    for part in ("stage2.", "stage4.", "classifier."):
        assert not any(torch.equal(v, before[n]) for n, v in moved.items() if n.startswith(part) and v.ndim > 1)
    told = card.training["start"]
    assert told == {
        "checkpoint": "tiny",
        "sha256": load(base).card.sha256,
        "fresh": ["classifier.bias", "classifier.weight"],
    }
    assert card.labels == ("green", "red") and len(moved["classifier.bias"]) == 2


def test_such_a_run_goes_on_where_it_was_stopped(base, data, recipe_file, tmp_path):
    recipe = load_recipe(recipe_file(transfer(base, '["stem"]')))
    Trainer(recipe, data, tmp_path / "whole").run()
    run_until(Trainer(recipe, data, tmp_path / "parts"), 2)
    Trainer(recipe, data, tmp_path / "parts").run()
    whole, parts = (load(tmp_path / name / "moved").module.state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_the_same_classes_keep_their_classifier(base, recipe_file):
    network = build(load_recipe(recipe_file()).model_spec(3))
    assert begin(network, StartPart(str(base)))["start"]["fresh"] == []
    assert torch.equal(network.classifier.weight, load(base).module.classifier.weight)
    assert begin(network, StartPart()) == {}


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (StartPart("cbam"), "'cbam' is another network"),
        (StartPart("nonesuch"), "nonesuch"),
        (StartPart(freeze=["stage9"]), "no module 'stage9' to freeze; did you mean 'stage"),
        (StartPart(freeze=[""]), "no module ''"),
        (StartPart(freeze=["stem", "stage1", "stage2", "stage3", "stage4", "classifier"]), "nothing to train"),
    ],
)
def test_what_cannot_be_begun_is_refused_before_the_data_are_read(part, said, recipe_file):
    network = build(load_recipe(recipe_file()).model_spec(3))
    with pytest.raises(UserError, match=said):
        begin(network, part)


def test_a_recipe_that_begins_elsewhere_is_another_recipe(base, recipe_file, data, tmp_path):
    plain, moved = load_recipe(recipe_file()), load_recipe(recipe_file(transfer(base, "[]")))
    assert plain.fingerprint != moved.fingerprint
    wrong = load_recipe(recipe_file(RECIPE + '[start]\nfreeze = ["head"]\n'))
    with pytest.raises(UserError, match="start.freeze has no module 'head'"):
        Trainer(wrong, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_bundled_transfer_recipes_begin_with_the_network_of_their_base():
    for name in ("vgg-local-transfer", "cbam-transfer"):
        recipe = load_recipe(name)
        assert recipe.model == load_recipe(recipe.start.weights).model
        network = build(recipe.model_spec(7))
        begin(network, StartPart(freeze=recipe.start.freeze))
        fixed = {n: p.numel() for n, p in network.named_parameters() if not p.requires_grad}
        assert 0 < sum(fixed.values()) < sum(p.numel() for p in network.parameters()) / 2
        assert next(iter(network.state_dict())) in fixed and not any(n.startswith("classifier") for n in fixed)
