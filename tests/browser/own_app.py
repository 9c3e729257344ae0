"""The app on a network of somebody's own, for the browser tests: ``python tests/browser/own_app.py``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import attnviz  # noqa: E402
from attnviz.core.input_spec import InputSpec  # noqa: E402
from tests.own_models import own_net  # noqa: E402

LABELS = ("ant", "bee", "cat", "dog", "elk", "fox", "<i>gnu</i>")

if __name__ == "__main__":
    attnviz.launch(own_net(), InputSpec((64, 64)), LABELS, name="My own net")
