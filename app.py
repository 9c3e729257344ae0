"""The web app: ``python app.py``, or a Hugging Face Space."""

from __future__ import annotations

try:
    import spaces  # on ZeroGPU it must be imported before torch; elsewhere it is not installed
except ImportError:
    pass
else:

    @spaces.GPU
    def lend() -> None:
        """ZeroGPU starts no Space without a function to lend its GPU to; see ``best_device`` for why nothing is."""


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
