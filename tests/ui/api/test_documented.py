"""The examples of ``docs/programs.md`` do what they say."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from attnviz.ui.api import ENDPOINTS
from tests.test_docs import DOCS, read
from tests.ui.api.test_endpoints import assert_same_gates

PAGE = read(DOCS / "programs.md")
URL = "http://127.0.0.1:7860"


def example(language, below):
    """The last block of a section, as it stands there."""
    section = PAGE.split(f"\n## {below}\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[-1]


@pytest.fixture
def run(app, cat, tmp_path):
    """Run an example against the running app, in a folder with ``photo.jpg``."""
    shutil.copy(cat, tmp_path / "photo.jpg")

    def go(code, *command):
        code = code.replace(URL, app.local_url.rstrip("/"))
        done = subprocess.run([*command, code], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return go


def test_the_python_example_runs(run, ours):
    lines = run(example("py", "Python"), sys.executable, "-c").splitlines()
    greeting, *lines = lines
    assert greeting.startswith("Loaded as API") and len(lines) == len(ours.gates) + 1
    for line, record in zip(lines[:-1], ours.gates, strict=True):
        assert line == f"{record.site.name} {record.site.kind} {record.values.shape} {record.values.mean()!s}"
    assert "logit_after" in lines[-1]


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("sh") is None, reason="needs curl and a shell")
def test_the_curl_example_runs(run, ours):
    event, data = run(example("sh", "curl"), "sh", "-c").strip().split("\n\n")[-1].split("\n")
    assert event == "event: complete"
    (answer,) = json.loads(data.removeprefix("data: "))
    assert_same_gates(answer, ours)
    assert np.isfinite(answer["logits"]).all()


def test_every_endpoint_stands_in_the_table():
    assert re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE) == list(ENDPOINTS)
