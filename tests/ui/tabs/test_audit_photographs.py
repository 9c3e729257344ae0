"""What may be audited on the page: folders and ZIPs that hold photographs and nothing else."""

import os
import stat
import zipfile

import pytest

pytest.importorskip("gradio")

from attnviz.core.errors import UserError  # noqa: E402
from attnviz.ui.server import limits  # noqa: E402
from attnviz.ui.tabs.audit.photographs import of_folder, of_zip  # noqa: E402
from tests.ui.tabs.audit_photographs import LABELS, named, packed, picture  # noqa: E402


def unpack(path, folder, language="en"):
    folder.mkdir()
    return of_zip(path, folder, LABELS, language, lambda done, total: None)


@pytest.mark.parametrize("root", ["", "photos/mine/"])
def test_folders_in_a_zip_are_classes_and_names_are_no_paths(tmp_path, root):
    extra = {"__MACOSX/red/._0.png": b"x", f"{root}red/.DS_Store": b"x"}
    path = packed(tmp_path / "a.zip", {**named(12, root), **extra})
    found = unpack(path, tmp_path / "out")
    assert found.labelled and len(found) == 12
    assert [LABELS[target] for target in found.targets] == [name.split("/")[-2] for name in found.names]
    assert set(found.names) == set(named(12, root))
    written = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert written == [f"{number:06}.png" for number in range(12)]
    assert all(
        source.read_bytes() == picture(int(name.split("/")[-1][:-4]))
        for name, source in zip(found.names, found.sources, strict=True)
    )


def test_the_slash_of_another_system_parts_names_too(tmp_path):
    path = packed(tmp_path / "a.zip", {name.replace("/", "\\"): data for name, data in named().items()})
    assert unpack(path, tmp_path / "out").labelled


def test_without_class_folders_there_are_no_classes(tmp_path):
    loose = packed(tmp_path / "loose.zip", {f"{i}.png": picture(i) for i in range(12)})
    assert not unpack(loose, tmp_path / "a").labelled
    one = packed(tmp_path / "one.zip", {f"holiday/{i}.png": picture(i) for i in range(12)})
    assert not unpack(one, tmp_path / "b").labelled
    strange = packed(tmp_path / "strange.zip", {f"{'xy'[i % 2]}/{i}.png": picture(i) for i in range(12)})
    found = unpack(strange, tmp_path / "c")
    assert not found.labelled and "the network has no class x, y" in found.left_out


def linked(path):
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("red/0.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")


def twice(path):
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for _ in range(2):
            archive.writestr("red/0.png", picture(0))


def damaged(path):
    packed(path, named(), zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[200] ^= 255  # inside the first picture
    path.write_bytes(data)


def encrypted(path):
    packed(path, named())
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    data[at + 8] |= 1
    path.write_bytes(data)


def large_directory(path):
    """The record that newer archives end with says that the list of names is huge, the older one that it is small."""
    packed(path, named())
    data = path.read_bytes()
    at = data.rfind(b"PK\5\6")
    path.write_bytes(data[:at] + b"PK\6\7" + bytes(16) + data[at:])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"no zip at all"), "no ZIP, or it is damaged"),
        (lambda path: path.write_bytes(b""), "no ZIP, or it is damaged"),
        (lambda path: path.write_bytes(packed(path, named()).read_bytes()[:-30]), "no ZIP, or it is damaged"),
        (damaged, "no ZIP, or it is damaged"),
        (encrypted, "encrypted"),
        (lambda path: packed(path, named(), zipfile.ZIP_LZMA), "packed in an unusual way"),
        (
            lambda path: packed(path, {**named(), "../../red/x.png": picture(1)}),
            r"outside of itself \('../../red/x.png'\)",
        ),
        (lambda path: packed(path, {**named(), "/etc/x.png": picture(1)}), "outside of itself"),
        (lambda path: packed(path, {**named(), "C:\\x.png": picture(1)}), "outside of itself"),
        (lambda path: packed(path, {**named(), "red\\..\\..\\x.png": picture(1)}), "outside of itself"),
        (lambda path: packed(path, {**named(), "run.sh": b"#!"}), r"1 files that are no photographs \('run.sh'\)"),
        (linked, "no photographs"),
        (lambda path: packed(path, {**named(), "loose.png": picture(1)}), "folders and loose photographs"),
        (lambda path: packed(path, named(9)), "9 photographs .* at least 10"),
        (lambda path: packed(path, {}), "0 photographs"),
        (twice, "a photograph twice"),
        (large_directory, "at most 5,000 photographs"),
    ],
)
def test_what_is_no_zip_of_photographs(tmp_path, make, says):
    make(tmp_path / "a.zip")
    with pytest.raises(UserError, match=says):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize(
    ("limit", "most", "says"),
    [
        ("AUDIT_ZIP_BYTES", 2**10, "too large: at most 0 MiB"),
        ("AUDIT_UNPACKED_BYTES", 2**10, "unpack to more than 0 MiB"),
        ("AUDIT_PHOTOGRAPHS", 11, "at most 11 photographs"),
        ("AUDIT_DIRECTORY_BYTES", 100, "at most 5,000 photographs"),
    ],
)
def test_limits_hold_before_anything_is_written(tmp_path, monkeypatch, limit, most, says):
    monkeypatch.setattr(limits, limit, most)
    with pytest.raises(UserError, match=says):
        unpack(packed(tmp_path / "a.zip", named()), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(tmp_path):
    path = packed(tmp_path / "bomb.zip", {**named(), "red/bomb.png": bytes(33 * 2**20)})
    assert path.stat().st_size < 2**17
    with pytest.raises(UserError, match="at most 32 MiB; 'red/bomb.png'"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (None, "Name a folder"),
        ("  ", "Name a folder"),
        (7, "Name a folder"),
        ("a" * 5000, "Name a folder"),
        ("a\0b", "Name a folder"),
        ("/nowhere/at/all", "no folder '/nowhere/at/all'"),
        ("~nobody-of-this-name/x", "cannot be read|no folder"),
        (__file__, "no folder"),
    ],
)
def test_what_is_no_folder(sent, says):
    with pytest.raises(UserError, match=says):
        of_folder(sent, LABELS, "en")


def test_a_folder_of_this_machine(tmp_path, monkeypatch):
    for name, data in named().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    found = of_folder(f" ~/{tmp_path.name} ", LABELS, "en")
    assert len(found) == 12 and found.labelled
    monkeypatch.setattr(limits, "AUDIT_PHOTOGRAPHS", 11)
    with pytest.raises(UserError, match="最多 11 张"):
        of_folder(str(tmp_path), LABELS, "zh")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_belongs_to_somebody_else(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(UserError, match="cannot be read"):
        of_folder(str(tmp_path / "closed"), LABELS, "en")
