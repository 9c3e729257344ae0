"""A network is shown in use what it was shown in training, pixel by pixel."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from attnviz.core.input_spec import FITS, InputSpec
from attnviz.images.decode import open_photograph
from attnviz.images.prepare import prepare
from attnviz.models.checkpoints import checkpoint_ids, load_card
from attnviz.models.network import Network
from attnviz.models.spec import ModelSpec
from attnviz.training.data import load_images, prepare_batch
from attnviz.training.loop import Trainer
from attnviz.training.recipe import BUNDLED, load_recipe, recipe_from_json
from tests.training.conftest import RECIPE

SIZES = {"a": [(160, 120), (120, 160)], "b": [(60, 180), (128, 128)]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photographs of 4:3, 3:4, 1:3 and 1:1, in two classes."""
    root, rng = tmp_path_factory.mktemp("shapes"), np.random.default_rng(0)
    for split in ("train", "val"):
        for name, sizes in SIZES.items():
            (root / split / name).mkdir(parents=True)
            for i, (width, height) in enumerate(sizes):
                pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{i}.png")
    return root


def in_use(spec, path):
    """Pixels and input of a photograph, as the app makes them."""
    image = prepare(open_photograph(path), spec)
    network = Network("net", torch.nn.Linear(1, 1), SimpleNamespace(input=spec), ("a", "b"))
    return image.network, network.given(image)


@pytest.mark.parametrize("name", checkpoint_ids())
def test_training_and_use_prepare_a_photograph_alike(name, folder):
    card = load_card(name)
    trained = load_images(folder, "val", recipe_from_json(card.training["recipe"]).model.input())
    for i, path in enumerate(sorted((folder / "val").rglob("*.png"))):
        pixels, x = in_use(card.spec.input, path)
        assert np.array_equal(trained.images[i].permute(1, 2, 0), pixels)
        torch.testing.assert_close(prepare_batch(trained.images[i : i + 1], card.spec.input), x, rtol=0, atol=1e-5)


@pytest.mark.parametrize("fit", FITS)
def test_a_trainer_loads_its_pictures_as_its_card_will_say(fit, folder, recipe_file, tmp_path):
    text = RECIPE.replace("size = 32\n", f'size = 32\nfit = "{fit}"\n').replace("batch_size = 16", "batch_size = 2")
    trainer = Trainer(load_recipe(recipe_file(text)), folder, tmp_path / "run")
    spec = trainer.spec.input
    assert spec.fit == fit
    for images, split in ((trainer.val_set, "val"), (trainer.train_set, "train")):
        for i, path in enumerate(sorted((folder / split).rglob("*.png"))):
            assert np.array_equal(images.images[i].permute(1, 2, 0), in_use(spec, path)[0])


def test_recipes_of_imagenette_squash_and_a_card_that_does_not_say_crops():
    recipes = [load_recipe(path.stem) for path in BUNDLED.glob("*.toml")]
    fits = {recipe.model.fit for recipe in recipes if "Imagenette" in recipe.data}
    assert fits == {"squash"} and any(recipe.data == "CIFAR-10" for recipe in recipes)
    for name in checkpoint_ids():
        card = load_card(name)
        assert (card.spec.input.fit == "squash") == ("Imagenette" in card.data["name"]), name
    old = ModelSpec("compact-resnet", "se", 3).to_json()
    del old["input"]["fit"]
    assert ModelSpec.from_json(old).input == InputSpec(fit="crop")
