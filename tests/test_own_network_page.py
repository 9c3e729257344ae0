"""The worked session of ``docs/own-network.md``, block by block, in an empty folder."""

import contextlib
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from attnviz.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "own-network.md"
BLOCK = re.compile(r"^```(py|toml|sh)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
FINE_TUNING = 120
"""Seconds of one processor that the page promises at most."""


def run(line):
    """One command: attnviz in this process, Python in another; what it printed."""
    words = shlex.split(line)
    if words[0] == "attnviz":
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            assert main(words[1:]) == 0, line
        return printed.getvalue()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_has_a_name_or_is_a_command():
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    files = [text.splitlines()[0] for kind, text in blocks if kind != "sh"]
    assert files == [f"# {name}" for name in ("stranger.py", "pictures.py", "shapes.toml", "look.py", "show.py")]
    commands = [line for kind, text in blocks if kind == "sh" for line in text.splitlines()]
    assert all(line.split()[0] in ("attnviz", "python", "pip") for line in commands) and len(commands) == 9


@pytest.mark.slow
def test_the_session_runs_as_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said, used = {}, {}
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind != "sh":
            Path(text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
            continue
        for line in text.splitlines():
            if not line.startswith("pip"):
                started = time.process_time()
                said[line] = run(line)
                used[line] = time.process_time() - started
    gates = next(text for line, text in said.items() if line.startswith("attnviz gates"))
    assert gates.count("channel") >= 4 and gates.count("spatial") >= 4
    notes = next(text for line, text in said.items() if line.startswith("attnviz explore pictures/val/ring"))
    assert notes.count("note: Assumed: ") == 2 and "8 gates" in notes
    trained = next(seconds for line, seconds in used.items() if line.startswith("attnviz train"))
    assert trained < FINE_TUNING
    many = next(text for line, text in said.items() if line.startswith("attnviz explore pictures/val --model"))
    assert "40 photographs; one folder each" in many
    right = int(said["python look.py"].split()[0])
    assert right >= 32, "it has learned something"
    audited = next(text for line, text in said.items() if line.startswith("attnviz audit"))
    assert "All gates together: " in audited and Path("audits/shapes/report.html").stat().st_size > 10_000
    with np.load("gates.npz") as archive:
        assert len(archive["paths"]) == 40 and len(archive.files) == 4 + 8
    _in_the_app(tmp_path)


def _in_the_app(folder):
    """The page answers; Compare and Intervene work on both networks and on a photograph of the folder."""
    from attnviz.gates.edits.edit_list import EditList  # noqa: F401 - what Intervene makes
    from attnviz.images.samples import load_sample, use_own_samples
    from attnviz.ui.networks.store import Store
    from attnviz.ui.tabs.compare import compute
    from attnviz.ui.tabs.intervene import state

    names = runpy.run_path("show.py")
    try:
        page = names["page"]
        with urllib.request.urlopen(page.local_url, timeout=60) as answer:
            assert answer.status == 200
        shown = str([c["props"].get("choices") for c in page.config["components"]])
        assert shown.count("'after'") >= 3 and shown.count("'before'") >= 3, "in the lists of the tabs"
        store = Store(live=[names["after"], names["before"]], alone=True)
        assert load_sample("own-1").size == (96, 96) and compute and state
        for name in ("after", "before"):
            with store.lease(name) as analyser:
                plain = analyser.analyse(load_sample("own-1"))
                gate = next(g.site.name for g in plain.gates if g.site.has_scores)
                factors = np.zeros((1, plain.gate(gate).scores.size), np.float32)
                changed = analyser.multiplied(plain.image, gate, factors)
                assert not np.allclose(changed[0], plain.logits), "closing a gate changes the answer"
    finally:
        use_own_samples(None)
        names["page"].close()
