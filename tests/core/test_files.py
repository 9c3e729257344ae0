"""Files are whole or not there, and an error names the file that was to be written."""

import errno
import os

import pytest

from attnviz.core import files
from attnviz.core.files import write_atomically, write_together


def test_files_that_belong_together_are_replaced_when_all_are_on_disk(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("old")
    write_together({one: b"1", two: b"2"})
    assert (one.read_bytes(), two.read_bytes()) == (b"1", b"2") and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_is_told_of_the_new_one(tmp_path, monkeypatch, where):
    path = tmp_path / "kept"
    path.write_text("old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if where == "fsync":
        monkeypatch.setattr(files.os, "fsync", full)
    else:
        monkeypatch.setattr(type(path), "replace", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*kept'$") as told:
        write_atomically(path, b"new")
    assert told.value.filename == str(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_no_temporary_name(tmp_path):
    with pytest.raises(FileNotFoundError) as told:
        write_atomically(tmp_path / "none" / "x", b"")
    assert told.value.filename == str(tmp_path / "none" / "x")
