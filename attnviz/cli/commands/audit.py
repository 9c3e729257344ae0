"""Does the attention do anything, on my data? An audit of a network over a folder of photographs."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from attnviz.cli.commands import Command
from attnviz.cli.network_options import WHICH, add_network, card_of, network_of
from attnviz.core.errors import UserError

FIGURES = ("png", "svg", "pdf")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=WHICH)
    add_network(parser)
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
    parser.add_argument(
        "--compare",
        nargs="+",
        metavar="MODEL",
        help="further networks on the same photographs; NAME=A,B,C are seeds of one",
    )
    parser.add_argument("--ray", default="", metavar="ADDRESS", help="compute on Ray: 'local', or a cluster's address")
    parser.add_argument("--figures", choices=FIGURES, help="write the figures too, as files of this kind")
    parser.add_argument("--language", choices=("en", "zh"), default="en", help="of the report (default en)")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted audit in --out")
    parser.add_argument("--force", action="store_true", help="replace an audit in --out")


def _network(args: argparse.Namespace, model: str) -> Any:
    """The network; on Ray its locator, by which every process loads it."""
    if not args.ray:
        return network_of(model, args)
    from attnviz.core.model_card import ModelCard

    if card_of(args) != ModelCard() or args.weights is not None or args.classes is not None:
        raise UserError("on Ray a network is loaded by its locator alone; say what it means in a FILE.py:FACTORY")
    return model


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _audited(args: argparse.Namespace, model: str, out: Path) -> dict[str, Any]:
    """Audit one network into a folder, with its report; returns the summary."""
    from attnviz.audit.run import audit
    from attnviz.audit.settings import Settings
    from attnviz.models.checkpoints import write_atomically
    from attnviz.render.audit.files import write_figures
    from attnviz.render.audit.report import report_html, shown_photographs

    settings = Settings(args.tests, args.quick, args.raw, args.boxes, args.skip_unreadable, args.workers)
    choices: dict[str, Any] = {
        "settings": settings,
        "resume": args.resume,
        "force": args.force,
        "ray": args.ray,
        "say": _say,
    }
    found = audit(_network(args, model), args.data, out=out, split=args.split, **choices)
    paths = found.write()
    report = out / "report.html"
    pictures = found.pictures(shown_photographs(found.summary))
    write_atomically(report, report_html(found.summary, pictures, args.language).encode())
    if args.figures:
        paths += write_figures(found.summary, out / "figures", args.figures)
    found.clean()
    print(*(sentence[args.language] for sentence in found.summary["sentences"]), sep="\n")
    print(*map(str, [report, *paths]), sep="\n", flush=True)
    return found.summary


def _compared(args: argparse.Namespace) -> None:
    """Audit all networks that are not audited yet, each into a folder of its own, and write the table."""
    from attnviz.audit.compare import compare, read_summary, rows_of
    from attnviz.models.checkpoints import write_atomically
    from attnviz.render.audit.comparison import comparison_html

    rows: dict[str, list[dict[str, Any]]] = {}
    for name, models in rows_of([args.model, *args.compare]).items():
        for model in models:
            out = args.out / re.sub(r"[^\w.-]+", "-", model).strip("-")
            finished = args.resume and (out / "summary.json").is_file() and not (out / "work").exists()
            summary = read_summary(out / "summary.json") if finished else _audited(_fresh(args, out), model, out)
            rows.setdefault(name, []).append(summary)
    report = compare(rows)
    page = args.out / "comparison.html"
    write_atomically(args.out / "comparison.json", json.dumps(report, indent=1, ensure_ascii=False).encode())
    write_atomically(page, comparison_html(report, args.language).encode())
    print(page)


def _fresh(args: argparse.Namespace, out: Path) -> argparse.Namespace:
    """The same options; a network that was not begun yet is not gone on with."""
    return argparse.Namespace(**{**vars(args), "resume": args.resume and (out / "work").exists()})


def _run(args: argparse.Namespace) -> None:
    if args.compare:
        _compared(args)
    else:
        _audited(args, args.model, args.out)


COMMAND = Command("does the attention do anything, on your data: report, numbers, tables", _options, _run)
