"""The rooms of the package and who imports whom, read from the code and drawn: ``python docs/rooms.py FILE.svg``.

A room is a folder of ``attnviz/``. Imports inside functions, under ``TYPE_CHECKING`` and in strings
(``"attnviz.room.module:name"``) count like any other.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "attnviz"
TARGET = re.compile(r"attnviz\.(\w+)[.\w]*:\w+")
"""What a table of things that are loaded later says."""

Imports = Mapping[str, frozenset[str]]
"""From a room to the rooms that it imports."""


def imports(package: Path = PACKAGE) -> dict[str, frozenset[str]]:
    """Every room of a package and the rooms that it imports, itself left out."""
    names = {path.parent.name for path in package.glob("*/__init__.py")}
    edges = {}
    for room in sorted(names):
        heads = {head for path in (package / room).rglob("*.py") for head in _imported(path)}
        edges[room] = frozenset(heads & names - {room})
    return edges


def _imported(path: Path) -> Iterator[str]:
    """What a file imports of attnviz: the first part after ``attnviz.``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("attnviz."))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "attnviz":
            parts = node.module.split(".")
            yield from parts[1:2] or (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (hit := TARGET.fullmatch(node.value)):
            yield hit[1]


def floors(edges: Imports) -> dict[str, int]:
    """The floor of every room: 0 where it imports none, else one above the highest that it imports.

    Raises:
        ValueError: Rooms import each other in a circle; the message names it.
    """
    level: dict[str, int] = {}

    def climb(room: str, above: tuple[str, ...]) -> int:
        if room in above:
            raise ValueError("rooms import each other: " + " -> ".join((*above[above.index(room) :], room)))
        if room not in level:
            level[room] = max((climb(below, (*above, room)) + 1 for below in sorted(edges[room])), default=0)
        return level[room]

    for room in edges:
        climb(room, ())
    return level


def shown(edges: Imports) -> list[tuple[str, str]]:
    """The imports that do not follow from others: a -> c is left out where a -> b -> … -> c."""
    level = floors(edges)
    reached: dict[str, set[str]] = {}
    for room in sorted(edges, key=level.__getitem__):
        reached[room] = set(edges[room]).union(*(reached[below] for below in edges[room]))
    return [
        (room, below)
        for room in sorted(edges)
        for below in sorted(edges[room])
        if not any(below in reached[other] for other in edges[room] - {below})
    ]


def size(room: Path) -> tuple[int, int]:
    """Python files of a room, and their lines."""
    files = [path for path in room.rglob("*.py") if path.name != "__init__.py" or path.stat().st_size]
    return len(files), sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)


def draw(file: Path, package: Path = PACKAGE) -> None:
    """Write the picture of the rooms as SVG: floors from bottom to top, an arrow from a room to one that it imports."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    edges = imports(package)
    level = floors(edges)
    rows = [[room for room in edges if level[room] == floor] for floor in range(max(level.values()) + 1)]
    widest = max(map(len, rows))
    place: dict[str, tuple[float, int]] = {}
    for floor, row in enumerate(rows):
        row.sort(key=lambda room: sum(place[b][0] for b in edges[room]) / max(1, len(edges[room])))  # fewer crossings
        place |= {room: ((i + 0.5) * widest / len(row), floor) for i, room in enumerate(row)}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rooms", "font.size": 10}):
        figure = Figure(figsize=(2.1 * widest, 0.95 * len(rows)), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, widest), ylim=(-0.5, len(rows) - 0.5))
        axes.axis("off")
        for room, below in shown(edges):
            ends = {"xy": (place[below][0], place[below][1] + 0.27), "xytext": (place[room][0], place[room][1] - 0.27)}
            axes.annotate("", **ends, arrowprops={"arrowstyle": "-|>", "color": "#9aa0a6", "shrinkA": 0, "shrinkB": 0})
        for room, (x, y) in place.items():
            files, lines = size(package / room)
            box = {"boxstyle": "round,pad=0.45", "facecolor": "#e8f1fa", "edgecolor": "#0072b2"}
            text = f"{room}/\n{files} files · {lines:,} lines"
            axes.text(x, y, text, ha="center", va="center", color="#202124", bbox=box, linespacing=1.4)
        figure.savefig(file, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
