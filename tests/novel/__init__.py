"""One new thing of every sort, each a file of this package and a line of ``ROWS``: what a contributor would write.

As a pytest plugin (``-p tests.novel``) the package adds its lines to the tables before any test is collected, so that
every test that walks a table meets the new entries.
"""

NAME = "novel"
TABLES = {
    "attention_type": "attnviz.attention:ATTENTION",
    "attribution": "attnviz.explain.attribution.table:ATTRIBUTIONS",
    "backbone": "attnviz.backbones:BACKBONES",
    "command": "attnviz.cli.main:COMMANDS",
    "tab": "attnviz.ui.app:TABS",
    "drawing": "attnviz.render.drawings:DRAWINGS",
    "endpoint": "attnviz.ui.api:ENDPOINTS",
}
"""The table of each sort, by the file that adds a line to it."""
ROWS = {
    "attention_type": (NAME, "tests.novel.attention_type:RowGate"),
    "attribution": (NAME, "tests.novel.attribution:METHOD"),
    "backbone": (NAME, "tests.novel.backbone:Novel"),
    "command": (NAME, "tests.novel.command:run"),
    "tab": (NAME, "tests.novel.tab:TAB"),
    "drawing": ("full", "tests.novel.drawing:draw"),
    "endpoint": (NAME, "tests.novel.endpoint:count"),
}
"""The line of each: a name and ``module:attribute``. A kind of gate keeps its name and gets another drawing."""


def pytest_configure(config):
    """Put a line into its table: of the sort that ``NOVEL`` names, or of all."""
    import importlib
    import os

    wanted = os.environ.get("NOVEL")
    for sort, (name, target) in ROWS.items():
        if wanted not in (None, sort):
            continue
        module, attribute = TABLES[sort].split(":")
        getattr(importlib.import_module(module), attribute)._targets[name] = target
