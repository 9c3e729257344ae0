"""See, test and trust the attention gates inside a convolutional network.

The names below are imported when they are first used, so ``import attnviz`` is instant and imports
neither torch nor gradio.
"""

from __future__ import annotations

import importlib
from typing import Any

from attnviz.core.displays import DISPLAYS as _DISPLAYS
from attnviz.core.errors import UserError

__version__ = "0.1.0"

_LAZY = {
    "Analyser": "attnviz.analysis.analyser",
    "ModelCard": "attnviz.core.model_card",
    "Network": "attnviz.models.network",
    "analyse": "attnviz.analysis.analyser",
    "analyse_many": "attnviz.analysis.analyse_many",
    "as_pandas": "attnviz.analysis.analyse_many",
    "as_table": "attnviz.analysis.analyse_many",
    "save_npz": "attnviz.analysis.analyse_many",
    "audit": "attnviz.audit",
    "class_map": "attnviz.analysis.analyser",
    "capture": "attnviz.gates.capture",
    "edit": "attnviz.gates.edit",
    "explain_search": "attnviz.gates.explain",
    "find_gates": "attnviz.gates.discover",
    "launch": "attnviz.ui.launch",
    "load": "attnviz.models.locator",
    "log_gates": "attnviz.gates.log",
    "knock_out": "attnviz.gates.edit",
    "mean": "attnviz.gates.edit",
    "neutral": "attnviz.gates.edit",
    "open_photograph": "attnviz.images.decode",
    "paint": "attnviz.gates.edit",
    "prepare": "attnviz.images.prepare",
    "scale": "attnviz.gates.edit",
    "set_to": "attnviz.gates.edit",
    "shuffle": "attnviz.gates.edit",
    "wrap": "attnviz.models.wrap",
}
_DISPLAYS |= {"Analysis": "attnviz.viewer.notebook:analysis_html", "GateRecord": "attnviz.render.notebook:gate_html"}
_DISPLAYS |= {"Audit": "attnviz.render.audit.report:audit_html"}
__all__ = ["UserError", "__version__", *sorted(_LAZY)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'attnviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
