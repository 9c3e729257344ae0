"""What a kind of gate means is asked of ``attnviz.core.kinds``: no kind's name stands as a string anywhere else."""

import ast
from pathlib import Path

import pytest

from attnviz.core.kinds import KINDS

ROOT = Path(__file__).resolve().parent.parent
HOMES = (
    "attnviz/core/kinds.py",
    "attnviz/attention/",
    "attnviz/gates/",
    "attnviz/render/drawings.py",
)
"""Where kinds are defined, assigned, and drawn."""
OTHER_WORDS = {
    "attnviz/backbones/resnet.py": {"branch"},  # a position in a block
    "attnviz/backbones/vgg16.py": {"full"},  # a head of the classifier
    "attnviz/core/gate_map.py": {"spatial", "full", "strip"},  # how a map came out of its gate
    "attnviz/core/step_values.py": {"channel"},  # an axis
    "attnviz/render/export.py": {"channel", "branch"},  # columns of a table
    "attnviz/render/ranking.py": {"channel"},  # one channel that is asked for
    "attnviz/training/experiments/types.py": {"spatial"},  # an attention type
    "attnviz/ui/shared/page.py": {"channel"},  # one channel that is chosen
    "attnviz/ui/shared/text.py": {"channel", "branch"},  # nouns that are counted
    "attnviz/ui/shared/tour.py": {"channel"},  # one channel, in a scene
    "attnviz/ui/shared/texts.py": {"channel"},  # one channel, in a sentence
    "attnviz/ui/shared/viewer_host.py": {"channel"},  # one channel that is chosen
    "attnviz/ui/tabs/explore/handlers.py": {"channel"},  # one channel that is chosen
    "attnviz/ui/tabs/explore/live.py": {"channel"},  # one channel that is chosen
    "attnviz/ui/shared/view_answers.py": {"channel"},
    "attnviz/ui/tabs/own_model/handlers.py": {"channel"},
    "attnviz/ui/tabs/explore/link.py": {"channel"},
    "attnviz/ui/tabs/inside_gate/handlers.py": {"channel"},
    "attnviz/ui/tabs/intervene/html.py": {"channel"},
    "attnviz/ui/tabs/intervene/panel.py": {"strip"},
    "attnviz/viewer/document.py": {"channel"},  # one channel of a feature map
    "attnviz/viewer/notebook.py": {"channel"},
}
"""Where the same word means something else; comparing a kind with it is wrong there too."""
FILES = [p for room in ("attnviz", "benchmarks", "docs", "scripts") for p in sorted((ROOT / room).rglob("*.py"))]


def is_home(path):
    return path.startswith(HOMES)


def words(tree):
    """(word, line) of every string that is a kind's name."""
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {(node.value, node.lineno) for node in constants if node.value in KINDS}


def mentions_kind(node):
    """Whether an expression is about a kind: ``site.kind``, ``kind``, ``taken.kinds[name]``."""
    names = (getattr(part, "attr", getattr(part, "id", "")) for part in ast.walk(node))
    return any(name in ("kind", "kinds") or name.endswith(("_kind", "_kinds")) for name in names)


def comparisons(tree):
    """(word, line) of every kind's name that a kind is compared or matched with, or that is looked up beside one."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Compare, ast.Match)) and mentions_kind(node):
            found |= words(node)
    return found


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [p for p in FILES if ROOT / "attnviz" in p.parents], ids=lambda p: str(p.name))
def test_no_kind_is_named_outside_its_homes(path):
    name = path.relative_to(ROOT).as_posix()
    if not is_home(name):
        found = {(word, line) for word, line in words(parsed(path)) if word not in OTHER_WORDS.get(name, ())}
        assert not found, f"{name} names kinds of gate; ask their properties instead: {sorted(found)}"


def test_no_kind_is_compared_with_a_name():
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if not is_home(name):
            assert not (found := comparisons(parsed(path))), f"{name} compares kinds of gate: {sorted(found)}"


def test_other_words_are_still_there():
    for name, expected in OTHER_WORDS.items():
        assert {word for word, _ in words(parsed(ROOT / name))} == expected, name


@pytest.mark.parametrize(
    "code",
    [
        'x = site.kind == "channel"',
        'x = "spatial" != record.site.kind',
        'x = kind in ("strip", "full")',
        'x = [g for g, kind in taken.kinds.items() if kind not in {"pairwise"}]',
        'x = taken.kinds[gate] == "added"',
        'match site.kind:\n    case "geometric":\n        x = 1',
    ],
)
def test_a_comparison_that_is_put_back_is_noticed(code):
    assert comparisons(ast.parse(code)) and words(ast.parse(code))


@pytest.mark.parametrize(
    "code", ['T = {"branch": 1}', 'T = frozenset({"full"})', 'x = GateSite("a", "strip", (1,), (1,))']
)
def test_a_table_or_a_name_that_is_put_back_is_noticed(code):
    assert words(ast.parse(code))
