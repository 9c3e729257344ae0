"""The web app: a page of tabs over the analysis of photographs. It never imports torch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from attnviz.registry import Registry
from attnviz.ui.settings import CACHE, KEEP_SECONDS, SESSIONS, STATIC

if TYPE_CHECKING:
    import gradio as gr

    from attnviz.ui.store import Store
    from attnviz.ui.tabs import Tab

TABS: Registry[Tab] = Registry(
    "tab",
    (
        ("explore", "attnviz.ui.tabs.explore:TAB"),
        ("compare", "attnviz.ui.tabs.compare:TAB"),
        ("intervene", "attnviz.ui.tabs.intervene:TAB"),
        ("inside", "attnviz.ui.tabs.inside:TAB"),
        ("noise", "attnviz.ui.tabs.noise:TAB"),
        ("training", "attnviz.ui.tabs.training:TAB"),
        ("own", "attnviz.ui.tabs.own:TAB"),
    ),
)
"""Every entry is a ``Tab``; the page shows them in this order and opens on the first."""


def build(store: Store | None = None) -> gr.Blocks:
    """Build the page with all tabs.

    Args:
        store: The models; ``None`` for those in ``checkpoint_folder()``.

    Raises:
        UserError: There is no checkpoint.
    """
    import gradio as gr

    from attnviz.errors import UserError
    from attnviz.ui.gallery import available
    from attnviz.ui.page import Page, Photo
    from attnviz.ui.panels import greet, header
    from attnviz.ui.store import Store
    from attnviz.ui.text import label, plain

    store = store or Store()
    if not store.ids:
        raise UserError(plain("no_models", folder=store.folder))
    with gr.Blocks(title=plain("title"), delete_cache=CACHE, analytics_enabled=False) as demo:
        head = gr.HTML(header())
        demo.load(greet, None, head, queue=False, show_progress="hidden", api_visibility="private")
        photo, opening = gr.State(None, time_to_live=KEEP_SECONDS), Photo(sample=available()[0])
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):  # a menu of the rest would let the row set the width
            for name, tab in TABS.items():
                with gr.Tab(label(tab.title), id=name, elem_id=f"tab-{name}") as own:
                    tab.build(Page(demo, store, own, photo, opening))
    return demo.queue(max_size=32, default_concurrency_limit=4)


def launch_options() -> dict[str, Any]:
    """What ``Blocks.launch`` is given: no sharing, no external requests, limits on what is sent."""
    from starlette.middleware import Middleware

    from attnviz.image import MAX_BYTES
    from attnviz.ui.document import Document
    from attnviz.ui.door import Door
    from attnviz.ui.limits import BodyLimit
    from attnviz.ui.text import translations
    from attnviz.ui.theme import theme

    middleware = [Middleware(BodyLimit), Middleware(Door), Middleware(Document)]
    return {
        "server_name": os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if "SPACE_ID" in os.environ else None),  # noqa: S104
        "share": False,
        "ssr_mode": False,
        "mcp_server": False,
        "show_error": False,
        "max_file_size": MAX_BYTES,
        "state_session_capacity": SESSIONS,
        "app_kwargs": {"middleware": middleware, "docs_url": None, "redoc_url": None},
        "theme": theme(),
        "css_paths": sorted(STATIC.glob("*.css")),
        "js": (STATIC / "page.js").read_text(encoding="utf-8"),
        "i18n": translations(),
        "footer_links": [],
    }
