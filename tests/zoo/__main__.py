"""``python -m tests.zoo [library ...]``: measure the zoo, and put what came out into ``results/zoo.json``."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from tests.zoo.expected import LIBRARIES
from tests.zoo.library import Library
from tests.zoo.measure import measure, summary

RESULTS = Path(__file__).resolve().parents[2] / "results" / "zoo.json"


def main() -> None:
    """Measure some libraries, or all; the file keeps what it holds of the others."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("libraries", nargs="*", help=f"some of {', '.join(LIBRARIES)}; all without any")
    parser.add_argument("--only", metavar="NAME", help="one architecture of each library: its row is measured again")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the file (results/zoo.json)")
    given = parser.parse_args()
    if unknown := set(given.libraries) - set(LIBRARIES):
        parser.error(f"not in the zoo: {', '.join(unknown)}; there are {', '.join(LIBRARIES)}")
    chosen = given.libraries or list(LIBRARIES)
    if given.only and not any(given.only in LIBRARIES[name].architectures for name in chosen):
        parser.error(f"{given.only} is in none of {', '.join(chosen)}")
    torch.set_num_threads(1)
    for name in chosen:
        library = LIBRARIES[name]
        if library.missing:
            print(f"skipped: {library.missing}")
            continue
        names = [one for one in library.architectures if given.only in (None, one)]
        _write(given.out, library, {one: _row(library, one) for one in names})


def _row(library: Library, name: str) -> dict[str, Any]:
    row = measure(library, name)
    wrong = f"  MISSED {row['missed']}  FALSE {row['false']}" if row["missed"] or row["false"] else ""
    print(f"{library.name} {name}: {row['found']}{wrong} {row.get('error', '')}", flush=True)
    return row


def _write(file: Path, library: Library, rows: dict[str, Any]) -> None:
    held = json.loads(file.read_text())["libraries"] if file.exists() else {}
    both = {**held.get(library.name, {"architectures": {}})["architectures"], **rows}
    rows = {name: both[name] for name in library.architectures if name in both}
    held[library.name] = {
        "command": f"python -m tests.zoo {library.name}",
        "versions": _versions(library),
        "code": _code(),
        "summary": summary(rows),
        "architectures": rows,
    }
    everything = {f"{one}/{name}": row for one, part in held.items() for name, row in part["architectures"].items()}
    held = {name: held[name] for name in LIBRARIES if name in held}
    file.write_text(json.dumps({"summary": summary(everything), "libraries": held}, indent=1) + "\n")
    print(library.name, held[library.name]["summary"], flush=True)


def _versions(library: Library) -> dict[str, str]:
    names = ("torch", library.name.replace("_", "-"))
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def _code() -> str:
    """The commit that last changed the package, and whether it was changed since."""
    root = RESULTS.parents[1]
    told = [
        subprocess.run(["git", *command, "--", "attnviz"], capture_output=True, text=True, cwd=root).stdout.strip()
        for command in (["log", "-1", "--format=%h"], ["status", "--porcelain"])
    ]
    return told[0] + ("-dirty" if told[1] else "")


if __name__ == "__main__":
    main()
