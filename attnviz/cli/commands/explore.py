"""Predictions, masks and channel scores of one photograph, as files or as one page to explore."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz.cli.commands import Command

if TYPE_CHECKING:
    from attnviz.analysis.analyser import Analyser
    from attnviz.core.types import Analysis


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", help="an image file")
    parser.add_argument("--model", default="cbam", help="id of a bundled checkpoint, or a path to one (default cbam)")
    parser.add_argument("--out", type=Path, help="folder for the pictures, gates.csv and analysis.json")
    parser.add_argument("--html", type=Path, help="one HTML file with the interactive view; it works offline")
    parser.add_argument("--opacity", type=float, default=0.55, help="of the masks in --out, 0..1 (default 0.55)")
    parser.add_argument("--cmap", default="viridis", help="colour map of the masks in --out (default viridis)")
    parser.add_argument("--scale", default="fixed", help="fixed (0..1, default) or stretch (min..max of each mask)")


def _run(args: argparse.Namespace) -> None:
    from attnviz.analysis.analyser import Analyser
    from attnviz.core.errors import UserError
    from attnviz.images.decode import open_photograph
    from attnviz.models.checkpoints import best_device
    from attnviz.models.published import load
    from attnviz.render.export import write_exports

    if args.out is None and args.html is None:
        raise UserError("say where to: --out FOLDER for pictures and numbers, --html FILE for a page to explore")
    analyser = Analyser(load(args.model, device=best_device()))
    analysis = analyser.analyse(open_photograph(args.photo))
    for label, probability in analysis.top():
        print(f"{100 * probability:5.1f} %  {label}")
    print("".join(f"note: {note.text}\n" for note in analysis.notes), end="")
    if args.out is not None:
        files = write_exports(analysis, args.out, opacity=args.opacity, cmap=args.cmap, scale=args.scale)
        print(f"{len(analysis.gates)} gates; {len(files)} files in {args.out}")
    if args.html is not None:
        text = _page(analyser, analysis)
        try:
            args.html.parent.mkdir(parents=True, exist_ok=True)
            args.html.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"{args.html} cannot be written: {error.strerror or error}") from error
        print(f"{len(analysis.gates)} gates; {len(text.encode()):,} bytes in {args.html}")


def _page(analyser: Analyser, analysis: Analysis) -> str:
    """The page: of every channel gate it holds the features of the channel that is kept most."""
    from attnviz.viewer.document import document
    from attnviz.viewer.page import page

    scored = [record for record in analysis.gates if record.site.has_scores and len(record.site.features) == 4]
    maps = [analyser.channel_map(analysis.image, g.site.name, int(g.scores.argmax())) for g in scored]
    return page(document(analysis, features=maps))


COMMAND = Command("predictions, masks and channel scores of one photograph, as files or as one page", _options, _run)
