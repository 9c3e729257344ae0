"""The web app: a page of tabs over the analysis of photographs. It never imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attnviz.core.registry import Registry
from attnviz.ui.settings import CACHE, KEEP_SECONDS, STATIC

if TYPE_CHECKING:
    import gradio as gr

    from attnviz.ui.networks.store import Store
    from attnviz.ui.shared.page import Photo
    from attnviz.ui.tabs import Tab

TABS: Registry[Tab] = Registry(
    "tab",
    (
        ("explore", "attnviz.ui.tabs.explore.handlers:TAB"),
        ("compare", "attnviz.ui.tabs.compare.events:TAB"),
        ("intervene", "attnviz.ui.tabs.intervene.handlers:TAB"),
        ("inside", "attnviz.ui.tabs.inside_gate.handlers:TAB"),
        ("noise", "attnviz.ui.tabs.noise_lab.handlers:TAB"),
        ("training", "attnviz.ui.tabs.training.handlers:TAB"),
        ("audit", "attnviz.ui.tabs.audit.handlers:TAB"),
        ("own", "attnviz.ui.tabs.own_model.handlers:TAB"),
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

    from attnviz.core.errors import UserError
    from attnviz.ui.api.wire import add_endpoints
    from attnviz.ui.networks.store import Store
    from attnviz.ui.server.page import Blocks
    from attnviz.ui.shared.frame import Frame
    from attnviz.ui.shared.page import Page
    from attnviz.ui.shared.sample_buttons import available
    from attnviz.ui.shared.text import add_texts, label, plain

    store = store or Store()
    if not store.ids:
        raise UserError(plain("no_models", folder=store.folder))
    opening = _opening(store, available()[0])
    with Blocks(title=plain("title"), delete_cache=CACHE, analytics_enabled=False, fill_width=True) as demo:
        frame, tabs = Frame(store, TABS), []
        photo = gr.State(None, time_to_live=KEEP_SECONDS)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):  # a menu of the rest would let the row set the width
            for name, tab in TABS.items():
                add_texts(tab.texts)
                with gr.Tab(label(tab.title), id=name, elem_id=f"tab-{name}") as own:
                    tabs.append(own)
                    tab.build(Page(demo, store, own, photo, opening, name, frame.chosen, frame.head, frame.address))
        frame.wire(demo, tabs)
        add_endpoints(store)
    return demo.queue(max_size=None, default_concurrency_limit=4)  # the bound is in server/shares.py


def _opening(store: Store, sample: str) -> Photo:
    """What a visitor sees first; ``UserError`` where the first network takes pictures of a kind that is not there."""
    from attnviz.core.errors import UserError
    from attnviz.images.channels import form
    from attnviz.ui.shared.page import Photo, suited

    card = store.card(store.ids[0])
    try:
        return suited(Photo(sample=sample), card.spec.input)
    except UserError as error:
        count = card.spec.input.colours
        raise UserError(
            f"{card.title} takes pictures of {count} channels, and there is none among the samples: give a folder of "
            f"them, --data FOLDER (data=FOLDER); {form(count)}"
        ) from error


def launch_options(public: bool = True) -> dict[str, Any]:
    """What ``Blocks.launch`` is given: no sharing, no external requests, limits on what is sent.

    Args:
        public: Whether strangers come to the page; one's own machine takes larger files.
    """
    from starlette.middleware import Middleware

    from attnviz.models.limits import limits_for
    from attnviz.ui.server.body_limit import BodyLimit
    from attnviz.ui.server.hashed_files import HashedFiles
    from attnviz.ui.server.limits import SESSIONS
    from attnviz.ui.server.localised_page import Document
    from attnviz.ui.server.origin import Origin, listening_name
    from attnviz.ui.server.pace import Pace
    from attnviz.ui.server.request_filter import Door
    from attnviz.ui.server.uploads import Uploads
    from attnviz.ui.shared.text import add_texts, translations
    from attnviz.ui.theme import theme

    for tab in TABS.values():
        add_texts(tab.texts)
    largest = limits_for(public).largest_upload
    body = Middleware(BodyLimit, upload=largest + 2**20)
    inner = (Door, Uploads, HashedFiles, Document)
    outer = [Middleware(Origin), *([Middleware(Pace)] if public else [])]
    middleware = [*outer, body, *(Middleware(part) for part in inner)]
    return {
        "server_name": listening_name(),
        "share": False,
        "ssr_mode": False,
        "mcp_server": False,
        "show_error": False,
        "run_history": False,
        "max_file_size": largest,
        "state_session_capacity": SESSIONS,
        "app_kwargs": {"middleware": middleware, "docs_url": None, "redoc_url": None},
        "theme": theme(),
        "css_paths": sorted(STATIC.glob("*.css")),
        "js": (STATIC / "page.js").read_text(encoding="utf-8"),
        "i18n": translations(),
        "footer_links": [],
    }
