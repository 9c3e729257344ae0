"""The lines of Python that the view offers make the picture they promise."""

import json
import re
import shutil
import subprocess

import pytest
from PIL import Image

from attnviz.viewer.bundles import FOLDER

NODE = shutil.which("node")
ASK = """
import { python } from '%s/src/controls.js';
const [view, gate, look] = JSON.parse(process.argv[1]);
console.log(python({ view, gate, look }));
"""
LOOK = {"opacity": 0.7, "cmap": "magma", "scale": "stretch", "cells": "smooth", "order": "sorted"}
GATES = {
    "map": {"name": "stage3.0.attention.spatial", "map": {}, "how": "spatial"},
    "scores": {"name": "stage3.0.attention.channel", "scores": {}, "range": [0, 1]},
}


@pytest.mark.parametrize("part", GATES)
@pytest.mark.parametrize("sample", ["cat", ""])
def test_the_lines_run(part, sample, checkpoints, photograph, tmp_path, monkeypatch):
    if NODE is None:
        pytest.skip("no node: the lines are read in the browser's tests only")
    view = {"model": {"id": str(checkpoints / "cbam")}, "photograph": {"name": sample}}
    given = json.dumps([view, GATES[part], LOOK])
    script = ASK % FOLDER.as_posix()
    ran = subprocess.run(
        [NODE, "--input-type=module", "-e", script, given], capture_output=True, text=True, timeout=60, check=True
    )
    monkeypatch.chdir(tmp_path)
    photograph.save("photo.jpg")
    exec(ran.stdout, {})
    assert min(Image.open("gate.png").size) > 300
    assert ("load_sample" in ran.stdout) == bool(sample) and not re.search(r"undefined|\[object", ran.stdout)
