"""A running app with nothing but the endpoints, and what the library says to the same photograph."""

import pytest

gr = pytest.importorskip("gradio")

from attnviz.analysis.analyser import Analyser  # noqa: E402
from attnviz.images.samples import load_sample  # noqa: E402
from attnviz.models.locator import load  # noqa: E402
from attnviz.ui.api.wire import add_endpoints  # noqa: E402
from attnviz.ui.app import launch_options  # noqa: E402
from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.server.start import start  # noqa: E402


@pytest.fixture(scope="session")
def served(checkpoints):
    """Start it: ``served(mcp_server=True)`` gives the page, which is running."""
    running = []

    def begin(**options):
        with gr.Blocks(title="attnviz", analytics_enabled=False) as demo:
            add_endpoints(Store(checkpoints))
        settings = {**launch_options(), "server_name": "127.0.0.1", **options}
        start(demo.queue(max_size=None), **settings, prevent_thread_lock=True, quiet=True)
        running.append(demo)
        return demo

    yield begin
    for demo in running:
        demo.close()


@pytest.fixture(scope="session")
def app(served):
    return served()


@pytest.fixture(scope="session")
def cat(tmp_path_factory):
    """A photograph in a file."""
    path = tmp_path_factory.mktemp("photographs") / "cat.png"
    load_sample("cat").save(path)
    return path


@pytest.fixture(scope="session")
def ours(checkpoints, cat):
    """The library's analysis of it."""
    return Analyser(load("cbam", folder=checkpoints, device="cpu")).analyse(cat)
