"""The web app: ``python app.py``, or a Hugging Face Space."""

from __future__ import annotations

import contextlib

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401 - on ZeroGPU it must be imported before torch; elsewhere it is not installed

from attnviz.core.errors import UserError
from attnviz.ui.app import build, launch_options
from attnviz.ui.networks.store import Store
from attnviz.ui.server.origin import others_come
from attnviz.ui.surroundings import prepare_surroundings

try:
    prepare_surroundings()
    public = others_come({})
    demo = build(Store(public=public))
except UserError as error:
    raise SystemExit(f"attnviz: {error}") from None

if __name__ == "__main__":
    from attnviz.ui.server.start import start

    start(demo, **launch_options(public))
