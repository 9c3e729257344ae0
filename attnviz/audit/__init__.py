"""Many photographs through one network: what its gates do over a data set, and whether that matters.

The room and the function share a name: ``attnviz.audit(model, images)`` is ``attnviz.audit.run.audit``, and modules
of the room are ``attnviz.audit.run`` and so on.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    """The module of a room that can be called; what it does is imported then."""

    def __call__(self, *args: Any, **choices: Any) -> Any:
        """As ``attnviz.audit.run.audit``."""
        from attnviz.audit.run import audit

        return audit(*args, **choices)


audit = sys.modules[__name__]
audit.__class__ = _Room
