"""The app in a process of its own: a free port, waiting until it answers, and its end."""

from __future__ import annotations

import contextlib
import socket
import subprocess  # noqa: S404 - only started processes are watched and ended here
import time
import urllib.request
from collections.abc import Iterator
from typing import Any


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def answering(process: subprocess.Popen[Any], port: int, seconds: float) -> Iterator[str]:
    """A started app once it answers, as its address; at the end it is ended, by force after ten seconds.

    Raises:
        RuntimeError: It ends, or does not answer in time.
    """
    url = f"http://127.0.0.1:{port}/"
    try:
        _wait(url, process, seconds)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the app ended with status {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
            return
        time.sleep(0.3)
    raise RuntimeError(f"the app did not answer within {seconds:g} s")
