"""The same numbers whatever the blocks, their order, interruptions and dead workers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import attnviz.audit.work as work
from attnviz.audit.decoding import Decoder, decode
from attnviz.audit.reading import Reading, merge_all
from attnviz.audit.run import audit
from attnviz.audit.settings import Settings
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from tests.audit.conftest import photographs

SETTINGS = Settings(tests=40, workers=0, batch=20)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """120 photographs of 12×12 in three class folders."""
    root = tmp_path_factory.mktemp("photographs")
    pictures, classes = photographs(120)
    for number, (picture, label) in enumerate(zip(pictures, classes, strict=True)):
        place = root / "val" / ("red", "green", "blue")[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number:03}.png")
    return root


@pytest.fixture(scope="module")
def network(follower):
    return follower


@pytest.fixture(scope="module")
def whole(network, folder):
    return audit(network, folder, settings=SETTINGS).summary


def numbers(report):
    """Every number of a report by its path, but what tells of the run itself."""

    def walk(value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, f"{path}/{key}")
        elif isinstance(value, (list, tuple)):
            for i, inner in enumerate(value):
                yield from walk(inner, f"{path}/{i}")
        else:
            yield path, value

    return dict(walk({key: value for key, value in report.items() if key not in ("run", "plan")}, ""))


def assert_same(one, other):
    a, b = numbers(one), numbers(other)
    assert a.keys() == b.keys()
    for path, value in a.items():
        if isinstance(value, float):
            assert b[path] == pytest.approx(value, abs=1.01e-4), path  # rounded to four digits
        else:
            assert b[path] == value, path


@pytest.mark.parametrize("size", [60, 20])
def test_blocks_of_every_size(monkeypatch, network, folder, whole, size):
    monkeypatch.setattr(work, "SMALLEST", size)
    assert_same(audit(network, folder, settings=SETTINGS).summary, whole)


def test_merging_in_any_order(network, folder):
    found = audit(network, folder, settings=SETTINGS).work
    monkey = [found.store.load("reading", number) for number in found.readings]
    parts = [Reading.restore(arrays, len(found.network.sites)) for arrays in monkey] * 3
    forward, backward = merge_all(parts), merge_all(reversed(parts))
    for a, b in zip(forward.gates, backward.gates, strict=True):
        np.testing.assert_allclose(a.values.means, b.values.means, rtol=1e-9)
        np.testing.assert_allclose(a.values.variance, b.values.variance, rtol=1e-9)
        assert (a.histogram.counts == b.histogram.counts).all()
        assert a.most is None or (a.most.numbers == b.most.numbers).all()


class Stop(Exception):
    """What a test interrupts an audit with."""


@pytest.mark.parametrize("word", ["reading", "testing"])
def test_going_on_after_an_interruption(monkeypatch, network, folder, whole, tmp_path, word):
    monkeypatch.setattr(work, "SMALLEST", 30)
    monkeypatch.setattr("attnviz.audit.progress.EVERY", 0)

    def say(text):
        if text.startswith(word) and "120 of 120" not in text and "/" in text:
            raise Stop

    with pytest.raises(Stop):
        audit(network, folder, out=tmp_path / "out", settings=SETTINGS, say=say)
    with pytest.raises(UserError, match="holds another audit"):
        audit(network, folder, out=tmp_path / "out", settings=SETTINGS)
    with pytest.raises(UserError, match="another tests"):
        audit(network, folder, out=tmp_path / "out", settings=Settings(tests=20, batch=20), resume=True)
    lines = []
    resumed = audit(network, folder, out=tmp_path / "out", settings=SETTINGS, resume=True, say=lines.append)
    assert_same(resumed.summary, whole)


def test_a_worker_that_is_killed_changes_nothing(folder):
    files = sorted(folder.rglob("*.png"))[:48]
    spec = InputSpec(size=(12, 12))
    parts = [range(i, i + 8) for i in range(0, 48, 8)]
    with Decoder(files, spec, 1) as decoder:
        batches = decoder.batches(parts)
        seen = [next(batches)]
        for pid in list(decoder._pool._processes):
            os.kill(pid, signal.SIGKILL)
        seen += batches
    for part, batch in zip(parts, seen, strict=True):
        expected = decode(part, [files[i] for i in part], spec)
        assert (batch.numbers == expected.numbers).all() and (batch.pixels == expected.pixels).all()


WORKER = """
import sys
import time
from pathlib import Path
from attnviz.audit.decoding import Decoder
from attnviz.core.input_spec import InputSpec

if __name__ == "__main__":
    files = sorted(Path(sys.argv[1]).rglob("*.png"))
    with Decoder(files, InputSpec(size=(12, 12)), 1) as decoder:
        next(decoder.batches([range(4), range(4, 8)]))
        loaded = decoder._pool.submit(eval, "'torch' in __import__('sys').modules").result()
        print(*decoder._pool._processes, loaded, flush=True)
        sys.stdin.read()
"""


def test_workers_need_no_torch_and_end_with_the_process_that_began_them(folder, tmp_path):
    script = tmp_path / "decodes.py"
    script.write_text(WORKER)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = subprocess.Popen(
        [sys.executable, script, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    worker, loaded = begun.stdout.readline().split()
    assert loaded == "False"
    begun.kill()
    begun.wait()
    assert any(not alive(int(worker)) or time.sleep(0.1) for _ in range(100))


def alive(process):
    """Whether there is such a process that has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_going_on_after_kill_9(checkpoints, folder, tmp_path):
    command = [
        sys.executable,
        "-m",
        "attnviz",
        "audit",
        str(checkpoints / "cbam"),
        "--data",
        str(folder),
        "--workers",
        "0",
    ]
    command += ["--tests", "40", "--out"]
    run = subprocess.Popen([*command, str(tmp_path / "a")], stderr=subprocess.PIPE, text=True, cwd=ROOT)
    for line in run.stderr:
        if line.startswith("testing"):
            run.kill()
            break
    run.wait()
    assert list((tmp_path / "a" / "work").glob("reading-*"))
    for out, more in (("a", ["--resume"]), ("b", [])):
        subprocess.run([*command, str(tmp_path / out), *more], check=True, cwd=ROOT, capture_output=True)
    one, other = ((tmp_path / out / "summary.json").read_text().split(' "run":')[0] for out in ("a", "b"))
    assert one == other
