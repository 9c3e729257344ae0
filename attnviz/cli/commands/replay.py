"""Edits of gates from a file on one photograph: predictions before and after."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from attnviz.cli.network_options import WHICH, NetworkOptions, network_of
from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.core.types import Analysis
    from attnviz.gates.edits.json_format import Document

_NAME = re.compile(r"[\w.:-]{1,200}")
_VERDICTS = {
    "equal": "the logits are those in the file, bit for bit",
    "differs": "the file records other logits for this photograph: {difference:g} away at most, made on {origin}",
    "other photograph": "the file records logits for another photograph",
    "not recorded": "the file records no logits to compare with",
}


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    edits: Annotated[Path, Argument(help="a file of edits, as the app's Intervene tab writes it")]
    photo: Annotated[str, Argument(help="an image file")]
    model: Annotated[str | None, Option(help=f"{WHICH} (default: the model named in the file)")] = None
    json: Annotated[bool, Option(help="print JSON")] = False
    network: NetworkOptions


def _read(file: Path) -> Document:
    from attnviz.gates.edits.json_format import MAX_BYTES, from_json

    try:
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            raise UserError(f"{file} must be a file of edits of at most {MAX_BYTES // 2**20} MiB")
        return from_json(file.read_bytes())
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}") from error


def _rows(before: Analysis, after: Analysis) -> list[dict[str, Any]]:
    """All classes, the most probable one under the edits first."""
    columns = (before.labels, before.probabilities, after.probabilities, before.logits, after.logits)
    names = ("label", "probability_before", "probability_after", "logit_before", "logit_after")
    rows = [
        {name: value if name == "label" else float(value) for name, value in zip(names, row, strict=True)}
        for row in zip(*columns, strict=True)
    ]
    return sorted(rows, key=lambda row: -row["probability_after"])


def run(args: ReplayOptions) -> None:
    document = _read(args.edits)
    from attnviz.analysis.analyser import Analyser
    from attnviz.models.checkpoints import checkpoint_ids
    from attnviz.models.locator import is_safe

    name = document.edits.model
    safe = _NAME.fullmatch(name) and (is_safe(name) or name in checkpoint_ids())
    if args.model is None and not safe:  # a name in a file must not become a path, and run nobody's code
        raise UserError(f"the file names the model {document.edits.model[:60]!r}; give --model to say where it is")
    analyser = Analyser(network_of(args.model or document.edits.model, args.network))
    image = analyser.prepare(args.photo)
    before, after = analyser.analyse(image), analyser.analyse(image, document.edits)
    verdict, difference = document.recorded.compare(after) if document.recorded else ("not recorded", None)
    rows, edits = _rows(before, after), document.edits
    if args.json:
        report = {"model": edits.model, "edits": len(edits.steps), "gates": list(edits.gates), "classes": rows}
        print(
            json.dumps({**report, "recorded": verdict, "largest_difference": difference}, indent=1, ensure_ascii=False)
        )
        return
    print(f"{edits.model}: {len(edits.steps)} edits of {len(edits.gates)} gates\n\n before    after   change  class")
    for row in rows[:5]:
        old, new = (100 * row[f"probability_{when}"] for when in ("before", "after"))
        print(f"{old:5.1f} %  {new:5.1f} %  {new - old:+6.1f}  {row['label']}")
    origin = "" if document.recorded is None else f"{document.recorded.device}, torch {document.recorded.torch}"
    print("\n" + _VERDICTS[verdict].format(difference=difference or 0.0, origin=origin))
