"""Pictures of the Training tab: the gate at one epoch, all its snapshots, and the run's curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from attnviz.core.kinds import kind_named
from attnviz.core.types import GateSite
from attnviz.models.checkpoints import Card
from attnviz.models.gate_snapshots import Snapshots
from attnviz.render.colour import CMAP
from attnviz.render.drawings import view as shape_of
from attnviz.render.figures.gate_strip import seen
from attnviz.render.svg.bars import bars_svg
from attnviz.render.svg.curves import Line, curves_svg
from attnviz.ui.shared.gate_html import Settings, help_html
from attnviz.ui.shared.gate_picture import picture_html as large
from attnviz.ui.shared.strip_and_map import STYLES
from attnviz.ui.shared.text import input_channel_name, plain, say
from attnviz.ui.tabs.training.state import Film, record, seen_then, view_of

FEW = 8
"""Most channels that are drawn as one line each."""
COLOURS = ("#d1242f", "#1a7f37", "#0969da", "#6e6e6e", "#8f8f8f", "#b0b0b0")
"""Red, green and blue as they are called, and greys for noise."""


def heading(taken: Snapshots, film: Film) -> str:
    """Which epoch and which gate."""
    epoch, last = taken.epochs[film.step], taken.epochs[-1]
    key = "training_after" if epoch else "training_before"
    about = {"epoch": epoch, "last": last} if epoch else {}
    return f'<h2 aria-live="polite">{say(key, film.language, gate=film.gate, **about)}</h2>'


def picture_html(taken: Snapshots, film: Film, card: Card, sites: Sequence[GateSite] = ()) -> str:
    """The gate at the chosen snapshot, large; ``sites`` as ``view_of`` takes them."""
    found = record(taken, film, film.step)
    if found.site.has_scores:
        return f'{heading(taken, film)}<div class="av-scores">{bars_svg(found.scores, height=150)}</div>'
    return f"{heading(taken, film)}{large(view_of(taken, film, card, sites), Settings())}"


def film_html(taken: Snapshots, film: Film, card: Card) -> str:
    """All snapshots of the gate as small pictures, one button each."""
    small, tiles = seen(seen_then(taken, film, card)), []
    for step, epoch in enumerate(taken.epochs):
        shown = shape_of(record(taken, film, step))
        title = say("training_frame", film.language, epoch=epoch)
        name = say("training_epoch", film.language, epoch=epoch)
        pressed = "true" if step == film.step else "false"
        tiles.append(
            f'<button type="button" data-pick="{step}" aria-pressed="{pressed}" title="{title}" aria-label="{title}">'
            f"{STYLES[shown.style](shown, small, CMAP)}<span>{name}</span></button>"
        )
    head = f"<h2>{say('training_film', film.language)}</h2>"
    return f'{head}<div class="av-strip" style="--av-columns:7">{"".join(tiles)}</div>'


def curves_html(taken: Snapshots, film: Film, card: Card) -> str:
    """Loss and accuracy of the run and the gate's scores, with a mark at the chosen epoch."""
    history, epoch, language = card.training.get("history", ()), taken.epochs[film.step], film.language
    figures = []
    for key, text in (("loss", "training_loss"), ("accuracy", "training_accuracy")):
        points = [(e["epoch"], e[key]) for e in history if key in e]
        if points:
            x, y = zip(*points, strict=True)
            title = plain(text, language)
            figures.append(curves_svg([Line(title, x, y)], title=title, mark=max(epoch, min(x))))
    figures.append(_scores(taken, film, card, epoch))
    return f'<div class="tr-curves">{"".join(figures)}</div>{help_html("training", language)}'


def _scores(taken: Snapshots, film: Film, card: Card, epoch: int) -> str:
    values, language = taken.gates[film.gate], film.language
    noise = card.spec.input.noise
    if (
        kind_named(taken.kinds[film.gate]).has_scores
        and values.shape[2] <= FEW
        and noise is not None
        and not noise.permute
    ):
        names = [input_channel_name(channel, language) for channel in noise.order or range(3 + noise.channels)]
        means = values.mean(1).reshape(len(taken.epochs), -1)
        lines = [Line(n, taken.epochs, means[:, c].tolist(), COLOURS[c % 6]) for c, n in enumerate(names)]
        return curves_svg(lines, title=plain("training_scores", language), mark=epoch, low=0, high=1)
    own = values[:, taken.probes.index(film.probe)].reshape(len(taken.epochs), -1)
    parts: Mapping[str, Any] = {"highest": np.max, "mean": np.mean, "lowest": np.min}
    lines = [Line(plain(f"training_{key}", language), taken.epochs, f(own, 1).tolist()) for key, f in parts.items()]
    bounded = {"low": 0, "high": 1} if own.min() >= 0 and own.max() <= 1 else {}
    return curves_svg(lines, title=plain("training_spread", language), mark=epoch, **bounded)
