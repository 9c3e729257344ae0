"""What the page and the server agree on: where static files lie, and how long what visitors leave is kept."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
KEEP_SECONDS = 3600
"""How long what a visitor looks at is kept while nothing happens."""
CACHE = (3600, 6 * 3600)
"""Uploaded and downloaded files are looked through every hour, and deleted when six hours old."""
