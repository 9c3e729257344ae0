"""Predictions, masks and channel scores of photographs, as files or as a page."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from attnviz.cli.network_options import WHICH, NetworkOptions, network_of
from attnviz.core.colour_maps import CMAP

if TYPE_CHECKING:
    from attnviz.analysis.analyser import Analyser
    from attnviz.core.types import Analysis

LOOK = ("opacity", "cmap", "scale", "format", "dpi")
"""Options of the pictures that ``--out`` writes."""


@dataclass(frozen=True, kw_only=True)
class ExploreOptions:
    photo: Annotated[str, Argument(help="an image file, a .npy file with (H, W, C), or a folder of them")]
    model: Annotated[str, Option(help=WHICH)] = "cbam"
    out: Annotated[Path | None, Option(help="folder for the pictures, gates.csv and analysis.json")] = None
    html: Annotated[Path | None, Option(help="one HTML file with the interactive view; works offline")] = None
    opacity: Annotated[float, Option(help="of the masks, 0..1")] = 0.55
    cmap: Annotated[str, Option(help="colour map of the masks")] = CMAP
    scale: Annotated[str, Option(help="fixed (0..1) or stretch (min..max of each mask)")] = "fixed"
    format: Annotated[str, Option(help="of the pictures: png, svg or pdf")] = "png"
    dpi: Annotated[float, Option(help="pixels per inch of the pictures, 10..600")] = 100
    skip_unreadable: Annotated[bool, Option(help="of a folder, leave out what cannot be read")] = False
    network: NetworkOptions


def run(args: ExploreOptions) -> None:
    look: dict[str, Any] = {key: getattr(args, key) for key in LOOK}
    look["kind"] = look.pop("format")
    from attnviz.core.errors import UserError
    from attnviz.render.export import check_look

    check_look(**look)

    if args.out is None and args.html is None:
        raise UserError("say where to: --out FOLDER for pictures and numbers, --html FILE for a page to explore")
    of_pictures = [f"--{f.name}" for f in fields(args) if f.name in LOOK and getattr(args, f.name) != f.default]
    if args.out is None and of_pictures:
        raise UserError(
            f"{', '.join(of_pictures)}: for pictures, which --out FOLDER writes; a page has its own controls"
        )
    if Path(args.photo).is_dir():
        if args.html is not None or args.out is None:
            raise UserError("a folder of photographs is written with --out; --html makes a page of one photograph")
        _folder(args, args.out, look)
        return
    if args.skip_unreadable:
        raise UserError(f"--skip-unreadable is for a folder of photographs, got {args.photo}")
    from attnviz.analysis.analyser import Analyser
    from attnviz.core.scores import shown
    from attnviz.render.export import write_exports

    analyser = Analyser(network_of(args.model, args.network))
    with analyser.in_use():
        analysis = analyser.analyse(args.photo)
        text = None if args.html is None else _page(analyser, analysis)
    for label, number in analysis.top():
        print(f"{shown(number, analysis.scores):>8}  {label}")
    print("".join(f"note: {note.text}\n" for note in analysis.notes), end="")
    if args.out is not None:
        files = write_exports(analysis, args.out, **look)
        print(f"{len(analysis.gates)} gates; {len(files)} files in {args.out}")
    if args.html is not None and text is not None:
        _write(args.html, text)
        print(f"{len(analysis.gates)} gates; {args.html.stat().st_size:,} bytes in {args.html}")


def _page(analyser: Analyser, analysis: Analysis) -> str:
    """The page: of every channel gate it holds the features of the channel that is kept most."""
    from attnviz.audit.summaries import audit_of, effects_of, verdicts_of
    from attnviz.viewer.document import document
    from attnviz.viewer.page import page

    scored = [record for record in analysis.gates if record.site.has_scores and len(record.site.features) == 4]
    maps = [analyser.channel_map(analysis.image, g.site.name, int(g.scores.argmax())) for g in scored]
    audit, classes = audit_of(analyser.loaded.name, analyser.weights), analyser.class_map(analysis.image)
    effects, verdicts = effects_of(audit), verdicts_of(audit)
    return page(document(analysis, features=maps, classes=classes, effects=effects, verdicts=verdicts))


def _write(path: Path, text: str) -> None:
    from attnviz.core.errors import UserError
    from attnviz.core.files import write_atomically

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error


def _folder(args: ExploreOptions, out: Path, look: dict[str, Any]) -> None:
    """Every photograph of a folder into a folder of its own, and all predictions in one table."""
    from attnviz.analysis.analyse_many import Unreadable, analyse_many
    from attnviz.core.errors import UserError
    from attnviz.render.export import write_exports

    root, rows, left_out, taken = Path(args.photo), [], 0, set()
    network = network_of(args.model, args.network)
    for path, analysis in analyse_many(network, root, skip_unreadable=args.skip_unreadable, display_side=1280):
        name = Path(path).relative_to(root)
        folder = name.with_name(name.name.replace(".", "-"))
        folder = name if folder in taken else folder  # a.b.png beside a-b.png: no other has a dot in its name
        taken.add(folder)
        if isinstance(analysis, Unreadable):
            print(f"left out: {analysis.reason}")
            left_out += 1
            continue
        write_exports(analysis, out / folder, **look)
        rows.append(_row(name.as_posix(), analysis))
    notes = dict.fromkeys(note.text for note in network.assumed)
    print("".join(f"note: {text}\n" for text in notes), end="")
    if not rows:
        raise UserError(f"none of the {left_out} photographs in {root} can be read, and nothing was written")
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([("photograph", "label", "score"), *rows])
    _write(out / "predictions.csv", table.getvalue())
    without = f", {left_out} left out" if left_out else ""
    print(f"{len(rows)} photographs{without}; one folder each and predictions.csv in {out}")


def _row(name: str, analysis: Analysis) -> tuple[str, str, str]:
    best = analysis.top(1)
    return (name, best[0][0], f"{best[0][1]:.6g}") if best else (name, "", "")
