"""Move files to their rooms and say their new names everywhere: ``python scripts/move_rooms.py [ROOM …]``.

``house.tsv`` beside this script holds old path, new path. Names of modules are rewritten wherever they stand: imports,
strings (tables, monkeypatches), comments, configuration and prose. Bodies of functions are not touched otherwise.
"""

# ruff: noqa: D103, E501, S603, S607

import ast
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEXT = (".py", ".toml", ".md", ".txt", ".cfg", ".yml", ".rst", ".json", ".js", ".css")
FRONTS = {
    "attnviz/images": '"""From bytes to what a network is given."""\n',
    "attnviz/models": '"""From a name, file or module to a network, and what is known of it."""\n',
    "attnviz/explain": '"""Maps of what an answer rests on, and tests of such maps, for any torch module."""\n',
    "attnviz/analysis": '"""One photograph through one network."""\n',
    "attnviz/cli": '"""The command line, one file a command."""\n',
    "attnviz/render/figures": '"""Pictures drawn with matplotlib, for print and export."""\n',
    "attnviz/render/svg": '"""Small drawings as SVG and HTML, for pages and notebooks."""\n',
    "attnviz/ui/server": '"""What stands between the network and the page: limits, filters, the page itself in a language."""\n',
    "attnviz/ui/networks": '"""Networks that visitors share: loaded once, leased under a lock."""\n',
    "attnviz/ui/shared": '"""What several tabs use."""\n',
    "attnviz/ui/tabs/explore": '"""See every gate of one photograph."""\n',
    "attnviz/ui/tabs/compare": '"""Networks, photographs or gates side by side."""\n',
    "attnviz/ui/tabs/intervene": '"""Change gates and see what the network answers."""\n',
    "attnviz/ui/tabs/inside_gate": '"""One attention module, step by step."""\n',
    "attnviz/ui/tabs/noise_lab": '"""Channels of noise, and the gate that shuts them out."""\n',
    "attnviz/ui/tabs/training": '"""How gates grew while a network was trained."""\n',
    "attnviz/ui/tabs/own_model": '"""The gates of a visitor\'s own network."""\n',
}
LEFT_ALONE = ("checkpoints/", "results/", "CHANGELOG.md", "tests/golden/events.json")


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def table() -> list[tuple[str, str]]:
    rows = [line.split("\t") for line in (HERE / "house.tsv").read_text().splitlines() if line.strip()]
    return [(old, new) for old, new in rows if old != new]


def room_of(new: str) -> str:
    return new.split("/")[1]


def rewrite(text: str, names: dict[str, str], paths: dict[str, str]) -> str:
    """Every dotted name and every path of a moved file, the longest first."""
    if names:
        pattern = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
        text = re.sub(rf"(?<![\w./\0])({pattern})(?![\w])", lambda m: names[m[1]], text)
    if paths:
        pattern = "|".join(re.escape(p) for p in sorted(paths, key=len, reverse=True))
        text = re.sub(rf"(?<![\w])({pattern})(?![\w])", lambda m: paths[m[1]], text)
    return text


def split_imports(text: str, names: dict[str, str]) -> str:
    """``from package import module`` where the module moves, as an import of where it goes, under the name it had."""
    moved = {}
    for old, new in names.items():
        package, _, last = old.rpartition(".")
        moved[package, last] = new
    lines = text.splitlines(keepends=True)
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    for node in sorted((n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)), key=lambda n: -n.lineno):
        gone = [alias for alias in node.names if (node.module, alias.name) in moved]
        if not gone:
            continue
        indent, comment = " " * node.col_offset, re.search(r"  # .*", lines[node.end_lineno - 1])
        told = comment[0] if comment else ""
        new_lines = []
        stay = [a for a in node.names if a not in gone]
        if stay:
            listed = ", ".join(a.name + (f" as {a.asname}" if a.asname else "") for a in stay)
            new_lines.append(f"{indent}from {node.module} import {listed}{told}\n")
        for alias in gone:
            package, _, last = moved[node.module, alias.name].rpartition(".")
            seen = alias.asname or alias.name
            new_lines.append(
                f"{indent}from \0{package} import {last}" + (f" as {seen}" if seen != last else "") + told + "\n"
            )
        lines[node.lineno - 1 : node.end_lineno] = new_lines
    return "".join(lines)


def deeper(text: str, levels: int) -> str:
    """The way up from a file to the project's root, for a file that now lies deeper."""

    def up(match: re.Match[str]) -> str:
        now = match[2].count(".parent") - 1 if match[2] else int(match[3])
        return f"{match[1]}.parents[{now + levels}]"

    return re.sub(r"(Path\(__file__\)(?:\.resolve\(\))?)(?:((?:\.parent){2,})|\.parents\[(\d+)\])", up, text)


def main(rooms: list[str]) -> None:
    rows = [(old, new) for old, new in table() if (not rooms or room_of(new) in rooms) and Path(old).is_file()]
    names = {module_of(old): module_of(new) for old, new in rows if old.endswith(".py")}
    paths = {old: new for old, new in rows}
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    own = {str(Path(__file__).resolve().relative_to(Path.cwd())), "scripts/house.tsv"}
    for name in files:
        path = Path(name)
        if path.suffix not in TEXT or name.startswith(LEFT_ALONE) or name in own or not path.is_file():
            continue
        before = path.read_text(encoding="utf-8")
        text = split_imports(before, names) if path.suffix == ".py" else before
        text = rewrite(text, names, paths).replace("\0", "")
        if text != before:
            path.write_text(text, encoding="utf-8")
    for old, new in rows:
        target = Path(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        for folder in target.parents:
            front = folder / "__init__.py"
            if str(folder) in (".", "tests", "attnviz") or folder.name == "static" or folder.name == "recipes":
                break
            if not front.exists() and target.suffix == ".py" and target != front and str(front) not in paths.values():
                front.write_text(FRONTS.get(str(folder), ""))
                subprocess.run(["git", "add", str(front)], check=True)
        if old.startswith("tests/") and old.endswith(".py"):
            levels = len(target.parts) - len(Path(old).parts)
            path = Path(old)
            path.write_text(deeper(path.read_text(encoding="utf-8"), levels), encoding="utf-8")
        subprocess.run(
            ["git", "mv", "-f" if target.exists() and not target.read_text() else "-k", old, new], check=True
        )
    print(f"{len(rows)} files moved")


if __name__ == "__main__":
    main(sys.argv[1:])
