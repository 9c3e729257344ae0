"""Files that are whole or not there: what a killed process or a full disk leaves is the old one or the new one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

LEFT_SECONDS = 3600.0
"""Age at which what a killed process had not finished to write is deleted, when the same file is written again."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a crash or a full disk leaves the old one or the new one, never half of it."""
    write_together({path: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files of one folder that belong together: none of the old ones is replaced before all new ones are on disk.

    Args:
        files: Path -> content.

    Raises:
        OSError: One cannot be written; ``filename`` is its path.
    """
    staged: dict[Path, Path] = {}
    path = next(iter(files))
    try:
        for path, data in files.items():
            _remove_leftovers(path)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            staged[path] = Path(temporary)
            _write_out(handle, data)
        for path, new in staged.items():
            new.replace(path)
    except OSError as error:
        if error.errno is not None:  # the system names the temporary file, and for a full disk none
            error.filename = str(path)
        raise
    finally:
        for new in staged.values():
            new.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(next(iter(files)).parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself must be on disk too
        finally:
            os.close(folder)


def _remove_leftovers(path: Path) -> None:
    old, start = time.time() - LEFT_SECONDS, f".{path.name}."
    for other in os.scandir(path.parent):
        if other.name.startswith(start) and other.stat(follow_symlinks=False).st_mtime < old:
            Path(other.path).unlink(missing_ok=True)


def _write_out(handle: int, data: bytes) -> None:
    """Write a temporary file through to the disk, with the rights that a new file usually has."""
    with os.fdopen(handle, "wb") as stream:
        if hasattr(os, "fchmod"):
            umask = os.umask(0)
            os.umask(umask)
            os.fchmod(handle, 0o666 & ~umask)  # mkstemp makes files that only their owner can read
        stream.write(data)
        stream.flush()
        os.fsync(handle)
