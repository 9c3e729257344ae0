"""Edits of gates from a file on one photograph: predictions before and after."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from attnviz.cli.commands import print_json
from attnviz.cli.network_options import WHICH, NetworkOptions, network_of
from attnviz.core.errors import UserError

if TYPE_CHECKING:
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


def run(args: ReplayOptions) -> None:
    document = _read(args.edits)
    from attnviz.analysis.analyser import Analyser
    from attnviz.analysis.replay import replay
    from attnviz.models.checkpoints import checkpoint_ids
    from attnviz.models.locator import is_safe

    name = document.edits.model
    safe = _NAME.fullmatch(name) and (is_safe(name) or name in checkpoint_ids())
    if args.model is None and not safe:  # a name in a file must not become a path, and run nobody's code
        raise UserError(f"the file names the model {document.edits.model[:60]!r}; give --model to say where it is")
    analyser = Analyser(network_of(args.model or document.edits.model, args.network))
    replayed = replay(analyser, args.photo, document)
    if args.json:
        print_json(replayed.to_json())
        return
    edits = document.edits
    print(f"{edits.model}: {len(edits.steps)} edits of {len(edits.gates)} gates\n\n before    after   change  class")
    for row in replayed.classes[:5]:
        old, new = (100 * row[f"probability_{when}"] for when in ("before", "after"))
        print(f"{old:5.1f} %  {new:5.1f} %  {new - old:+6.1f}  {row['label']}")
    origin = "" if document.recorded is None else f"{document.recorded.device}, torch {document.recorded.torch}"
    print("\n" + _VERDICTS[replayed.recorded].format(difference=replayed.difference or 0.0, origin=origin))
