"""kill -9 at random moments: ``python -m benchmarks.kill [--kills 50] [--seed 0] [--out FILE]`` (Linux, macOS).

Trainings, audits, exports and the app while it takes uploads run in children of this process, which loaded everything
once, and are killed at a random moment. After each kill every file under its own name must be whole, and nothing that
was said to be saved may be lost; what goes on after the kill must end as if it had not been. Prints a table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from PIL import Image

from attnviz.cli.main import main as attnviz
from attnviz.images.samples import load_sample
from attnviz.models.results import add_force, check_results, write_results

RECIPE = """
id = "tiny"
title = "Tiny"
[model]
backbone = "compact-resnet"
attention = "cbam"
size = 32
backbone_options = { widths = [8, 8, 8, 8], depths = [1, 1, 1, 1] }
[train]
epochs = 6
batch_size = 16
sizes = [[0, 16], [2, 32]]
warmup_epochs = 1
eval_every = 2
precision = "32-true"
"""
SAID = "said.txt"
"""What a child printed, in its folder."""


def child(work: Callable[[], Any], said: Path) -> int:
    """A child that does one thing, and writes what it says to a file; its id."""
    sys.stdout.flush()
    if number := os.fork():
        return number
    status = 1
    with said.open("w", encoding="utf-8", buffering=1) as file:
        sys.stdout = sys.stderr = file
        try:
            status = int(work() or 0)
        except BaseException:
            traceback.print_exc()
    os._exit(status)


def finished(work: Callable[[], Any], said: Path) -> float:
    """Seconds that it takes when nobody interrupts."""
    started = time.monotonic()
    _, status = os.waitpid(child(work, said), 0)
    if status:
        raise RuntimeError(said.read_text(encoding="utf-8")[-2000:])
    return time.monotonic() - started


def killed(work: Callable[[], Any], said: Path, seconds: float) -> bool:
    """Whether it was still at work when it was killed."""
    number = child(work, said)
    time.sleep(seconds)
    os.kill(number, signal.SIGKILL)
    _, status = os.waitpid(number, 0)
    return os.WIFSIGNALED(status)


def torn(folder: Path) -> list[str]:
    """Files under their own names that are not whole; what begins with a dot has no name yet."""
    import pyarrow.parquet

    checks: dict[str, Callable[[Path], Any]] = {
        ".json": lambda p: json.loads(p.read_text(encoding="utf-8")),
        ".png": lambda p: Image.open(p).load(),
        ".safetensors": safetensors.torch.load_file,
        ".npz": lambda p: [array.shape for array in np.load(p).values()],
        ".parquet": pyarrow.parquet.read_table,
        ".html": lambda p: p.read_text(encoding="utf-8").rstrip().endswith("</html>") or 1 / 0,
        ".csv": lambda p: p.read_bytes().endswith(b"\n") or 1 / 0,
        ".txt": lambda p: p.read_bytes().endswith(b"\n") or 1 / 0,
    }
    found = []
    for path in folder.rglob("*"):
        if path.suffix in checks and not path.name.startswith(".") and path.name != SAID:
            try:
                checks[path.suffix](path)
            except Exception as error:
                found.append(f"{path.name}: {type(error).__name__}: {error}"[:200])
    return found


def photographs(folder: Path) -> Path:
    """Three classes of small pictures, for training and for an audit."""
    chance = np.random.default_rng(0)
    for split, count in (("train", 24), ("val", 8)):
        for name, colour in (("red", (200, 40, 40)), ("green", (40, 200, 40)), ("blue", (40, 40, 200))):
            place = folder / split / name
            place.mkdir(parents=True)
            for i in range(count):
                pixels = np.clip(chance.normal(colour, 40, (40, 50, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{i:02}.png")
    return folder


def training(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    """One run is killed again and again, and goes on: its weights are those of a run that was left alone."""
    data, recipe = photographs(folder / "data"), folder / "recipe.toml"
    recipe.write_text(RECIPE, encoding="utf-8")

    def begin(run: str) -> Callable[[], Any]:
        return lambda: attnviz(
            ["train", str(recipe), "--data", str(data), "--run", str(folder / run), "--threads", "1"]
        )

    state = folder / "killed" / "state.safetensors"
    seconds, hit, faults, epochs = finished(begin("alone"), folder / SAID), 0, [], 0
    for _ in range(kills):
        hit += killed(begin("killed"), folder / SAID, chance.uniform(0, seconds))
        faults += torn(folder / "killed")
        if state.exists() and not (folder / "killed" / "tiny.json").exists():
            with safetensors.safe_open(state, framework="pt") as file:
                now = json.loads(file.metadata()["progress"])["epoch"]
            faults += [f"epoch {epochs} was lost: {now}"] if now < epochs else []
            epochs = now
        if (folder / "killed" / "tiny.json").exists():
            faults += differing(folder / "alone", folder / "killed")
            shutil.rmtree(folder / "killed", ignore_errors=True)
            epochs = 0
    finished(begin("killed"), folder / SAID)
    left = [path.name for path in (folder / "killed").glob(".*")]
    return {"killed": hit, "of": kills, "faults": [*faults, *differing(folder / "alone", folder / "killed"), *left]}


def differing(one: Path, other: Path) -> list[str]:
    """Tensors of a finished run that differ from another's."""
    mine, theirs = (safetensors.torch.load_file(folder / "tiny.safetensors") for folder in (one, other))
    return [f"{key} differs" for key in mine if not torch.equal(mine[key], theirs[key])]


