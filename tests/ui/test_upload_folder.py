"""The folder of uploads goes with its process, and what a killed one left goes with the next start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import os, sys
from attnviz.ui.surroundings import prepare_surroundings
prepare_surroundings()
print(os.environ["GRADIO_TEMP_DIR"], flush=True)
if "wait" in sys.argv:
    sys.stdin.read()
"""


def started(tmp_path, *words, **more):
    environment = {k: v for k, v in os.environ.items() if k not in ("GRADIO_TEMP_DIR", "ATTNVIZ_OWN_TEMP_DIR")}
    environment |= {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path), **more}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *words], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_the_folder_goes_with_its_process(tmp_path):
    process = started(tmp_path, "wait")
    folder = process.stdout.readline().strip()
    assert Path(folder).is_dir() and Path(folder).parent == tmp_path
    process.communicate("")
    assert process.returncode == 0 and not Path(folder).exists()


@pytest.mark.skipif(os.name != "posix", reason="whether a process runs is asked on POSIX only")
def test_what_a_killed_process_left_goes_with_the_next_start_and_a_living_ones_stays(tmp_path):
    killed, living = started(tmp_path, "wait"), started(tmp_path, "wait")
    left, used = killed.stdout.readline().strip(), living.stdout.readline().strip()
    killed.kill()
    killed.wait()
    assert Path(left).is_dir()
    started(tmp_path).communicate()
    assert not Path(left).exists() and Path(used).is_dir()
    living.communicate("")


def test_a_folder_that_was_given_is_used_and_stays(tmp_path):
    own = tmp_path / "own"
    process = started(tmp_path, GRADIO_TEMP_DIR=str(own))
    assert process.communicate()[0].strip() == str(own)
    assert own.is_dir()


def test_a_process_started_from_the_app_has_a_folder_of_its_own(tmp_path):
    process = started(tmp_path, "wait")
    folder = process.stdout.readline().strip()
    child = started(tmp_path, GRADIO_TEMP_DIR=folder, ATTNVIZ_OWN_TEMP_DIR=folder)
    assert child.communicate()[0].strip() != folder and Path(folder).is_dir()
    process.communicate("")
