import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import attnviz
from attnviz.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


def test_explore_writes_pictures_and_numbers(checkpoints, photograph, tmp_path, capsys):
    photograph.save(tmp_path / "photo.jpg")
    out = tmp_path / "out"
    assert main(["explore", str(tmp_path / "photo.jpg"), "--model", str(checkpoints / "cbam"), "--out", str(out)]) == 0
    assert len(list(out.glob("overlay-*.png"))) == 4
    assert (out / "gates.csv").is_file() and json.loads((out / "analysis.json").read_text())["model"] == "cbam"
    assert "%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"photo": "missing.jpg"}, "missing.jpg"),
        ({"photo": "text.jpg"}, "attnviz reads JPEG"),
        ({"photo": "."}, ""),
        ({"model": "cbm"}, "no checkpoint"),
        ({"cmap": "jet"}, "jet"),
        ({"scale": "huge"}, "huge"),
        ({"opacity": "7"}, "0..1"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(checkpoints, photograph, tmp_path, capsys, change, text, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photograph.save("photo.jpg")
    (tmp_path / "text.jpg").write_text("this is no picture")
    given = {
        "photo": "photo.jpg",
        "model": str(checkpoints / "cbam"),
        "cmap": "viridis",
        "scale": "fixed",
        "opacity": "0.5",
    }
    given.update(change)
    options = [f"--{k}={v}" for k, v in given.items() if k != "photo"]
    assert main(["explore", given["photo"], *options, "--out", "out"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("attnviz: ") and text in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["explore"], ["train", "cbam"]])
def test_wrong_usage_is_status_2(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_training_without_a_recipe_or_data(tmp_path, capsys):
    assert main(["train", "cbm", "--data", str(tmp_path)]) == 2
    assert "did you mean 'cbam'" in capsys.readouterr().err
    assert main(["train", "cbam", "--data", str(tmp_path), "--run", str(tmp_path / "run")]) == 2
    assert "must hold a folder train" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_closed_pipe_ends_the_command_quietly(checkpoints, buffered):
    command = [sys.executable, "-m", "attnviz", "gates", str(checkpoints / "cbam.json"), "--json"]
    environment = {**os.environ, "PYTHONUNBUFFERED": buffered}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


def test_what_the_machine_refuses_is_one_sentence(capsys, tmp_path):
    assert main(["train", "a" * 5000, "--data", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("attnviz: ") and "Traceback" not in told and len(told) < 500


def test_the_version_is_said(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"attnviz {attnviz.__version__}\n"


def test_info_says_what_a_bug_report_needs(capsys, monkeypatch, checkpoints):
    monkeypatch.setenv("ATTNVIZ_CHECKPOINTS", str(checkpoints))
    monkeypatch.setenv("GRADIO_TOKEN", "abc")
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["attnviz"] == attnviz.__version__ and facts["packages"]["torch"].startswith("2.")
    assert "cbam" in facts["checkpoints"]["ids"] and facts["settings"]["ATTNVIZ_CHECKPOINTS"] == str(checkpoints)
    assert facts["checkpoints"]["folder"] == str(checkpoints)
    assert facts["settings"]["GRADIO_TOKEN"] == "(hidden)"
    assert main(["info"]) == 0
    assert "device: " in capsys.readouterr().out
    monkeypatch.setenv("ATTNVIZ_CHECKPOINTS", "/somewhere")
    assert main(["info"]) == 0
    assert "ATTNVIZ_CHECKPOINTS names '/somewhere', which is no folder" in capsys.readouterr().out
    assert main(["gates", "cbam"]) == 2
    assert "unset it for the bundled checkpoints" in capsys.readouterr().err


def test_verifying_nothing_is_no_success(capsys, monkeypatch):
    monkeypatch.setattr("attnviz.models.checkpoints.checkpoint_ids", lambda *_: ())
    assert main(["verify"]) == 2
    assert "nothing to verify" in capsys.readouterr().err


def test_explore_writes_one_page_that_holds_everything(checkpoints, photograph, tmp_path, capsys):
    photograph.save(tmp_path / "photo.jpg")
    page = tmp_path / "new" / "view.html"
    given = ["explore", str(tmp_path / "photo.jpg"), "--model", str(checkpoints / "cbam")]
    assert main([*given, "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="attnviz-document">(.*?)</script>', text, re.DOTALL)[1])
    assert len(data["gates"]) == 8 and len(data["features"]) == 4 and "default-src" in text
    assert "8 gates" in capsys.readouterr().out
    assert main(given) == 2 and "--html FILE" in capsys.readouterr().err
    assert main([*given, "--html", str(tmp_path)]) == 2 and "cannot be written" in capsys.readouterr().err
    assert main(["explore", str(tmp_path), "--html", str(page)]) == 2
