"""Published results are not replaced by a trial."""

import json

import pytest

from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.models.results import check_results, write_results

FULL = {"images": 200, "seeds": [0, 1], "method": "grad-cam"}


def test_the_same_settings_may_write_again_and_others_may_not(tmp_path):
    file = tmp_path / "new" / "x.json"
    write_results(file, {"top1": 1.0}, FULL)
    write_results(file, {"top1": 2.0}, FULL)
    assert json.loads(file.read_text()) == {"top1": 2.0, "settings": FULL}
    for changed in ({"images": 4}, {"seeds": [0]}, {"seeds": (0, 1, 2)}, {"method": "occlusion"}, {"data": "abc"}):
        with pytest.raises(UserError, match="--out, or --force") as caught:
            write_results(file, {"top1": 3.0}, {**FULL, **changed})
        assert next(iter(changed)) in str(caught.value)
    assert json.loads(file.read_text())["top1"] == 2.0
    write_results(file, {"top1": 3.0}, {**FULL, "images": 4}, force=True)
    assert json.loads(file.read_text())["settings"]["images"] == 4


@pytest.mark.parametrize("content", [b"{}", b"[]", b"no json", b"\xff\xfe", b'{"settings": 3}'])
def test_a_file_that_does_not_say_its_settings_stays(tmp_path, content):
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(UserError, match="does not say with which settings"):
        check_results(file, FULL)
    check_results(file, FULL, force=True)


def test_what_is_not_known_yet_is_no_difference(tmp_path):
    file = tmp_path / "x.json"
    write_results(file, {}, {**FULL, "data": "abc"})
    check_results(file, FULL)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("faithfulness-cbam", ["faithfulness", "cbam", "--images", "4"]),
        ("types", ["experiment", "types", "--no-train", "--seeds", "0"]),
        ("noise", ["experiment", "noise", "--no-train", "--images", "4"]),
        ("ablations", ["ablate", "cbam", "--images", "4", "--out", "results/ablations.json"]),
    ],
)
def test_every_command_refuses_before_it_measures(tmp_path, monkeypatch, capsys, name, command):
    """There are no data: a command that looked at them first would say so."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "results" / f"{name}.json"
    file.parent.mkdir()
    file.write_text('{"published": true}')
    assert main([*command, "--data", "nowhere"]) == 2
    said = capsys.readouterr().err
    assert f"{name}.json holds results" in said and "--force" in said
    assert file.read_text() == '{"published": true}'
    assert main([*command, "--data", "nowhere", "--force"]) == 2
    assert "holds results" not in capsys.readouterr().err


def test_a_case_is_replaced_by_the_same_command_only(tmp_path, capsys):
    from benchmarks.cases import add_case

    file = tmp_path / "cases.json"
    for ratio, command in ((1, "long"), (2, "long")):
        add_case(file, {"recipe": "se", "command": command, "ratio": ratio})
    add_case(file, {"recipe": "cbam", "command": "quick", "ratio": 3})
    with pytest.raises(UserError, match="holds se by `long`; give another --out, or --force"):
        add_case(file, {"recipe": "se", "command": "quick", "ratio": 4})
    assert [case["ratio"] for case in json.loads(file.read_text())["cases"]] == [2, 3]
    add_case(file, {"recipe": "se", "command": "quick", "ratio": 4}, force=True)
    assert [case["ratio"] for case in json.loads(file.read_text())["cases"]] == [3, 4]
