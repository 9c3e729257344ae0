import inspect

import pytest

gr = pytest.importorskip("gradio")

from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.shared.page import Page, Photo  # noqa: E402
from attnviz.ui.shared.view import look  # noqa: E402
from attnviz.ui.tabs.explore.handlers import Explore  # noqa: E402
from attnviz.ui.tabs.explore.layout import layout  # noqa: E402
from tests.ui.calls import given  # noqa: E402


@pytest.fixture
def store(checkpoints):
    return Store(checkpoints)


@pytest.fixture(scope="session")
def explore(checkpoints):
    """The tab's handlers, opened on the tiny CBAM network."""
    store = Store(checkpoints)
    opening = look(store, "cbam", sample="cat")
    with gr.Blocks() as demo, gr.Tab() as tab:
        page = Page(demo, store, tab, gr.State(), Photo(sample="cat"))
        return Explore(page, layout(page, opening), opening)


@pytest.fixture
def ask(explore):
    """Call a handler as the app does: ``ask("on_sample", event={"value": "cat"})``; returns the updates by name of the part."""
    parts = explore.parts
    names = {explore.page.photo: "page_photo", explore.page.chosen: "chosen", explore.page.address: "address"} | {
        getattr(parts, name): name for name in parts.__dataclass_fields__ if name != "titles"
    }

    components = {name: part for part, name in names.items()}

    def call(handler, view=None, event=None, language="en", **values):
        data = {
            "state": view or explore.opening,
            "model": "cbam",
            "selected": "null",
            "page_photo": None,
            "chosen": None,
            "kind": "png",
            "dpi": 100,
            **values,
        }
        if handler == "on_ask" and isinstance(event, dict):
            event = {"document": data["state"].id, **event}
        run = getattr(explore, handler)
        sent = {components[name]: value for name, value in data.items()}
        takes = [sent] if "data" in inspect.signature(run).parameters else []
        updates = run(*takes, **given(run, event, language))
        return {names.get(part, part): value for part, value in updates.items()}

    return call
