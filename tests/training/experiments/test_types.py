import json

import pytest

from attnviz.cli.main import main
from attnviz.core.numbers import signed
from attnviz.training.experiments import EXPERIMENTS, types
from attnviz.training.experiments.runs import train_run
from attnviz.training.experiments.types_table import accuracy, gates_matter, table
from attnviz.training.recipe import BUNDLED, load_recipe
from tests.training.experiments.test_noise import ROW

TRAINED = (("none-30", 0), ("se-30", 0), ("se-30", 1), ("spatial-30", 0))


@pytest.fixture(scope="module")
def report(data, tmp_path_factory):
    """What the command writes where three recipes have runs, one of them with two seeds."""
    folder, patch, read = tmp_path_factory.mktemp("types"), pytest.MonkeyPatch(), load_recipe
    for name in types.FAMILIES["compact-30"]:
        (folder / f"tiny-{name}.toml").write_text(ROW.format(base=name, name=name, more="") + "sizes = [[0, 32]]\n")
    patch.setattr("attnviz.training.recipe.load_recipe", lambda name: read(folder / f"tiny-{name}.toml"))
    out = folder / "types.json"
    try:
        for name, seed in TRAINED:
            train_run(folder / "runs", read(folder / f"tiny-{name}.toml"), seed, data)
        call = ["experiment", "types", "--data", str(data), "--runs", str(folder / "runs"), "--out", str(out)]
        assert main([*call, "--seeds", "0,1", "--no-train"]) == 0
        assert main([*call, "--seeds", "0", "--no-train", "--images", "99"]) == 2
    finally:
        patch.undo()
    return json.loads(out.read_text())


def test_every_recipe_of_a_family_is_there():
    assert all((BUNDLED / f"{name}.toml").is_file() for family in types.FAMILIES.values() for name in family)
    for name in types.FAMILIES["compact-30"]:
        assert load_recipe(name).train.epochs == 30


def test_rows_without_a_run_are_absent_and_seeds_are_gathered(report):
    rows = {row["name"]: row for row in report["rows"]}
    assert list(rows) == ["none-30", "se-30", "spatial-30"]
    assert rows["se-30"]["top1"]["n"] == 2 and rows["se-30"]["seeds"] == [0, 1]
    assert [told["seed"] for told in rows["se-30"]["ablations"]] == [0, 1]
    assert rows["none-30"]["ablations"][0]["gates"] == {} and "focus" not in rows["se-30"]
    assert len(rows["spatial-30"]["focus"][0]["gates"]) == 4
    for row in rows.values():
        assert len(row["per_class"]) == 3 and row["macs"] > 10_000 and row["parameters"] > 100
        told = row["ablations"][0]
        assert told["images"] == {"count": 24, "of": 24, "seed": 0}
        assert told["top1"] == pytest.approx(row["top1"]["values"][0], abs=0.01)  # as the card says


def test_the_tables_say_what_was_measured(report):
    text = EXPERIMENTS["types"].table(report)
    assert text == table(report)
    assert "| `se-30` | 4 channel |" in text and "± " in text and "of 2 [" in text
    assert "of 9 such tests, chance alone would give about 0.5" in text
    assert "| `none-30` |" not in gates_matter(report["rows"]) and gates_matter(report["rows"][:1]) == ""
    assert "| `spatial-30` |" in text and "random maps" in text


def test_bold_is_only_what_is_beyond_chance():
    one = {"change": -1.5, "interval": [-2.0, -1.0], "changed": 7.0, "beyond_chance": True}
    none = {**one, "change": 0.0, "interval": [-0.1, 0.1], "beyond_chance": False}
    told = {"gates": {"channel": 2}, "images": {"count": 9, "of": 9}, "batch": 64, "top1": 90.0}
    row = {"name": "x", "ablations": [{**told, "mean": one, "shuffle": none, "neutral": one}]}
    line = gates_matter([row]).splitlines()[2]
    assert "**\N{MINUS SIGN}1.50** (\N{MINUS SIGN}2.00 to \N{MINUS SIGN}1.00) [7.0 %]" in line
    assert "| 0.00 (\N{MINUS SIGN}0.10 to +0.10) [7.0 %] |" in line
    assert signed(0.001) == signed(-0.001) == "0.00" and signed(2.5) == "+2.50"


def test_a_difference_needs_two_seeds_of_both_and_comes_with_its_interval():
    def row(name, *top1):
        spread = {"mean": sum(top1) / len(top1), "sd": 0.1 if len(top1) > 1 else None, "n": len(top1), "values": top1}
        attention = name.removesuffix("-30")
        return {"name": name, "title": name, "attention": attention, "parameters": 1, "macs": 1e6, "top1": spread}

    rows = [row("none-30", 85.0, 85.2, 85.4), row("se-30", 85.1, 85.3, 85.5), row("eca-30", 87.0, 87.2, 87.4)]
    lines = accuracy([*rows, row("gc-30", 86.0)]).splitlines()
    assert (
        lines[0].endswith("| beside `none-30` (Welch's 95 % interval) |")
        and lines[2].endswith("|  |")
        and lines[5].endswith("|  |")
    )
    assert "| +0.10 (−" in lines[3] and ", p = 0." in lines[3]
    assert "| +2.00 (+" in lines[4] and ", p < 0.001" in lines[4]
    assert "beside" not in accuracy([row("none-30", 85.0), *rows[1:]])
    assert len({line.count("|") for line in lines}) == 1


def test_without_a_run_there_is_nothing_to_measure(data, tmp_path, capsys):
    new = ["--out", str(tmp_path / "new.json")]
    assert main(["experiment", "types", "--data", str(data), "--runs", str(tmp_path), *new, "--no-train"]) == 2
    assert "no finished run" in capsys.readouterr().err
