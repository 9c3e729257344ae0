"""The web app: ``python app.py``, or a Hugging Face Space."""

from __future__ import annotations

import contextlib

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401 - on ZeroGPU it must be imported before torch; elsewhere it is not installed

from attnviz.ui import build, launch_options

demo = build()

if __name__ == "__main__":
    demo.launch(**launch_options())