def auditing(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    """Each audit is killed once and goes on: its numbers are those of one that was left alone."""
    data = photographs(folder / "data")
    words = ["audit", "cbam", "--data", str(data), "--quick", "--tests", "8", "--workers", "1"]

    def begin(out: str, *more: str) -> Callable[[], Any]:
        return lambda: attnviz([*words, "--out", str(folder / out), *more])

    seconds, hit, faults = finished(begin("alone"), folder / SAID), 0, []
    expected = numbers(folder / "alone")
    for turn in range(kills):
        out = f"killed-{turn}"
        hit += killed(begin(out), folder / SAID, chance.uniform(0, seconds))
        faults += torn(folder / out)
        begun = list((folder / out).rglob("plan.json"))
        if not (folder / out / "report.html").exists():
            finished(begin(out, "--resume" if begun else "--force"), folder / SAID)
        faults += [] if numbers(folder / out) == expected else [f"{out}: other numbers"]
        faults += [str(path) for path in (folder / out).rglob(".*") if not begun]
        shutil.rmtree(folder / out, ignore_errors=True)
    return {"killed": hit, "of": kills, "faults": faults}


def numbers(out: Path) -> Any:
    """What an audit says of its gates."""
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return [summary.get(key) for key in ("data", "gates", "together")]


def exporting(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    """Pictures, numbers and a page, written again and again over what is there."""
    photo = folder / "photo.png"
    load_sample("cat").save(photo)
    words = ["explore", str(photo), "--out", str(folder / "out"), "--html", str(folder / "out" / "page.html")]
    finished(lambda: attnviz(words), folder / SAID)  # the first one reads what later ones find in memory
    seconds, hit, faults = finished(lambda: attnviz(words), folder / SAID), 0, []
    names = {path.name for path in (folder / "out").iterdir()}
    for turn in range(kills):
        if turn % 2:
            shutil.rmtree(folder / "out", ignore_errors=True)
        hit += killed(lambda: attnviz(words), folder / SAID, chance.uniform(0.1, 1) * seconds)
        said = (folder / SAID).read_text(encoding="utf-8")
        faults += torn(folder / "out")
        there = {path.name for path in folder.glob("out/*")}
        faults += [f"{name} was said to be written" for name in names - there - {"page.html"} if "files in" in said]
    for path in folder.glob("out/.*"):
        os.utime(path, (1, 1))
    finished(lambda: attnviz(words), folder / SAID)
    left = [path.name for path in (folder / "out").glob(".*")]
    return {"killed": hit, "of": kills, "faults": [*faults, *left]}


def uploading(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    """The app, while photographs come: a file that has a name is whole, and the rest is swept."""
    from attnviz.ui.server import limits
    from attnviz.ui.server.uploads import sweep
    from benchmarks.client import Client
    from benchmarks.load import photographs as large
    from scripts.running import free_port

    files, hit, faults, whole = large(), 0, [], 0
    for _ in range(kills):
        port, place = free_port(), folder / "gradio"
        own = {"GRADIO_TEMP_DIR": str(place), "GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
        number, url = child(lambda own=own: app(own), folder / SAID), f"http://127.0.0.1:{port}/"
        client, taken = None, []
        for _ in range(600):
            with contextlib.suppress(OSError):
                client = Client(url, timeout=20)
                break
            time.sleep(0.1)
        end = time.monotonic() + chance.uniform(0.05, 1.5)
        while time.monotonic() < end:
            taken.append(client.upload(files[len(taken) % len(files)])[1])
        with contextlib.suppress(OSError):
            client.request("POST", "gradio_api/upload", b"--x", "multipart/form-data; boundary=x")
        os.kill(number, signal.SIGKILL)
        hit += os.WIFSIGNALED(os.waitpid(number, 0)[1])
        for path in map(Path, taken):
            good = path.is_file() and path.read_bytes() in files
            faults += [] if good else [f"{path.name} was taken and is not whole"]
            whole += good
        sweep(place, time.time() + limits.PART_SECONDS + 1)
        faults += [path.name for path in place.iterdir() if path.is_file()]
        shutil.rmtree(place, ignore_errors=True)
    return {"killed": hit, "of": kills, "uploads that were whole": whole, "faults": faults}


def app(own: dict[str, str]) -> None:
    """Serve until killed."""
    os.environ.update(own)
    tempfile.tempdir = None
    from attnviz.ui.app import build, launch_options
    from attnviz.ui.server.start import start

    start(build(), **launch_options())


PARTS = {"training": (training, 0.4), "audit": (auditing, 0.3), "export": (exporting, 0.3), "app": (uploading, 0.1)}
"""What is killed, and how large its part of all kills is; the app's come on top."""


def main() -> None:
    """Kill, print the table, and write it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", nargs="+", choices=tuple(PARTS), default=tuple(PARTS))
    options.add_argument("--out", type=Path)
    add_force(options)
    given = options.parse_args()
    settings = {"kills": given.kills, "seed": given.seed}
    torch.set_num_threads(1)
    report: dict[str, Any] = {"command": "python -m " + " ".join(["benchmarks.kill", *sys.argv[1:]])}
    for name in given.only:
        run, share = PARTS[name]
        with tempfile.TemporaryDirectory(prefix="attnviz-kill-") as folder:
            report[name] = run(Path(folder), max(1, round(given.kills * share)), random.Random(given.seed))
        print(name, json.dumps(report[name]), flush=True)
    if given.out:
        check_results(given.out, settings, given.force)
        write_results(given.out, report, settings, given.force)


if __name__ == "__main__":
    main()
