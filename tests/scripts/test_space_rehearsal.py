"""What of a rehearsal needs no environment: the front matter, and what is uploaded."""

import re
from pathlib import Path

import pytest

from scripts.space_rehearsal import ROOT, files_problems, front_matter, rehearse, uploaded

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_space_is_whole():
    files = uploaded()
    front, wrong = front_matter(README)
    assert not wrong and not files_problems(files)
    assert {Path("app.py"), Path("requirements.txt"), Path("README.md")} <= set(files)
    assert not [file for file in files if file.parts[0] in ("tests", "benchmarks")]
    assert front["python_version"] in ("3.10", "3.12")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("python_version: 3.10", "python_version is text"),
        ("colorTo: teal", "both colours"),
        ("short_description: " + "a" * 61, "at most 60"),
        ("app_file: main.py", "app_file is there"),
        ("sdk_version: 6", "whole version"),
        ("hardware: cpu-basic", "unknown keys ['hardware']"),
    ],
)
def test_a_wrong_front_matter_is_named(line, said):
    key = line.partition(":")[0]
    text = re.sub(rf"^{key}: .*$", line, README, flags=re.MULTILINE)
    text = text if text != README else README.replace("title: attnviz\n", f"title: attnviz\n{line}\n", 1)
    _, wrong = front_matter(text)
    assert any(said in one for one in wrong), wrong


def test_a_python_that_is_not_there_is_said_not_raised():
    told = rehearse("/no/such/python", [], "6.0.0", 1)
    assert told["wrong"].startswith("no environment with Python /no/such/python: ") and len(told["wrong"]) > 60
