"""What programs ask of the app: named endpoints without a state, for HTTP and for MCP.

A new endpoint is one function ``name(store, …)`` with typed arguments, a documented result and one line in the table:
its documentation, its schemas, its place in ``llms.txt`` and its MCP tool are read from the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attnviz.core.registry import Registry

ENDPOINTS: Registry[Callable[..., Any]] = Registry(
    "endpoint",
    (
        ("models", "attnviz.ui.api.endpoints:models"),
        ("gates", "attnviz.ui.api.endpoints:gates"),
        ("analyse", "attnviz.ui.api.endpoints:analyse"),
        ("replay", "attnviz.ui.api.endpoints:replay"),
        ("describe", "attnviz.ui.api.endpoints:describe"),
    ),
)
"""Every entry takes a ``Store`` first, which callers do not see."""
