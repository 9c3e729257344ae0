import json

import numpy as np
import pytest
import torch
from PIL import Image

from attnviz.audit.walk import draw
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec, NoiseSpec
from attnviz.gates.discover import find_gates
from attnviz.training.data import load_images, normalise_batch
from attnviz.training.experiments import EXPERIMENTS, noise
from attnviz.training.experiments.noise_effects import effects, recovery
from attnviz.training.experiments.noise_probe import ask, moments, probe
from attnviz.training.experiments.noise_table import table
from attnviz.training.experiments.paired import on_same_images, sentences
from attnviz.training.experiments.runs import find_run, folders, spread
from attnviz.training.recipe import load_recipe

ROW = """
extends = "{base}"
id = "{name}"
[model]
backbone_options = {{ widths = [8, 8, 8, 8], depths = [1, 1, 1, 1]{more} }}
[train]
epochs = 1
batch_size = 16
warmup_epochs = 0
snapshots = []
precision = "32-true"
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two classes, a few images each."""
    root, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for split, count in (("train", 10), ("val", 34)):
        for name, colour in (("red", (220, 40, 40)), ("blue", (40, 40, 220))):
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = np.clip(rng.normal(colour, 30, (32, 32, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{i:02}.png")
    return root


@pytest.fixture(scope="module")
def report(images, tmp_path_factory):
    """What the command writes for two seeds of tiny networks."""
    folder, patch = tmp_path_factory.mktemp("experiment"), pytest.MonkeyPatch()
    for name in noise.FAMILIES["compact"]:
        more = ', position = "first"' if name in ("noise-attention", "noise-permuted") else ""
        (folder / f"tiny-{name}.toml").write_text(ROW.format(base=name, name=name, more=more))
    read = load_recipe
    patch.setattr("attnviz.training.recipe.load_recipe", lambda name: read(folder / f"tiny-{name}.toml"))
    out = folder / "noise.json"
    call = ["experiment", "noise", "--data", str(images), "--runs", str(folder / "runs"), "--out", str(out)]
    try:
        assert main([*call, "--seeds", "0,3", "--images", "68"]) == 0
        first = {p: p.stat().st_mtime_ns for p in (folder / "runs").rglob("*.safetensors")}
        more = [*call, "--seeds", "0,3,5", "--images", "68", "--no-train", "--table"]
        assert main(more) == 2, "results of other seeds were replaced"
        # the second time nothing is trained
        assert main([*more, "--force"]) == 0
        assert {p: p.stat().st_mtime_ns for p in (folder / "runs").rglob("*.safetensors")} == first
    finally:
        patch.undo()
    return json.loads(out.read_text()), folder


def test_the_report_has_every_measurement(report):
    values, _ = report
    assert "--seeds 0,3,5 " in values["command"]
    assert [row["recipe"] for row in values["rows"]] == list(noise.FAMILIES["compact"])
    assert all(row["seeds"] == [0, 3] and row["top1"]["n"] == 2 for row in values["rows"])
    assert set(values["gates"]) == {"noise-attention", "noise-permuted"}
    assert list(values["kinds"]) == list(noise.NOISES) and list(values["strengths"]) == [
        "0.25",
        "0.5",
        "1",
        "2",
        "4",
        "8",
    ]
    for run in values["gates"]["noise-attention"]["runs"]:
        assert run["ratio"] == pytest.approx(min(run["scores"][:3]) / max(run["scores"][3:]), rel=1e-2)
    assert len(values["positions"]["orders"]) == 6
    assert all(len({order[p] for order in values["positions"]["orders"]}) == 6 for p in range(6))
    assert len(values["moments"]["indices"]) == len(values["moments"]["mean"]) == 64
    assert {run["seed"] for run in values["runs"]} == {0, 3} and values["data"]["fingerprint"]


def test_the_table_names_the_reference_and_every_row(report):
    text = EXPERIMENTS["noise"].table(report[0])
    assert "84.53 / 83.73 / 84.34 %" in text and "131×" in text and "76 %" in text
    for name in noise.FAMILIES["compact"]:
        assert f"| {name} |" in text
    assert table(report[0]) == text


def test_the_scores_are_the_gates_own(report, images):
    _, folder = report
    run = find_run(folder / "runs", load_recipe(folder / "tiny-noise-attention.toml"), 3)
    val = load_images(images, "val", InputSpec((32, 32)))
    chosen = draw(len(val), 64)
    spec = NoiseSpec(order=(3, 0, 4, 1, 5, 2), seed=2)
    answer = ask([probe(run.network)], val, chosen, spec)[0]
    x = normalise_batch(val.images[chosen], run.network.spec.input.mean, run.network.spec.input.std)
    from attnviz.images.noise_channels import append_noise

    both, _ = append_noise(x, spec)
    gate = run.network.module.attention
    with torch.no_grad():
        mlp = lambda v: gate.expand(torch.relu(gate.reduce(v)))  # noqa: E731
        wanted = torch.sigmoid(mlp(both.mean((2, 3))) + mlp(both.amax((2, 3))))
        right = run.network.module(both).argmax(1) == val.targets[chosen]
    torch.testing.assert_close(answer.scores, wanted)
    assert torch.equal(answer.right, right)
    by_content = wanted.mean(0)[[1, 3, 5, 0, 2, 4]]
    np.testing.assert_allclose(answer.by_content(), by_content, rtol=1e-5)
    np.testing.assert_allclose(answer.by_position(), wanted.mean(0), rtol=1e-5)
    told = moments(val, chosen, run.network)
    np.testing.assert_allclose(told["mean"], x.mean((2, 3)), atol=1e-5)
    np.testing.assert_allclose(told["max"], x.amax((2, 3)), atol=1e-5)
    assert find_gates(run.network.module, both[:1])


def test_a_run_of_another_recipe_or_seed_is_not_taken(report, tmp_path):
    _, folder = report
    recipe = load_recipe(folder / "tiny-noise-attention.toml")
    assert find_run(folder / "runs", recipe, 4) is None
    with pytest.raises(UserError, match="another recipe"):
        find_run(folder / "runs", load_recipe("noise-attention"), 3)
    assert [p.name for p in folders(tmp_path, recipe, 0)] == [
        "noise-attention-0",
        "noise-attention-seed0",
        "noise-attention",
    ]


@pytest.mark.parametrize(("content", "position"), [(True, False), (False, True), (True, True)])
def test_content_and_position_are_told_apart(content, position):
    orders = [[(p - shift) % 6 for p in range(6)] for shift in range(6)]
    by_position = torch.tensor(
        [
            [10.0 ** (-(content and channel >= 3) - (position and p >= 3)) for p, channel in enumerate(order)]
            for order in orders
        ]
    )
    told = effects(by_position, orders)
    share = 1 / (content + position)
    assert told["explained_by_content"] == pytest.approx(share * content, abs=1e-3)
    assert told["explained_by_position"] == pytest.approx(share * position, abs=1e-3)
    assert told["content"][0] / told["content"][5] == pytest.approx(10 if content else 1, rel=1e-3)


def test_recovery_only_where_noise_costs_something_beyond_chance():
    told = recovery([84.0, 84.2, 84.1], [82.0, 82.2, 82.1], [83.0, 83.2, 83.1])
    assert told["recovered"] == pytest.approx(0.5) and told["interval"][0] < 0.5 < told["interval"][1]
    assert "from chance" in recovery([84.0, 82.0], [83.5, 82.0], [83.0, 84.0])["why"]
    assert "from chance" in recovery([82.0, 82.2, 82.1], [84.0, 84.2, 84.1], [83.0, 83.2, 83.1])["why"]
    assert "two seeds" in recovery([84.0], [82.0], [83.0])["why"]


def test_spread_of_one_seed_has_no_sd():
    assert spread([3.0]) == {"mean": 3.0, "sd": None, "n": 1, "values": [3.0]}
    assert spread([3.0, 5.0])["sd"] == pytest.approx(2**0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--no-train"], "no finished run"),
        (["--family", "compct"], "did you mean 'compact'"),
    ],
)
def test_what_the_command_refuses(images, tmp_path, capsys, options, text):
    new = ["--out", str(tmp_path / "new.json")]
    assert main(["experiment", "noise", "--data", str(images), "--runs", str(tmp_path), *new, *options]) == 2
    assert text in capsys.readouterr().err


def test_an_unknown_experiment_is_one_sentence(images, capsys):
    assert main(["experiment", "nois", "--data", str(images)]) == 2
    assert "did you mean 'noise'" in capsys.readouterr().err


def test_one_seed_each_is_compared_image_by_image(report, images):
    values, folder = report
    names = noise.FAMILIES["compact"]
    read = [load_recipe(folder / f"tiny-{name}.toml") for name in names]
    runs = [find_run(folder / "runs", recipe, 0) for recipe in read]
    pairs = [(names[1], names[0]), (names[2], names[1])]
    told = on_same_images(runs, pairs, images)
    top1 = {run.row: run.card.metrics["top1"] for run in runs}
    for one, (of, beside) in zip(told, pairs, strict=True):
        assert one["points"] == pytest.approx(top1[of] - top1[beside], abs=0.02)
        assert one["interval"][0] <= one["points"] <= one["interval"][1] and 0 < one["p"] <= 1
    assert f"`{names[1]}` less that of `{names[0]}`: " in sentences(told)[0]
    again = on_same_images(runs, [(names[0], names[0])], images)
    unseen = round(100 * 3 / 68, 2)  # none of 68 answers was another one: 3 of 68 others may be
    assert again[0]["points"] == 0 and again[0]["interval"] == [-unseen, unseen] and again[0]["p"] == 1
    assert on_same_images([*runs, find_run(folder / "runs", read[0], 3)], pairs, images) == [told[1]]
    assert values["same_images"] == []  # two seeds of each have an interval over seeds
