"""Predictions, masks and channel scores of one photograph, as files."""

from __future__ import annotations

import argparse
from pathlib import Path

from attnviz.cli.commands import Command


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", help="an image file")
    parser.add_argument("--model", default="cbam", help="id of a bundled checkpoint, or a path to one (default cbam)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures, gates.csv and analysis.json")
    parser.add_argument("--opacity", type=float, default=0.55, help="of the masks, 0..1 (default 0.55)")
    parser.add_argument("--cmap", default="viridis", help="colour map of the masks (default viridis)")
    parser.add_argument("--scale", default="fixed", help="fixed (0..1, default) or stretch (min..max of each mask)")


def _run(args: argparse.Namespace) -> None:
    from attnviz.analysis.analyser import analyse
    from attnviz.render.export import write_exports

    analysis = analyse(args.model, args.photo)
    files = write_exports(analysis, args.out, opacity=args.opacity, cmap=args.cmap, scale=args.scale)
    for label, probability in analysis.top():
        print(f"{100 * probability:5.1f} %  {label}")
    print("".join(f"note: {note.text}\n" for note in analysis.notes), end="")
    print(f"{len(analysis.gates)} gates; {len(files)} files in {args.out}")


COMMAND = Command("predictions, masks and channel scores of one photograph, as files", _options, _run)
