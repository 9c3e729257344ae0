"""A rehearsal of a Hugging Face Space: ``python -m scripts.space_rehearsal [--python 3.10 3.12] [--out FILE]``.

What ``docs/deploying.md`` says to upload is copied into an empty folder, its front matter, sizes and kinds of file are
checked, and for each Python an environment is made as a Space makes one (with ``uv``). There the app starts with
``SPACE_ID`` set and an empty home, is asked under a Space's name, and analyses a photograph. Prints JSON; ends with 1
where something does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess  # noqa: S404 - the environment's own Python
import sys
import tempfile
import time
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from benchmarks.client import Client
from scripts.running import answering, free_port

ROOT = Path(__file__).resolve().parent.parent
SPACE = "someone/attnviz"
KEYS = {
    *(
        "title",
        "emoji",
        "colorFrom",
        "colorTo",
        "sdk",
        "sdk_version",
        "python_version",
        "app_file",
        "pinned",
        "license",
    ),
    *("short_description", "suggested_hardware", "startup_duration_timeout", "tags", "models", "datasets", "header"),
}
"""Keys of the front matter that we use or may use, out of hf.co/docs/hub/spaces-config-reference."""
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
ALWAYS = ("uvicorn>=0.14.0", "websockets>=10.4", "spaces")
"""What a Gradio Space installs besides ``requirements.txt`` and ``gradio[oauth,mcp]`` of ``sdk_version``."""
PICKLES = {".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib", ".npy"}
LARGEST, ALL = 100 * 2**20, 2**30
"""Bytes of a file, and of all: the Space's repository has a gigabyte."""
STARTUP = 30 * 60
"""Seconds that a Space may take to answer, unless its front matter says ``startup_duration_timeout``."""


def uploaded() -> list[Path]:
    """What the command in ``docs/deploying.md`` uploads: files of the repository, less those that it excludes."""
    command = re.search(r"hf upload .*--repo-type=space (.*)", (ROOT / "docs/deploying.md").read_text(encoding="utf-8"))
    if command is None:
        raise RuntimeError("docs/deploying.md names no command that uploads a Space")
    left_out = re.findall(r'--exclude "([^"]+)"', command[1])
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607
    names = [name for name in listed.stdout.split("\0") if name]
    return [Path(name) for name in names if not any(fnmatch(name, pattern) for pattern in left_out)]


def front_matter(text: str) -> tuple[dict[str, Any], list[str]]:
    """The front matter of a README, and what is wrong with it."""
    front = yaml.safe_load(text.split("---\n")[1])
    checks = {
        f"unknown keys {sorted(front.keys() - KEYS)}": not front.keys() - KEYS,
        "sdk is gradio": front.get("sdk") == "gradio",
        "both colours are a Space's": {front.get("colorFrom"), front.get("colorTo")} <= COLOURS,
        "short_description has at most 60 characters": len(front.get("short_description", "")) <= 60,
        "app_file is there": (ROOT / str(front.get("app_file"))).is_file(),
        "python_version is text: YAML reads 3.10 as 3.1": isinstance(front.get("python_version"), str),
        "sdk_version is a whole version": bool(re.fullmatch(r"\d+\.\d+\.\d+", str(front.get("sdk_version")))),
    }
    return front, [what for what, holds in checks.items() if not holds]


def files_problems(files: list[Path]) -> list[str]:
    """What a Space would not take, or a stranger should not be given."""
    sizes = {file: (ROOT / file).stat().st_size for file in files}
    wrong = [f"{file} has {size:,} bytes" for file, size in sizes.items() if size > LARGEST]
    wrong += [f"{file} is a link" for file in files if (ROOT / file).is_symlink()]
    wrong += [f"{file} may be a pickle" for file in files if file.suffix in PICKLES]
    return wrong + ([f"{sum(sizes.values()):,} bytes in all"] if sum(sizes.values()) > ALL else [])


