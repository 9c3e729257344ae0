"""The documentation says what is so: its examples run, and its lists, limits and links are those of the code."""

import ast
import contextlib
import importlib
import io
import re
import shutil
from pathlib import Path

import pytest
import yaml

import attnviz
from attnviz.cli.main import COMMANDS
from attnviz.gates.apply import ACTIONS
from attnviz.gates.edits.edit_list import MAX_STEPS
from attnviz.gates.edits.json_format import from_json
from attnviz.render.export import COLUMNS, summary

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
"""An example, and what stands below it as its output."""
TRANSLATED = ROOT / "README.zh-CN.md"


def read(page):
    return page.read_text(encoding="utf-8")


def named(path):
    return str(path.relative_to(ROOT))


def first_column(page, heading):
    """The words in code type that begin the rows of the table below a heading."""
    section = re.split(r"^#+ ", read(page).split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return [
        name for row in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]


@pytest.fixture
def module(monkeypatch):
    """A module of ``docs/`` by name."""
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCK.search(read(p)) and p != TRANSLATED], ids=named)
def test_examples_run_and_print_what_the_page_says(page, tmp_path, monkeypatch):
    shutil.copy(ROOT / "assets" / "samples" / "church.jpg", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    names = {}
    for code, output in BLOCK.findall(read(page)):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, named(page), "exec"), names)
        assert printed.getvalue() == output


def test_the_translated_example_is_the_same():
    codes = [
        [ast.dump(ast.parse(code)) for code, _ in BLOCK.findall(read(page))]
        for page in (TRANSLATED, ROOT / "README.md")
    ]
    assert codes[0] == codes[1] and len(codes[0]) == 1


def test_code_that_needs_the_readers_own_things_is_python():
    codes = [code for page in PAGES for code in re.findall(r"^```py\n(.*?)^```", read(page), re.DOTALL | re.MULTILINE)]
    assert len(codes) >= 3
    for code in codes:
        ast.parse(code)


def test_the_readme_fits_on_two_screens_and_configures_the_space():
    text = read(ROOT / "README.md")
    assert text.count("\n") <= 200
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["sdk"] == "gradio" and front["app_file"] == "app.py"
    assert f"gradio>={'.'.join(front['sdk_version'].split('.')[:2])}" in read(ROOT / "requirements.txt")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere_and_no_page_names_a_machines_paths(page):
    text = read(page)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)", text):
        assert target.startswith("http") or (page.parent / target).exists(), target
    assert not re.search(r"(?<![\w.])/(work|home|root|tmp|mnt)/", text)


def test_every_public_name_is_in_the_reference(module):
    pages = module("pages")
    public = {name for names in pages.FUNCTIONS.values() for name in names}
    assert public == set(attnviz.__all__) - {"__version__"}
    text = pages.reference()
    assert all(f":: attnviz.{name}\n" in text for name in public)
    assert "| `cbam` | " in text and "| `vgg16` | " in text and "| `grad-cam` | Grad-CAM (Selvaraju" in text


def test_the_page_of_commands_is_what_help_prints(module):
    text = module("pages").commands()
    assert re.findall(r"^## (\S+)$", text, re.MULTILINE) == list(COMMANDS)
    assert text.count("Usage: attnviz ") == len(COMMANDS) and "--opacity <float>" in text


def test_rooms_are_read_from_imports_of_every_sort(module, tmp_path):
    rooms = module("rooms")
    files = {
        "a": "from attnviz.b.x import y",
        "b": "def f():\n    import attnviz.c.z",
        "c": "",
        "d": "T = ('attnviz.c.z:name', 'attnviz.a')\nfrom attnviz import b, a",
    }
    for name, text in files.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text)
    edges = rooms.imports(tmp_path)
    assert {name: sorted(below) for name, below in edges.items()} == {
        "a": ["b"],
        "b": ["c"],
        "c": [],
        "d": ["a", "b", "c"],
    }
    assert rooms.floors(edges) == {"c": 0, "b": 1, "a": 2, "d": 3}
    assert rooms.shown(edges) == [("a", "b"), ("b", "c"), ("d", "a")]
    (tmp_path / "c" / "__init__.py").write_text("import attnviz.a.x")
    with pytest.raises(ValueError, match="a -> b -> c -> a"):
        rooms.floors(rooms.imports(tmp_path))


def test_the_picture_shows_every_room(module, tmp_path):
    rooms = module("rooms")
    for name in ("first.svg", "again.svg"):
        rooms.draw(tmp_path / name)
    text = read(tmp_path / "first.svg")
    assert len(rooms.imports()) >= 9 and all(f">{room}/<" in text for room in rooms.imports())
    assert read(tmp_path / "again.svg") == text


def test_columns_and_keys_of_files_are_listed(checkpoints, photograph):
    page = DOCS / "schemas.md"
    assert tuple(first_column(page, "gates.csv")) == COLUMNS
    values = summary(attnviz.analyse(checkpoints / "cbam", photograph))
    assert first_column(page, "analysis.json") == list(values)
    assert set(first_column(page, "Edits")) == set(ACTIONS)
    text = read(page)
    for inner in (values["photograph"], values["predictions"][0], values["gates"][0]):
        assert all(f"`{key}`" in text for key in inner), inner.keys()
    assert set(first_column(page, "What `evaluate` adds to a card")) >= {"confidence", "ece", "foreign", "unlike"}
    card = set(first_column(page, "Checkpoints"))
    assert card == set(attnviz.load("cbam").card.to_json())
    assert f"{MAX_STEPS:,} steps" in text


def test_the_example_of_edits_is_read():
    given = from_json(re.search(r"^```json\n(.*?)^```", read(DOCS / "schemas.md"), re.DOTALL | re.MULTILINE)[1])
    assert [step.edit.action for step in given.edits.steps] == ["knock_out", "set_to"]


def test_every_environment_variable_that_is_read_is_listed():
    read_or_set = re.compile(
        r"environ(?:\.get|\.setdefault)?[(\[]\"(\w+)\"|\"(\w+)\" in os\.environ|^VARIABLE = \"(\w+)\"", re.M
    )
    names = {"".join(hit) for path in (ROOT / "attnviz").rglob("*.py") for hit in read_or_set.findall(read(path))}
    assert {"ATTNVIZ_CHECKPOINTS", "SPACE_ID", "GRADIO_SERVER_NAME"} <= names
    assert names <= set(re.findall(r"`([A-Z_]+)`", read(DOCS / "deploying.md")))


def test_the_citation_names_this_version():
    citation = yaml.safe_load(read(ROOT / "CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation) and citation["cff-version"] == "1.2.0"
    assert citation["version"] == attnviz.__version__ and citation["authors"] == [{"name": "attnviz contributors"}]
