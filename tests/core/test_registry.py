import pytest

from attnviz.attention import ATTENTION
from attnviz.backbones import BACKBONES
from attnviz.core.errors import UserError, nearest
from attnviz.core.registry import Registry


def test_entries_are_imported_on_use():
    table = Registry("thing", (("path", "pathlib:Path"), ("missing", "no_such_module:X")))
    import pathlib

    assert table["path"] is pathlib.Path
    assert list(table) == ["path", "missing"] and len(table) == 2 and "path" in table
    with pytest.raises(ModuleNotFoundError):
        table["missing"]


@pytest.mark.parametrize("name", ["pth", None, 3, ("path",)])
def test_an_unknown_name_gets_the_nearest(name):
    table = Registry("thing", (("path", "pathlib:Path"),))
    with pytest.raises(UserError, match="unknown thing .*known: path"):
        table[name]


def test_a_repeated_name_and_a_bad_target_are_refused():
    with pytest.raises(ValueError, match="repeats se"):
        Registry("thing", (("se", "a:b"), ("se", "c:d")))
    with pytest.raises(ValueError, match="module:attribute"):
        Registry("thing", (("se", "a.b"),))


@pytest.mark.parametrize("table", [ATTENTION, BACKBONES], ids=lambda t: t.what)
def test_no_entry_dangles(table):
    for name in table:
        assert isinstance(table[name], type), name


def test_nearest_suggests_and_lists():
    assert nearest("cbm", ["cbam", "se"]) == "did you mean 'cbam'? known: cbam, se"
    assert nearest("x", []) == "known: none"
    assert "(30 in all)" in nearest("zzz", [f"name{i}" for i in range(30)])
