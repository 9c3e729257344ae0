"""Writing an ``Analysis`` to files: pictures, numbers, and everything as JSON."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from attnviz.core.colour_maps import CMAP
from attnviz.core.errors import UserError
from attnviz.core.files import write_together
from attnviz.core.gate_map import HOW, mask_for
from attnviz.core.kinds import Kind
from attnviz.core.scores import shown
from attnviz.core.types import Analysis, Floats, GateRecord
from attnviz.render.colour import Scale, as_scale, caption, cmap_for, fraction, scale_for
from attnviz.render.figures.bars import channel_bars
from attnviz.render.figures.channel_map import channel_map
from attnviz.render.figures.gate_strip import gate_strip
from attnviz.render.figures.style import DPI, check_print, drawn
from attnviz.render.overlay import overlay_figure

COLUMNS = ("gate", "kind", "branch", "channel", "row", "column", "value")


def _counted(kind: Kind) -> tuple[str, ...]:
    """What the axes behind N count; none for what is too large for a table."""
    if kind.has_places:
        return ("channel", "row", "column")
    return ("row", "column") if kind.moves else () if kind.has_pairs else kind.axes


def _rows(record: GateRecord) -> Iterator[dict[str, Any]]:
    """One row a weight; axes of size 1 stay empty, as does the axis of channels of a spatial mask."""
    names, values = _counted(record.site.traits), record.channels_first
    for index in np.ndindex(values.shape[1:]) if names else ():
        row: dict[str, Any] = {"gate": record.site.name, "kind": record.site.kind}
        for axis, (name, place) in enumerate(zip(names, index, strict=False), 1):
            if values.shape[axis] > 1 or record.site.has_scores:
                row[name] = place
        row["value"] = f"{values[0][index]:.6g}"
        yield row


def gates_csv(analysis: Analysis) -> str:
    """All weights of all gates, one a line; columns ``gate, kind, branch, channel, row, column, value``."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for record in analysis.gates:
        writer.writerows(_rows(record))
    return text.getvalue()


def _told(number: Any) -> float | None:
    """A number as JSON has it, which knows neither NaN nor infinity."""
    return float(number) if np.isfinite(number) else None


def _spread(values: Floats) -> dict[str, float | None]:
    """Minimum, mean, maximum and standard deviation; ``None`` where there is no such number."""
    names = ("min", "mean", "max", "std")
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        return {name: _told(getattr(values, name)()) if values.size else None for name in names}


def summary(analysis: Analysis) -> dict[str, Any]:
    """The analysis as plain values: predictions, and every gate with its minimum, mean, maximum and spread.

    ``None`` stands for what is no finite number.
    """
    left, top, right, bottom = analysis.image.box
    return {
        "model": analysis.model,
        "photograph": {
            "width": analysis.image.original_size[0],
            "height": analysis.image.original_size[1],
            "shown_width": analysis.image.pixels.shape[1],
            "shown_height": analysis.image.pixels.shape[0],
            "seen_by_network": {"left": left, "top": top, "right": right, "bottom": bottom},
        },
        "predictions": [
            {"label": label, "probability": _told(p), "logit": _told(logit)}
            for label, p, logit in zip(analysis.labels, analysis.probabilities, analysis.logits, strict=True)
        ],
        "scores": analysis.scores,
        "notes": [note.text for note in analysis.notes],
        "gates": [
            {
                "name": record.site.name,
                "kind": record.site.kind,
                "shape": list(record.site.shape),
                "features": list(record.site.features),
                "how": record.site.how,
                **_spread(record.values),
            }
            for record in analysis.gates
        ],
        "facts": dict(analysis.facts),
    }


