"""Does the attention do anything, on my data? An audit of a network over a folder of photographs."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from attnviz.cli.commands import Command

FIGURES = ("png", "svg", "pdf")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a checkpoint, or timm:NAME or torchvision:NAME for a published network")
    parser.add_argument("--data", type=Path, required=True, help="a folder of class folders, or of photographs")
    parser.add_argument("--out", type=Path, required=True, help="folder for report, summary and tables")
    parser.add_argument("--split", default="val", help="part of the folder, where it has parts (default val)")
    parser.add_argument(
        "--tests", type=int, default=1000, help="photographs on which gates are replaced (default 1000)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="all gates together only: none alone, no channels knocked out"
    )
    parser.add_argument("--boxes", type=Path, help="where objects are: COCO JSON, CSV of boxes, or a folder of masks")
    parser.add_argument("--raw", action="store_true", help="keep every value of every gate in gates.parquet")
    parser.add_argument("--skip-unreadable", action="store_true", help="leave out files that cannot be read")
    workers = max(1, min(4, (os.cpu_count() or 2) - 1))
    parser.add_argument("--workers", type=int, default=workers, help=f"processes that decode (default {workers})")
    parser.add_argument("--figures", choices=FIGURES, help="write the figures too, as files of this kind")
    parser.add_argument("--language", choices=("en", "zh"), default="en", help="of the report (default en)")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted audit in --out")
    parser.add_argument("--force", action="store_true", help="replace an audit in --out")


def _run(args: argparse.Namespace) -> None:
    from attnviz.audit.run import audit
    from attnviz.audit.settings import Settings
    from attnviz.models.checkpoints import write_atomically
    from attnviz.render.audit.files import write_figures
    from attnviz.render.audit.report import report_html, shown_photographs

    settings = Settings(args.tests, args.quick, args.raw, args.boxes, args.skip_unreadable, args.workers)
    found = audit(
        args.model,
        args.data,
        out=args.out,
        split=args.split,
        settings=settings,
        resume=args.resume,
        force=args.force,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    paths = found.write()
    pictures = found.pictures(shown_photographs(found.summary))
    report = args.out / "report.html"
    write_atomically(report, report_html(found.summary, pictures, args.language).encode())
    if args.figures:
        paths += write_figures(found.summary, args.out / "figures", args.figures)
    found.clean()
    print(*(sentence[args.language] for sentence in found.summary["sentences"]), sep="\n")
    print(*map(str, [report, *paths]), sep="\n")


COMMAND = Command("does the attention do anything, on your data: report, numbers, tables", _options, _run)
