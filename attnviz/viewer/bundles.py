"""The script of the view, bundled: one module for hosts, one script for a page of its own."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES, BUNDLES = FOLDER / "src", FOLDER / "bundle"


def sources_digest() -> str:
    """SHA-256 of all sources, as ``build.mjs`` writes it beside the bundles."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.glob("*.js"), key=lambda path: path.name):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@lru_cache(maxsize=2)
def bundle(name: str) -> str:
    """``"view"``, an ES module in anywidget's form, or ``"page"``, a script that fills a page."""
    return (BUNDLES / f"{name}.js").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def module_name() -> str:
    """The module's file name with a hash of what is in it, so that browsers may keep it for ever."""
    return f"view-{hashlib.sha256(bundle('view').encode()).hexdigest()[:16]}.js"
