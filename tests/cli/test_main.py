import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from typer import Argument, Option

import attnviz
from attnviz.cli.main import main
from attnviz.cli.options import command

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
def test_wrong_usage_is_one_sentence_and_status_2(arguments, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("attnviz: ") and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["exploer", "p"], "unknown command 'exploer'; did you mean 'explore'"),
        (["explore", "p", "--modle", "se"], "unknown option '--modle'; did you mean '--model'"),
        (["--verison"], "unknown option '--verison'; did you mean '--version'"),
        (["gates", "cbam", "--classes", "many"], "'--classes': Input should be a valid integer"),
        (["gates", "cbam", "--classes", "many"], "got 'many' (see attnviz gates --help)"),
        (["gates", "cbam", "--size", "3y"], "--size needs whole numbers with commas between, got '3y'"),
        (["gates", "cbam", "--mean"], "--mean needs a value"),
        (["audit", "cbam", "--data", "d", "--out", "--force"], "--out needs a value, got the option '--force'"),
        (["audit", "cbam", "--data", "d", "--out", "o", "--figures", "gif"], "'gif' is not one of 'png', 'svg', 'pdf'"),
        (["gates", "cbam", "se"], "unexpected extra argument(s) (se)"),
        (["gates", "cbam", "--json=1"], "does not take a value"),
        (["gates", "--", "--json"], "no checkpoint"),
        (["gates", "cbam", "--fit", "crp"], "unknown fit 'crp'; did you mean 'crop'"),
        (["experiment", "noise", "--data", "d", "--seeds", "1,1"], "--seeds are different whole numbers"),
        (["cost", "vgg16", "--repeats", "-1"], "at least 0, got -1"),
        (["cost", "vgg16", "--json", "--markdown"], "--json or as --markdown"),
        (["explore", "p.png", "--out", ""], "--out is empty"),
        (["explore", "p.png", "--out="], "--out is empty"),
        (["explore", ""], "an argument is empty"),
        (["gates", ""], "an argument is empty"),
        (["gates", "--", ""], "an argument is empty"),
        (["evaluate", "cbam", "", "--data", "d"], "an argument is empty"),
        (["explore", "p.png", "--model", "", "--out", "o"], "--model is empty"),
        (["explore", "p.png", "--html", "h.html", "--opacity", ".1"], "--opacity: for pictures, which --out"),
        (["explore", "p.png", "--html", "h.html", "--cmap", "gray", "--dpi", "300"], "--cmap, --dpi: for pictures"),
        (["explore", "p.png", "--html", "h.html", "--format", "svg", "--scale", "stretch"], "--scale, --format: for"),
        (["explore", "p.png", "--out", "o", "--skip-unreadable"], "--skip-unreadable is for a folder"),
        (["app", "--size", "64"], "--size says something of a network"),
        (["app", "--labels", "/nope.txt"], "--labels says something of a network"),
        (["app", "--trust-code"], "--trust-code says something of a network"),
    ],
)
def test_wrong_usage_names_the_right_one(checkpoints, monkeypatch, arguments, text, capsys):
    monkeypatch.setenv("ATTNVIZ_CHECKPOINTS", str(checkpoints))
    assert main(arguments) == 2
    assert text in capsys.readouterr().err


def test_a_repeated_option_and_one_that_takes_several():
    @dataclass(frozen=True, kw_only=True)
    class TwoLists:
        once: Annotated[list[str] | None, Option(help="one at a time")] = None
        many: Annotated[list[str] | None, Option(metavar="WORD...", help="several at once")] = None
        rest: Annotated[list[str] | None, Argument(help="what else")] = None

    def run(args: TwoLists) -> None:
        given.append(args)

    given, own = [], command("x", run, "")
    for line, wanted in {
        "--once a b --once=c": TwoLists(once=["a", "c"], rest=["b"]),
        "r --many a b=c --once -d --many=e": TwoLists(once=["-d"], many=["a", "b=c", "e"], rest=["r"]),
        "--many a -- --once b": TwoLists(many=["a"], rest=["--once", "b"]),
        "": TwoLists(),
    }.items():
        with own.make_context("x", line.split()) as context:
            own.invoke(context)
        assert given.pop() == wanted


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["explore", "--help"], ["nonsense"]])
def test_only_the_module_of_the_command_is_imported(arguments):
    code = f"import sys; from attnviz.cli.main import main; main({arguments}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = done.stderr.split()
    inside = [name for name in loaded if name.startswith("attnviz.cli.commands.")]
    assert inside == (["attnviz.cli.commands.explore"] if arguments[0] == "explore" else [])
    assert not {"torch", "gradio", "pydantic", "rich"} & set(loaded)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("attnviz ex", {"explore", "experiment"}),
        ("attnviz explore --op", {"--opacity"}),
        ("attnviz explore --fit ", {"crop", "squash"}),
        ("attnviz nonsense --ver", {"--version"}),
    ],
)
def test_a_shell_is_told_what_may_follow(words, completed):
    asked = {"_ATTNVIZ_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    command = [sys.executable, "-m", "attnviz"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **asked})
    assert set(done.stdout.split()) == completed and not done.stderr


@pytest.mark.parametrize("encoding", ["cp437", "ascii", "gbk"])
def test_help_is_printed_on_every_terminal(encoding):
    command = [sys.executable, "-m", "attnviz", "train", "--help"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment)
    assert done.returncode == 0 and b"--set KEY=VALUE" in done.stdout and not done.stderr


def test_training_without_a_recipe_or_data(tmp_path, capsys):
    assert main(["train", "cbm", "--data", str(tmp_path)]) == 2
    assert "did you mean 'cbam'" in capsys.readouterr().err
    assert main(["train", "cbam", "--data", str(tmp_path), "--run", str(tmp_path / "run")]) == 2
    assert "must hold a folder train" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("buffered", ["", pytest.param("1", marks=pytest.mark.slow)])
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
    assert main(["--version"]) == 0
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
