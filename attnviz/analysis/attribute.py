"""From a photograph to an ``Attribution``: what the score of a class rests on, by one of Captum's methods."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from attnviz.analysis.analyser import Analyser
from attnviz.core.types import Attribution, PreparedImage
from attnviz.explain.attribution import ATTRIBUTIONS, attribute


def supports(analyser: Analyser, method: str) -> str | None:
    """``None``, or the reason why an attribution method cannot explain this model, in one sentence.

    Raises:
        UserError: There is no such method.
    """
    return ATTRIBUTIONS[method].refuses(analyser.probe)


def explain(
    analyser: Analyser,
    image: PreparedImage,
    target: int,
    method: str,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    budget_s: float | None = None,
    **parameters: Any,
) -> Attribution:
    """What the score of a class rests on in one photograph; ``attnviz.explain.attribution.attribute`` says more.

    Args:
        analyser: The model.
        image: What the network shall see.
        target: Index of the class.
        method: A name of ``ATTRIBUTIONS``.
        progress: Called with the share that is done, 0..1.
        cancelled: Asked before every pass; ``True`` ends the computation.
        budget_s: Seconds after which no further pass begins.
        **parameters: The method's parameters, and ``layer`` where it looks at one.

    Raises:
        UserError: An argument is outside its limits, the method does not support the model, or the budget is spent.
        Cancelled: ``cancelled`` said so.
    """
    started = time.perf_counter()
    chosen = ATTRIBUTIONS[method]
    given = dict(parameters)
    layer = given.pop("layer", None)
    if chosen.layered and layer is None:
        layer = analyser.probe.layer
    values = attribute(
        analyser.loaded.module,
        analyser.input(image),
        target,
        method,
        layer=layer,
        progress=progress,
        cancelled=cancelled,
        budget_s=budget_s,
        **given,
    )
    used = chosen.check(given) | ({"layer": layer} if chosen.layered else {})
    cells = analyser.probe.shapes[layer][2:] if chosen.layered and layer is not None else values.shape
    if chosen.cells is not None:
        cells = chosen.cells(used, values.shape)
    seconds = time.perf_counter() - started
    return Attribution(
        analyser.loaded.name, method, int(target), values, chosen.signed, used, seconds, (cells[0], cells[1])
    )
