"""Predictions, masks and channel scores of photographs, as files or as pages to explore."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.cli.commands import Command
from attnviz.cli.network_options import WHICH, add_network, network_of
from attnviz.core.colour_maps import CMAP

if TYPE_CHECKING:
    from attnviz.analysis.analyser import Analyser
    from attnviz.core.types import Analysis


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", help="an image file, a .npy file with (H, W, C), or a folder of them")
    parser.add_argument("--model", default="cbam", help=f"{WHICH} (default cbam)")
    parser.add_argument("--out", type=Path, help="folder for the pictures, gates.csv and analysis.json")
    parser.add_argument(
        "--html", type=Path, help="one HTML file with the interactive view of a photograph; works offline"
    )
    parser.add_argument("--opacity", type=float, default=0.55, help="of the masks, 0..1 (default 0.55)")
    parser.add_argument("--cmap", default=CMAP, help=f"colour map of the masks (default {CMAP})")
    parser.add_argument("--scale", default="fixed", help="fixed (0..1, default) or stretch (min..max of each mask)")
    parser.add_argument("--format", default="png", help="of the pictures: png (default), svg or pdf")
    parser.add_argument("--dpi", type=float, default=100, help="pixels per inch of the pictures, 10..600 (default 100)")
    parser.add_argument("--skip-unreadable", action="store_true", help="of a folder, leave out what cannot be read")
    add_network(parser)


def _run(args: argparse.Namespace) -> None:
    look: dict[str, Any] = {key: getattr(args, key) for key in ("opacity", "cmap", "scale", "dpi")}
    look["kind"] = args.format
    from attnviz.core.errors import UserError

    if args.out is None and args.html is None:
        raise UserError("say where to: --out FOLDER for pictures and numbers, --html FILE for a page to explore")
    if Path(args.photo).is_dir():
        if args.html is not None or args.out is None:
            raise UserError("a folder of photographs is written with --out; --html makes a page of one photograph")
        _folder(args, look)
        return
    from attnviz.analysis.analyser import Analyser
    from attnviz.core.scores import shown
    from attnviz.render.export import write_exports

    analyser = Analyser(network_of(args.model, args))
    with analyser.in_use():
        analysis = analyser.analyse(args.photo)
        text = None if args.html is None else _page(analyser, analysis)
    for label, number in analysis.top():
        print(f"{shown(number, analysis.scores):>8}  {label}")
    print("".join(f"note: {note.text}\n" for note in analysis.notes), end="")
    if args.out is not None:
        files = write_exports(analysis, args.out, **look)
        print(f"{len(analysis.gates)} gates; {len(files)} files in {args.out}")
    if text is not None:
        _write(args.html, text)
        print(f"{len(analysis.gates)} gates; {args.html.stat().st_size:,} bytes in {args.html}")


def _page(analyser: Analyser, analysis: Analysis) -> str:
    """The page: of every channel gate it holds the features of the channel that is kept most."""
    from attnviz.viewer.document import document
    from attnviz.viewer.page import page

    scored = [record for record in analysis.gates if record.site.has_scores and len(record.site.features) == 4]
    maps = [analyser.channel_map(analysis.image, g.site.name, int(g.scores.argmax())) for g in scored]
    return page(document(analysis, features=maps))


def _write(path: Path, text: str) -> None:
    from attnviz.core.errors import UserError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error


def _folder(args: argparse.Namespace, look: dict[str, Any]) -> None:
    """Every photograph of a folder into a folder of its own, and all predictions in one table."""
    from attnviz.analysis.analyse_many import Unreadable, analyse_many
    from attnviz.render.export import write_exports

    root, rows, left_out = Path(args.photo), [], 0
    network = network_of(args.model, args)
    for path, analysis in analyse_many(network, root, skip_unreadable=args.skip_unreadable, display_side=1280):
        name = Path(path).relative_to(root)
        if isinstance(analysis, Unreadable):
            print(f"left out: {analysis.reason}")
            left_out += 1
            continue
        write_exports(analysis, args.out / name.parent / name.name.replace(".", "-"), **look)
        rows.append(_row(name.as_posix(), analysis))
    notes = dict.fromkeys(note.text for note in network.assumed)
    print("".join(f"note: {text}\n" for text in notes), end="")
    if rows:
        with (args.out / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([("photograph", "label", "score"), *rows])
    without = f", {left_out} left out" if left_out else ""
    print(f"{len(rows)} photographs{without}; one folder each and predictions.csv in {args.out}")


def _row(name: str, analysis: Analysis) -> tuple[str, str, str]:
    best = analysis.top(1)
    return (name, best[0][0], f"{best[0][1]:.6g}") if best else (name, "", "")


COMMAND = Command("predictions, masks and channel scores of photographs, as files or as a page", _options, _run)