def install(python: str, folder: Path, app: Path, sdk_version: str) -> Path:
    """An environment as a Space resolves it; its Python. ``CalledProcessError`` with what uv said: there is none."""
    executable = folder / "venv" / "bin" / "python"
    uv = [sys.executable, "-m", "uv"]
    venv = [*uv, "venv", "-q", "--python", python, folder / "venv"]
    subprocess.run(venv, check=True, stderr=subprocess.PIPE, text=True)  # noqa: S603
    wanted = ["-r", str(app / "requirements.txt"), f"gradio[oauth,mcp]=={sdk_version}", *ALWAYS]
    packages = [*uv, "pip", "install", "-q", "--python", executable, *wanted]
    subprocess.run(packages, check=True, stderr=subprocess.PIPE, text=True)  # noqa: S603
    return executable


def versions(python: Path) -> dict[str, str]:
    """What was resolved."""
    code = (
        "import json, platform; from importlib.metadata import version; names = ('torch', 'torchvision', 'gradio', "
        "'pydantic', 'numpy', 'spaces'); print(json.dumps({'python': platform.python_version(), "
        "**{name: version(name) for name in names}}))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return json.loads(done.stdout)


def rehearse(python: str, files: list[Path], sdk_version: str, timeout: float) -> dict[str, Any]:
    """One Python: what was resolved, and how many seconds the app needed."""
    with tempfile.TemporaryDirectory(prefix="space-") as name:
        folder, app = Path(name), Path(name) / "app"
        for file in files:
            (app / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, app / file)
        started = time.monotonic()
        try:
            executable = install(python, folder, app, sdk_version)
        except subprocess.CalledProcessError as error:
            return {"wrong": f"no environment with Python {python}: {error.stderr.strip()[-500:]}"}
        report: dict[str, Any] = {"install s": round(time.monotonic() - started), "versions": versions(executable)}
        (folder / "home").mkdir()
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "SPACE_ID": SPACE,
            "SPACE_HOST": f"{SPACE.replace('/', '-')}.hf.space",
            "GRADIO_SERVER_PORT": str(port),
            "SYSTEM": "spaces",
        }
        log = folder / "log"
        started = time.monotonic()
        with log.open("w") as out:
            process = subprocess.Popen([executable, "app.py"], cwd=app, env=environment, stdout=out, stderr=out)  # noqa: S603
            try:
                with answering(process, port, timeout) as url:
                    report["answers after s"] = round(time.monotonic() - started, 1)
                    visit(url, app)
                    report["first picture after s"] = round(time.monotonic() - started, 1)
            except (RuntimeError, OSError, AssertionError) as error:
                report["wrong"] = f"{error}; {log.read_text()[-2000:]}"
        if "Traceback" in log.read_text():
            report["wrong"] = log.read_text()[-2000:]
    return report


def visit(url: str, app: Path) -> None:
    """Open the page, upload a photograph, and see its picture."""
    client = Client(url, headers={"Host": f"{SPACE.replace('/', '-')}.hf.space", "X-Forwarded-For": "203.0.113.7"})
    client.open()
    answer = client.photograph((app / "assets/samples/church.jpg").read_bytes())
    if not answer["success"] or "attnviz-view" not in json.dumps(answer["output"]):
        raise RuntimeError(f"no picture: {str(answer)[:500]}")
    status, _ = Client(url, config=client.config, headers={"Host": "elsewhere.example"}).request("GET", "")
    if status != 421:
        raise RuntimeError(f"a name that is not the Space's is answered with {status}")


def main(argv: list[str] | None = None) -> int:
    """Check and rehearse; 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", nargs="*", default=["3.10", "3.12"], help="versions or paths; none: checks only")
    parser.add_argument("--out", type=Path, help="also write the JSON to this file")
    args = parser.parse_args(argv)
    front, wrong = front_matter((ROOT / "README.md").read_text(encoding="utf-8"))
    files = uploaded()
    wrong += files_problems(files)
    report: dict[str, Any] = {
        "front matter": front,
        "files": len(files),
        "bytes": sum((ROOT / file).stat().st_size for file in files),
        "kinds": dict(Counter(file.suffix for file in files).most_common()),
        "wrong": wrong,
        "pythons": [rehearse(python, files, front["sdk_version"], STARTUP) for python in args.python],
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    if args.out:
        args.out.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 1 if wrong or any("wrong" in one for one in report["pythons"]) else 0


if __name__ == "__main__":
    sys.exit(main())
