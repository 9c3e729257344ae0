"""The photographs of an audit that is asked for on the page: a folder of this machine, or a ZIP that was sent.

Nothing that a ZIP says decides where something is written: its files are numbered as they are unpacked, and their names
are only ever shown.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from attnviz.audit.photographs import Photographs, given, in_folder
from attnviz.core.errors import UserError
from attnviz.images.decode import MAX_BYTES
from attnviz.images.folders import SUFFIXES
from attnviz.ui.server import limits
from attnviz.ui.shared.text import plain

LONGEST = 4096
"""Most characters of a path."""
NAMED = 3
"""Most names in a sentence."""
LEFT_BY_SYSTEMS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers put beside photographs, and nobody asks for."""
END, END_BYTES, LONGEST_NOTE = b"PK\5\6", 22, 2**16
"""How a ZIP's last record begins, its length, and the longest note behind it."""
END_OF_LARGE = b"PK\6\7"


def of_folder(sent: object, labels: Sequence[str], language: str) -> Photographs:
    """Photographs of a folder of this machine, as ``attnviz audit --data`` takes it.

    Args:
        sent: Its path, as a browser sent it.
        labels: Classes of the network.
        language: Of the errors.

    Raises:
        UserError: It is none, cannot be read, or holds too few or too many photographs.
    """
    text = sent.strip() if isinstance(sent, str) else ""
    if not text or len(text) > LONGEST or "\0" in text:
        raise UserError(plain("audit_no_folder", language))
    try:
        folder = Path(text).expanduser()
        if not folder.is_dir():
            raise UserError(plain("audit_not_there", language, folder=text[:200]))
        photographs = in_folder(folder, labels)
    except (OSError, RuntimeError) as error:  # no permission; ~somebody who is not there
        raise UserError(plain("audit_not_readable", language, folder=text[:200])) from error
    _check_count(len(photographs), language)
    return photographs


def of_zip(
    path: Path, folder: Path, labels: Sequence[str], language: str, unpacked: Callable[[int, int], None]
) -> Photographs:
    """Photographs of a ZIP; the folder in it that a photograph lies in is its class.

    Args:
        path: Of the ZIP.
        folder: An empty one, into which it is unpacked.
        labels: Classes of the network.
        language: Of the errors.
        unpacked: Called after each file with how many there are until now, and in all.

    Raises:
        UserError: It is no ZIP, holds something else than photographs, or too much.
    """
    with _opened(path, language) as archive:
        files = _checked(archive, language)
        names = [file.filename.replace("\\", "/") for file in files]  # some systems write the other slash
        classes = [PurePosixPath(name).parent.name for name in names]
        if len(set(classes)) > 1 and "" in classes:
            raise UserError(plain("audit_zip_loose", language))
        paths = []
        for number, file in enumerate(files):
            paths.append(folder / f"{number:06}{_suffix(file)}")
            with archive.open(file) as packed, paths[-1].open("xb") as out:
                shutil.copyfileobj(packed, out)
            unpacked(number + 1, len(files))
    return given(paths, labels, classes if len(set(classes)) > 1 else None, names)


@contextmanager
def _opened(path: Path, language: str) -> Iterator[zipfile.ZipFile]:
    if not path.is_file():
        raise UserError(plain("audit_zip_gone", language))
    size = path.stat().st_size
    if size > limits.AUDIT_ZIP_BYTES:
        raise UserError(plain("audit_zip_large", language, limit=limits.AUDIT_ZIP_BYTES // 2**20))
    try:
        if _directory_bytes(path, size) > limits.AUDIT_DIRECTORY_BYTES:
            raise UserError(plain("audit_many", language, limit=f"{limits.AUDIT_PHOTOGRAPHS:,}"))
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError) as error:
        raise UserError(plain("audit_zip_damaged", language)) from error


def _directory_bytes(path: Path, size: int) -> int:
    """Bytes of the list of names, as the last record says; ``BadZipFile`` where there is no such record."""
    with path.open("rb") as file:
        file.seek(max(0, size - END_BYTES - LONGEST_NOTE))
        tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_BYTES:
        raise zipfile.BadZipFile
    if END_OF_LARGE in tail[max(0, at - 20) : at]:  # a record for more than 4 GiB, which is read instead
        return limits.AUDIT_DIRECTORY_BYTES + 1
    return int.from_bytes(tail[at + 12 : at + 16], "little")


def _checked(archive: zipfile.ZipFile, language: str) -> list[zipfile.ZipInfo]:
    """The photographs in it, in the order of their names."""
    files = [file for file in archive.infolist() if not file.is_dir() and not _left_by_system(file.filename)]
    _check_count(len(files), language)
    for key, wrong in (
        ("audit_zip_outside", _leads_outside),
        ("audit_zip_other", lambda file: _suffix(file) not in SUFFIXES or _is_link(file)),
        ("audit_zip_packed", lambda file: file.flag_bits & 1 or file.compress_type not in PACKED),
        ("audit_zip_file", lambda file: file.file_size > MAX_BYTES),
    ):
        names = [file.filename for file in files if wrong(file)]
        if names:
            listed = ", ".join(repr(name[-80:]) for name in names[:NAMED])
            raise UserError(plain(key, language, names=listed, number=len(names), limit=MAX_BYTES // 2**20))
    if sum(file.file_size for file in files) > limits.AUDIT_UNPACKED_BYTES:
        raise UserError(plain("audit_zip_bomb", language, limit=limits.AUDIT_UNPACKED_BYTES // 2**20))
    return sorted(files, key=lambda file: file.filename)


PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways of packing that are taken: others are unpacked in pieces of any size."""


def _left_by_system(name: str) -> bool:
    return name.startswith(LEFT_BY_SYSTEMS[0]) or PurePosixPath(name).name in LEFT_BY_SYSTEMS


def _leads_outside(file: zipfile.ZipInfo) -> bool:
    path = PureWindowsPath(file.filename)  # knows both slashes, and drives
    return bool(path.anchor) or ".." in path.parts


def _suffix(file: zipfile.ZipInfo) -> str:
    return PurePosixPath(file.filename).suffix.lower()


def _is_link(file: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(file.external_attr >> 16)


def _check_count(count: int, language: str) -> None:
    if count > limits.AUDIT_PHOTOGRAPHS:
        raise UserError(plain("audit_many", language, limit=f"{limits.AUDIT_PHOTOGRAPHS:,}"))
