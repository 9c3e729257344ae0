"""On Ray: the same numbers as here, also after an actor was killed; a cluster that is not there is said."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

import attnviz.audit.work as work
from attnviz.audit.run import audit
from attnviz.audit.settings import Settings
from attnviz.core.errors import UserError
from tests.audit.conftest import LABELS, photographs
from tests.audit.test_parts import assert_same

SETTINGS = Settings(tests=24, workers=0, batch=12, quick=True)


@pytest.fixture
def folder(tmp_path):
    for number, (picture, label) in enumerate(zip(*photographs(96, 32), strict=True)):
        (tmp_path / LABELS[label]).mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / LABELS[label] / f"{number}.png")
    return tmp_path


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def kill_an_actor():
    """Kill the first process that holds a ``BlockActor``; tells whether there was one."""
    for _ in range(600):
        for pid in filter(str.isdigit, (path.name for path in Path("/proc").iterdir())):
            try:
                title = Path(f"/proc/{pid}/cmdline").read_text()
                parent = parent_of(pid)
            except OSError:
                continue
            if "BlockActor" in title and _is_mine(parent):
                os.kill(int(pid), signal.SIGKILL)
                return True
        time.sleep(0.05)
    return False


def _is_mine(pid):
    """Whether a process descends from this one."""
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            pid = parent_of(pid)
        except OSError:
            return False
    return False


@pytest.mark.slow
@pytest.mark.parametrize("kill", [False, True])
def test_the_same_numbers_on_ray(monkeypatch, checkpoints, folder, kill):
    pytest.importorskip("ray.data")
    monkeypatch.setattr(work, "SMALLEST", 24)
    here = audit(checkpoints / "se", folder, settings=SETTINGS).summary
    killed = []
    thread = threading.Thread(target=lambda: killed.append(kill_an_actor()), daemon=True)
    if kill:
        thread.start()
    there = audit(checkpoints / "se", folder, settings=SETTINGS, ray="local").summary
    assert_same(there, here)
    if kill:
        thread.join(60)
        assert killed == [True]


@pytest.mark.slow
def test_a_cluster_that_is_not_there(checkpoints, folder, tmp_path):
    pytest.importorskip("ray.data")
    with pytest.raises(UserError, match="no Ray cluster at"):
        audit(checkpoints / "se", folder, settings=SETTINGS, ray="127.0.0.1:1", out=tmp_path / "out")


def test_a_network_that_only_this_process_has(follower):
    with pytest.raises(UserError, match="on Ray a network is given by its name"):
        audit(follower, photographs(12)[0], settings=SETTINGS, ray="local")
