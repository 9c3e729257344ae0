"""Numbers of too many digits, lists nested too deep and digits of other scripts are refused in one sentence."""

import json
from pathlib import Path

import pytest

from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.explain.faithfulness.curves import Protocol
from attnviz.explain.faithfulness.study import Plan
from attnviz.models.checkpoints import load_card
from attnviz.models.labels import read_labels
from attnviz.models.results import check_results, read_results
from attnviz.training.recipe import load_recipe

HUGE, DEEP = "9" * 5000, "[" * 100_000 + "]" * 100_000
TEXTS = {"too many digits": HUGE, "nested too deep": DEEP, "never closed": "[" * 100_000}


@pytest.fixture(autouse=True)
def here(checkpoints, monkeypatch, tmp_path):
    monkeypatch.setenv("ATTNVIZ_CHECKPOINTS", str(checkpoints))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("output", ["²", "--5", "٣", "1²", "9" * 5000, "-" * 8])
def test_an_output_that_is_no_number_is_a_name(output, capsys):
    assert main(["gates", "cbam", f"--output={output}"]) == 2
    assert capsys.readouterr().err.startswith("attnviz: ")


@pytest.mark.parametrize("seeds", ["²", "1,²", "٣", HUGE, "1,,2", "-1", "0x1"])
def test_seeds_are_numbers(seeds, capsys):
    assert main(["experiment", "noise", "--data", "data", f"--seeds={seeds}"]) == 2
    assert "--seeds are different whole numbers" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["99999999999999999999999", str(2**63), "-1"])
def test_a_seed_is_what_torch_takes(seed, capsys):
    assert main(["faithfulness", "cbam", "--data", "data", "--images", "5", f"--seed={seed}"]) == 2
    assert f"seed must be a whole number in 0..{2**63 - 1}, got {seed}" in capsys.readouterr().err
    with pytest.raises(UserError, match="seed must be"):
        Plan(seed=int(seed))
    assert Protocol(seed=2**63 - 1).seed == 2**63 - 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    "command",
    [
        ["describe", "cbam", "--option", "reduction={}"],
        ["cost", "resnet", "--option", "width={}"],
        ["train", "none", "--data", "data", "--set", "train.epochs={}"],
    ],
    ids=lambda command: command[0],
)
def test_a_value_of_an_option(command, text, capsys):
    assert main([part.format(text) for part in command]) == 2
    assert capsys.readouterr().err.startswith("attnviz: ")


@pytest.mark.parametrize("text", [*TEXTS.values(), "0x" + "f" * 5000], ids=[*TEXTS, "hexadecimal"])
def test_a_recipe(text):
    Path("big.toml").write_text(f'extends = "none"\n[train]\nepochs = {text}\n')
    with pytest.raises(UserError, match=r"big\.toml cannot be read as a recipe"):
        load_recipe("big.toml")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_files_of_json(text, checkpoints):
    Path("big.json").write_text(text)
    with pytest.raises(UserError, match=r"big\.json is no JSON"):
        read_labels(Path("big.json"))
    with pytest.raises(UserError, match="does not say with which settings"):
        check_results(Path("big.json"), {})
    assert read_results("big", Path()) is None
    card = json.loads((checkpoints / "se.json").read_text())
    Path("own.json").write_text(json.dumps({**card, "metrics": 1}).replace('"metrics": 1', f'"metrics": {text}'))
    Path("own.safetensors").write_bytes((checkpoints / "se.safetensors").read_bytes())
    with pytest.raises(UserError, match=r"own\.json cannot be read as a card"):
        load_card(Path("own"))
