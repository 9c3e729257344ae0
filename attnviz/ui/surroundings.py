"""What surrounds the app on a stranger's machine, put right before gradio is imported, or named in one sentence."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from attnviz.core.errors import UserError

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Names of this machine; gradio asks itself whether it has started, which no proxy can answer."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
TEMPORARY = "GRADIO_TEMP_DIR"
OWN = "ATTNVIZ_OWN_TEMP_DIR"
"""Names the folder that was made here, not given: a process that is started from here makes its own."""
PREFIX = "attnviz-uploads-"


def prepare_surroundings() -> None:
    """Keep a proxy out of the way, and give gradio a folder that it may write to.

    Raises:
        UserError: A SOCKS proxy is set and cannot be spoken to, or no temporary folder can be written; the text says
            what to set.
    """
    _keep_proxies_away()
    _check_socks()
    _own_folder()


def _setting(name: str) -> str:
    return os.environ.get(name) or os.environ.get(name.upper()) or ""


def _keep_proxies_away() -> None:
    """Name this machine in ``no_proxy`` where a proxy is set."""
    if not any(map(_setting, PROXIES)):
        return
    listed = [part.strip() for part in _setting("no_proxy").split(",") if part.strip()]
    if "*" in listed:
        return
    wanted = ",".join([*listed, *(name for name in LOCAL if name not in listed)])
    os.environ.update(no_proxy=wanted, NO_PROXY=wanted)


def _check_socks() -> None:
    """Gradio's client raises while it is imported where it cannot speak SOCKS."""
    name = next((name for name in PROXIES if _setting(name).lower().startswith("socks")), None)
    if name is None or importlib.util.find_spec("socksio") is not None:
        return
    raise UserError(
        f"{name} names a SOCKS proxy, for which a package is missing: pip install socksio, or unset {name} for the app"
    )


def _own_folder() -> None:
    """A folder for uploads that belongs to this process, and goes with it; ``/tmp/gradio`` may be somebody else's."""
    given = os.environ.get(TEMPORARY)
    if given and os.environ.get(OWN) != given:
        if not _writable(Path(given)):
            raise UserError(f"{TEMPORARY} names {given!r}, which cannot be written: set it to a folder of yours")
        return
    try:
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    except OSError as error:
        raise UserError(f"no temporary folder can be written: set TMPDIR to one of yours ({error.strerror})") from error
    os.environ[TEMPORARY] = os.environ[OWN] = folder
    atexit.register(_remove, folder, os.getpid())
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not left.is_symlink() and _ended(left.name.removeprefix(PREFIX).split("-")[0]):
            shutil.rmtree(left, ignore_errors=True)


def _ended(process: str) -> bool:
    """Whether a process that left its folder was killed; where that cannot be asked, its folder stays."""
    if os.name != "posix" or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:  # not in a process that was forked
        shutil.rmtree(folder, ignore_errors=True)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