def file_name(gate: str) -> str:
    """A gate's name as part of a file's name: letters, digits, dots, hyphens and underscores only."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", gate).strip(".") or "gate"


@dataclass(frozen=True)
class Printed:
    """A picture of a gate: ``name`` of its file without the ending, its bytes, and what a caption says of it."""

    name: str
    data: bytes
    words: str


def _picture(
    analysis: Analysis, record: GateRecord, look: dict[str, Any], draw: Callable[[Figure], bytes]
) -> Printed | None:
    """The picture of a gate over the photograph, or its bars; ``None`` where it has neither."""
    site, kind, values = record.site, record.site.traits, record.values
    if not np.isfinite(values).any():
        return None
    high, wide = analysis.image.network.shape[:2]
    mask = mask_for(record, analysis.gates, aspect=high / wide)
    if mask is not None:
        meaning = f"{kind.words[0]} gate: {kind.ends}" if mask.is_gate else HOW[mask.how]
        looks = {**look, "scale": mask.scale(look["scale"]), "title": f"{analysis.model} · {site.name}"}
        figure = overlay_figure(analysis.image, mask.values, **looks, meaning=meaning)
        size, scale = "×".join(map(str, mask.values.shape)), as_scale(mask.values, looks["scale"])
        words = f"{HOW[mask.how]} {site.name}, {size} cells over the photograph; {caption(mask.values, scale)}; "
        words += f"colours {cmap_for(scale, look['cmap'])}, opacity {look['opacity']:.0%}"
        return Printed(f"overlay-{file_name(site.name)}", draw(figure), words)
    if not kind.per_channel or values.size != values.shape[1]:
        return None
    name, row = f"channels-{file_name(site.name)}", record.scores if kind.has_scores else values.ravel()
    mode = look["scale"] if kind.has_scores else "features"
    title = f"Channel gate: {kind.ends}" if kind.has_scores else "Added context: one number per channel"
    words = f"{kind.words[0]} gate {site.name}, {row.size} channels; {caption(row, as_scale(row, mode), spread=True)}"
    return Printed(name, draw(channel_bars(row, scale=mode, title=title)), words)


def caption_text(analysis: Analysis, words: Mapping[str, str]) -> str:
    """What a caption says of each picture, by the name of its file, below what holds for all of them."""
    width, height = analysis.image.original_size
    answers = ", ".join(f"{label} {shown(number, analysis.scores)}" for label, number in analysis.top(3))
    versions = ", ".join(f"{name} {analysis.facts[name]}" for name in ("attnviz", "torch") if name in analysis.facts)
    lines = [f"Network {analysis.model}, a photograph of {width}×{height} pixels. Its answers: {answers or 'none'}."]
    lines += [f"Made with {versions}." if versions else "", *(note.text for note in analysis.notes), ""]
    return "\n".join([*lines, *(f"{name}: {text}." for name, text in words.items())]) + "\n"


def check_look(
    *, opacity: float = 0.55, cmap: str = CMAP, scale: str = "fixed", kind: str = "png", dpi: float = DPI
) -> None:
    """Raise ``UserError`` where one of the settings of ``write_exports`` is none, whatever is drawn with it."""
    fraction(opacity, "opacity")
    scale_for([0.0, 1.0], scale)
    cmap_for(Scale(0.0, 1.0, "fixed"), cmap)
    check_print(kind, dpi)


def write_exports(
    analysis: Analysis,
    folder: Path,
    *,
    opacity: float = 0.55,
    cmap: str = CMAP,
    scale: str = "fixed",
    kind: str = "png",
    dpi: float = DPI,
) -> list[Path]:
    """Write pictures and numbers of an analysis.

    Files: ``overlay-<gate>.png`` for every gate with a weight per place (of a pairwise gate, the middle asks),
    ``channels-<gate>.png`` for every gate with one number per channel,
    ``gates.png`` (all gates), ``channel-map.png`` (layers × channels), ``captions.txt`` (what each picture shows, in
    words), ``gates.csv`` and ``analysis.json``; pictures end in ``.svg`` or ``.pdf`` with that ``kind``.

    Args:
        analysis: What to write.
        folder: Made if missing; files of the same names are replaced.
        opacity: Of the masks, in [0, 1].
        cmap: Colour map of the masks.
        scale: ``"fixed"`` (0–1) or ``"stretch"``.
        kind: Format of the pictures: ``"png"``, ``"svg"`` or ``"pdf"``.
        dpi: Their pixels per inch, 10..600.

    Returns:
        The paths written.

    Raises:
        UserError: A setting is not known, or the folder cannot be written; nothing is written in the first case.
    """
    check_look(opacity=opacity, cmap=cmap, scale=scale, kind=kind, dpi=dpi)
    draw = functools.partial(drawn, kind=kind, dpi=dpi)
    files: dict[str, bytes] = {}
    words: dict[str, str] = {}
    for record in analysis.gates:
        picture = _picture(analysis, record, {"opacity": opacity, "cmap": cmap, "scale": scale}, draw)
        if picture is not None:
            files[f"{picture.name}.{kind}"], words[f"{picture.name}.{kind}"] = picture.data, picture.words
    if analysis.gates:
        files[f"gates.{kind}"] = draw(gate_strip(analysis.gates, analysis.image))
        words[f"gates.{kind}"] = f"all {len(analysis.gates)} gates, first layer to last"
    if any(record.site.has_scores and np.isfinite(record.values).any() for record in analysis.gates):
        files[f"channel-map.{kind}"] = draw(channel_map(analysis.gates))
        words[f"channel-map.{kind}"] = "the scores of all channel gates, a row a gate, first layer on top"
    files["captions.txt"] = caption_text(analysis, words).encode()
    files["gates.csv"] = gates_csv(analysis).encode()
    text = json.dumps(summary(analysis), indent=1, ensure_ascii=False, allow_nan=False)
    files["analysis.json"] = text.encode() + b"\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_together({folder / name: data for name, data in files.items()})
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}") from error
    return [folder / name for name in files]
