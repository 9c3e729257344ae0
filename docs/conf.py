"""How Sphinx builds the documentation: ``sphinx-build -W --keep-going docs OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import pages  # noqa: E402 - beside this file, which Sphinx does not put on the path
import rooms  # noqa: E402

import attnviz  # noqa: E402

project = "attnviz"
author = "attnviz contributors"
copyright = author  # noqa: A001 - the name is Sphinx's
version = release = attnviz.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "_generated/*.md", "notebooks"]
myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_use_ivar = True
add_module_names = False

html_theme = "furo"
html_title = f"attnviz {release}"


def _generate(_: Sphinx) -> None:
    """Write what is read from the code: command line, reference, picture of the rooms."""
    folder = HERE / "_generated"
    folder.mkdir(exist_ok=True)
    (folder / "commands.md").write_text(pages.commands(), encoding="utf-8")
    (folder / "reference.md").write_text(pages.reference(), encoding="utf-8")
    rooms.draw(folder / "rooms.svg")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", _generate)
