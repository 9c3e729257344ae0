"""The app in a process of its own that can be asked how it fares; ``load`` and ``fuzz`` start it.

As a script it serves the app and answers each line of its input with one line of JSON: memory, hooks, a hash of the
weights, temporary files, and, with ``--parts``, how long each part of a request took since the last question.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from scripts.running import answering, free_port

ROOT = Path(__file__).resolve().parents[1]
PARTS = {
    "decode the photograph": ("attnviz.images.channels", "open_photograph"),
    "crop and resize": ("attnviz.images.channels", "prepare"),
    "network with its gates": ("attnviz.analysis.analyser", "Analyser.analyse"),
    "feature map of a channel": ("attnviz.analysis.analyser", "Analyser.channel_map"),
    "document of the view": ("attnviz.ui.tabs.explore.handlers", "document_of"),
    "prediction": ("attnviz.ui.tabs.explore.handlers", "prediction_html"),
    "whole handler": ("attnviz.ui.tabs.explore.handlers", "Explore.on_photo"),
}
"""Where the time of one request may go: the function that is timed for each part."""


class Served:
    """A running app.

    Attributes:
        url: Its address, with a slash at the end.
        log: File with everything it wrote to its output and error streams.
    """

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process, self.url, self.log = process, url, log

    def ask(self) -> dict[str, Any]:
        """How the app fares now."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    @property
    def errors(self) -> list[str]:
        """Lines of the log that a healthy app never writes."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if "Traceback" in line or " failed" in line or "Exception" in line]


@contextlib.contextmanager
def serve(
    checkpoints: str | None = None, *, parts: bool = False, mcp: bool = False, seconds: float = 600
) -> Iterator[Served]:
    """Start the app on a free port, with an own folder for temporary files."""
    with tempfile.TemporaryDirectory(prefix="attnviz-served-") as folder:
        port = free_port()
        chosen = {"ATTNVIZ_CHECKPOINTS": checkpoints} if checkpoints else {}
        own = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "TMPDIR": folder}
        own |= {"GRADIO_TEMP_DIR": str(Path(folder) / "gradio"), "PYTHONFAULTHANDLER": "1"}
        log = Path(folder) / "log.txt"
        command = [
            sys.executable,
            "-m",
            "benchmarks.served",
            *(["--parts"] if parts else []),
            *(["--mcp"] if mcp else []),
        ]
        pipe = subprocess.PIPE
        with log.open("w", encoding="utf-8") as errors:
            environment = {**os.environ, **chosen, **own}
            process = subprocess.Popen(
                command, env=environment, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=errors, text=True
            )
        with answering(process, port, seconds) as url:
            yield Served(process, url, log)


def memory() -> dict[str, float]:
    """Resident memory now and at its highest, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: float(line.split()[1]) / 1024 for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return {"rss": round(found["VmRSS"], 1), "peak": round(found["VmHWM"], 1)}


def state(store: Any) -> dict[str, Any]:
    """What must not change, and what must not grow."""
    gc.collect()
    digests, hooks = {}, 0
    for name in sorted(store.loaded):
        with store.lease(name) as analyser:
            module, digest = analyser.loaded.module, hashlib.sha256()
            for key, value in sorted(module.state_dict().items()):
                digest.update(key.encode() + value.contiguous().numpy().tobytes())
            for part in module.modules():
                hooks += sum(len(v) for k, v in vars(part).items() if k.endswith("_hooks"))
                hooks += "forward" in vars(part)
            digests[name] = digest.hexdigest()
    folder = Path(tempfile.gettempdir())
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        **memory(),
        "models": len(store.loaded),
        "weights": digests,
        "hooks": hooks,
        "threads": threading.active_count(),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "files": len(files),
        "files_mb": round(sum(path.stat().st_size for path in files) / 2**20, 1),
    }


def timed(times: dict[str, list[float]]) -> None:
    """Let every part note how long it takes."""
    for part, (module, path) in PARTS.items():
        owner: Any = import_module(module)
        *outer, name = path.split(".")
        for step in outer:
            owner = getattr(owner, step)
        setattr(owner, name, _clocked(getattr(owner, name), times[part]))


def _clocked(function: Any, spent: list[float]) -> Any:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent.append(1000 * (time.perf_counter() - started))

    return run


def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--mcp", action="store_true", help="answer agents too")
    args = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # gradio prints where it listens
    from attnviz.ui.app import build, launch_options
    from attnviz.ui.networks.store import Store
    from attnviz.ui.server.start import start

    times: dict[str, list[float]] = defaultdict(list)
    if args.parts:
        timed(times)
    store = Store()
    start(build(store), **{**launch_options(), "mcp_server": args.mcp}, prevent_thread_lock=True)
    for _ in sys.stdin:
        spent = {part: values.copy() for part, values in times.items()}
        for values in times.values():
            values.clear()
        print(json.dumps({**state(store), "parts": spent}), file=answers, flush=True)


if __name__ == "__main__":
    main()
