"""The app on a network of the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.core.errors import UserError
from attnviz.images.samples import use_own_samples
from attnviz.models.locator import network_of
from attnviz.models.network import Network
from attnviz.models.wrap import wrap
from attnviz.ui.app import build, launch_options
from attnviz.ui.networks.store import Store
from attnviz.ui.server.origin import others_come
from attnviz.ui.server.start import start
from attnviz.ui.surroundings import prepare_surroundings

if TYPE_CHECKING:
    import gradio as gr


def launch(
    model: Any,
    transform: Any = None,
    labels: Iterable[Any] | None = None,
    *,
    name: str | None = None,
    scores: str | None = None,
    data: str | os.PathLike[str] | None = None,
    alone: bool = False,
    public: bool = False,
    audits: str | os.PathLike[str] | None = None,
    **options: Any,
) -> gr.Blocks:
    """Open the app on networks: ``launch("timm:seresnet50")``, ``launch([before, after], data="photos")``.

    A live network (``attnviz.launch(model, transform, labels)``) stays where and as it is. It is in eval mode only
    while a request is answered, and every module is back in its own mode afterwards; do not train it at that moment.

    Args:
        model: A ``Network``, whatever ``attnviz.load`` takes, an ``nn.Module``, or a list of these; they stand first in
            every tab. What follows is for one module: of several, each says what it means by ``attnviz.wrap``.
        transform: What it wants to be given: an ``attnviz.core.input_spec.InputSpec``; a transform of torchvision or a
            configuration of timm, from which size, mean and std are read; a function from a Pillow image (the part
            of the photograph that the network shall see) to a tensor (C, H, W), used as it is; ``None`` for a network
            of timm, which knows by itself.
        labels: K class names; ``None`` numbers them.
        name: What people see; the name of the network's class unless given.
        scores: What the class scores are: ``"softmax"`` for logits of classes that exclude each other, ``"sigmoid"``
            for logits of classes that do not (multi-label), ``"probabilities"`` for what lies in 0..1 already. What is
            not said, and not seen in how the network ends (a softmax, a sigmoid), is assumed and said beside every
            answer.
        data: A folder whose photographs are offered as samples, in front of the bundled ones.
        alone: Whether to leave out the bundled and published networks.
        public: Whether strangers come to the page: the tab *Your model* then keeps hard limits and takes no ``.pt``,
            and the tab *Audit* audits nothing.
        audits: A folder with what ``attnviz audit --out`` or ``attnviz.audit(…, out=…).write()`` has written: those of
            these networks stand in the tab *Audit*, and decide which gate a photograph is opened with.
        **options: For gradio's ``Blocks.launch``: ``prevent_thread_lock=True`` returns at once, ``server_port=…``.

    Returns:
        The page; its ``close()`` ends it.

    Raises:
        UserError: The network fails on an empty picture or gives no class scores, the transform or the labels do not
            fit, or the name is taken; nothing has been started then.
    """
    prepare_surroundings()
    given = {"transform": transform, "labels": labels, "name": name, "scores": scores}
    networks = _networks(model, {key: value for key, value in given.items() if value is not None})
    return open_page(networks, data=data, alone=alone, public=public, audits=audits, **options)


def open_page(
    networks: Sequence[Network],
    *,
    data: str | os.PathLike[str] | None = None,
    alone: bool = False,
    public: bool = False,
    audits: str | os.PathLike[str] | None = None,
    **options: Any,
) -> gr.Blocks:
    """Open the app on networks that are loaded, beside the bundled ones; ``launch`` says more."""
    prepare_surroundings()
    public = public or others_come(options)
    store = Store(live=networks, alone=alone, public=public, audits=None if audits is None else Path(audits))
    for network in networks:
        store.sites(network.name)  # searched now: what fails shall fail before a page is built
    use_own_samples(None if data is None else Path(data))
    demo = build(store)
    start(demo, **{**launch_options(public), **options})
    return demo


def _networks(model: Any, said: dict[str, Any]) -> list[Network]:
    """The networks that the app is opened on."""
    if isinstance(model, (list, tuple)):
        if said:
            raise UserError(f"{', '.join(said)} is for one network; say it of each by attnviz.wrap(module, …)")
        if not model:
            raise UserError("launch needs at least one network")
        return [network_of(one) for one in model]
    if isinstance(model, (Network, str, os.PathLike)):
        if said:
            raise UserError(f"{', '.join(said)} is for a live module; say it by attnviz.load(locator, …)")
        return [network_of(model)]
    return [wrap(model, **said)]
