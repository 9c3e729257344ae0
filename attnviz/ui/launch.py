"""The app on a network of the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from attnviz.analysis.adopt_model import adopt
from attnviz.ui.app import build, launch_options
from attnviz.ui.networks.store import Store
from attnviz.ui.server.start import start

if TYPE_CHECKING:
    import gradio as gr


def launch(
    model: Any,
    transform: Any = None,
    labels: Iterable[Any] | None = None,
    *,
    name: str | None = None,
    scores: str | None = None,
    alone: bool = False,
    **options: Any,
) -> gr.Blocks:
    """Open the app on a live network: ``attnviz.launch(model, transform, labels)``.

    The network stays where and as it is. It is in eval mode only while a request is answered, and every module is
    back in its own mode afterwards; do not train it at the same moment.

    Args:
        model: Any ``nn.Module`` from pictures (N, C, H, W) to class scores (N, K), K ≥ 2.
        transform: What it wants to be given: an ``attnviz.core.input_spec.InputSpec``; a transform of torchvision or a
            configuration of timm, from which size, mean and std are read; a function from a Pillow image (the part
            of the photograph that the network shall see) to a tensor (C, H, W), used as it is; ``None`` for a network
            of timm, which knows by itself.
        labels: K class names; ``None`` numbers them.
        name: What people see; the name of the network's class unless given.
        scores: What the class scores are: ``"softmax"`` for logits of classes that exclude each other, ``"sigmoid"``
            for logits of classes that do not (multi-label), ``"probabilities"`` for what lies in 0..1 already. Where
            it is not given and cannot be told from the numbers, it is assumed and said beside every answer.
        alone: Whether to leave out the bundled and published networks.
        **options: For gradio's ``Blocks.launch``: ``prevent_thread_lock=True`` returns at once, ``server_port=…``.

    Returns:
        The page; its ``close()`` ends it.

    Raises:
        UserError: The network fails on an empty picture or gives no class scores, the transform or the labels do not
            fit, or the name is taken; nothing has been started then.
    """
    loaded = adopt(model, transform, labels, name, scores)
    store = Store(live=[loaded], alone=alone)
    store.sites(loaded.name)  # searched now: what fails shall fail before a page is built
    demo = build(store)
    start(demo, **{**launch_options(), **options})
    return demo
