import pytest

from attnviz.errors import UserError
from attnviz.models import build
from attnviz.training.recipe import BUNDLED, load_recipe
from tests.training.conftest import RECIPE


@pytest.mark.parametrize("name", sorted(p.stem for p in BUNDLED.glob("*.toml")))
def test_bundled_recipes_are_valid_and_build(name):
    recipe = load_recipe(name)
    assert recipe.id == name
    build(recipe.model_spec(10))


def test_values_arrive(recipe_file):
    recipe = load_recipe(recipe_file())
    assert recipe.model.backbone_options == {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1]}
    assert [recipe.train.size_at(e) for e in range(4)] == [16, 16, 32, 32]
    assert recipe.train.lr == 0.1 and recipe.augment.cutmix == 0.5


def test_the_fingerprint_follows_every_value(recipe_file):
    one = load_recipe(recipe_file()).fingerprint
    assert load_recipe(recipe_file(RECIPE + "seed = 1")).fingerprint != one
    assert load_recipe(recipe_file(RECIPE + "# a comment")).fingerprint == one


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
        ('precision = "32-true"', 'precision = "16"', "32-true or bf16-mixed, got '16'"),
        ("[train]", "[train", "cannot be read as a recipe"),
        ("[model]", "model = 3\n[other]", "model must be a table, got 3"),
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
