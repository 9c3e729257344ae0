"""What one visitor is looking at."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import gradio as gr

from attnviz.analysis.analyser import Analyser
from attnviz.audit.compare import Summary
from attnviz.core.class_map import ClassMap
from attnviz.core.input_spec import InputSpec
from attnviz.core.types import Analysis, PreparedImage
from attnviz.images.channels import prepared
from attnviz.models.gate_reference import Reference
from attnviz.ui.shared.page import Photo, suited
from attnviz.ui.shared.text import plain
from attnviz.ui.shared.toasts import escaped
from attnviz.viewer import photograph

SIDE = 900
"""Longest side in pixels of a photograph that the page itself draws; what the view draws has the view's."""
PRINTED = 1280
"""The same of a photograph in a saved picture."""


class Networks(Protocol):
    """Where networks are leased: the page's own, or those of visitors."""

    def lease(self, name: str) -> AbstractContextManager[Analyser]:
        """A network for as long as the ``with`` block lasts."""

    def input(self, name: str) -> InputSpec:
        """What it wants to be given."""

    def reference(self, name: str) -> Reference | None:
        """What its gates usually say, where that is known."""

    def audit(self, name: str) -> Summary | None:
        """What an audit has measured of it, where there was one."""

    def title(self, name: str) -> str:
        """What people call it."""


@dataclass(frozen=True)
class View:
    """One visitor's last analysis.

    Attributes:
        analysis: What the network said.
        sample: Name of the sample photograph, or ``None`` for the visitor's own.
        path: File of the visitor's own photograph, or ``None``.
        language: Of the texts.
        reference: What the network's gates usually say, where that is known.
        classes: The class at every place, where the network answers everywhere.
        shown: Which channels the visitor wants to see as red, green and blue.
        id: Of the analysis as it is shown; what the browser asks names it, for another one may be on its way there.
    """

    analysis: Analysis
    sample: str | None
    path: str | None
    language: str = "en"
    reference: Reference | None = None
    classes: ClassMap | None = None
    shown: tuple[int, int, int] | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(8))


def look(
    networks: Networks,
    model: str,
    *,
    sample: str | None = None,
    path: str | None = None,
    language: str = "en",
    shown: tuple[int, int, int] | None = None,
) -> View:
    """Analyse a sample or a visitor's own photograph.

    Args:
        networks: The loaded models.
        model: Id of one of them.
        sample: Name of a sample; used where there is no ``path``.
        path: File of a photograph.
        language: Of the texts.
        shown: Which channels are shown as red, green and blue; ``None`` for those that the network names.

    Raises:
        UserError: The model or the photograph cannot be used, or has no such channels.
    """
    source = Photo(sample, path).source(language)
    image = _prepared(source, networks.input(model), shown, photograph.SIDE)  # nobody waits for that
    with networks.lease(model) as analyser:
        analysis, classes = analyser.analyse(image), analyser.class_map(image)
    return View(
        analysis, None if path is not None else sample, path, language, networks.reference(model), classes, shown
    )


def for_print(networks: Networks, view: View) -> View:
    """The same with more pixels of the photograph than the page shows, for pictures that are saved.

    Raises:
        UserError: The photograph is gone.
    """
    source = Photo(view.sample, view.path).source(view.language)
    image = _prepared(source, networks.input(view.analysis.model), view.shown, PRINTED)
    return replace(view, analysis=replace(view.analysis, image=image))


def _prepared(source: Any, spec: InputSpec, shown: tuple[int, int, int] | None, side: int) -> PreparedImage:
    return prepared(source, spec if shown is None else replace(spec, shown=shown), side)


def suited_to(networks: Networks, model: str, photo: Photo, language: str) -> tuple[Photo, bool]:
    """A photograph that a network can be given, and whether it is this one; where it is not, that is told.

    Raises:
        UserError: There is none.
    """
    spec = networks.input(model)
    suitable = suited(photo, spec)
    if suitable != photo:
        gr.Info(escaped(plain("other_photo", language, name=networks.title(model), channels=spec.colours)))
    return suitable, suitable == photo
