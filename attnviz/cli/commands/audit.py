"""Does the attention do anything, on your data: report, numbers, tables."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Option

from attnviz.audit.settings import WORKERS, Settings
from attnviz.cli.commands import say
from attnviz.cli.network_options import WHICH, NetworkOptions, card_of, network_of
from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.audit.result import Audit
    from attnviz.render.audit.photographs import ReportView


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    model: Annotated[str, Argument(help=WHICH)]
    data: Annotated[Path, Option(help="a folder of class folders, or of photographs")]
    out: Annotated[Path, Option(help="folder for report, summary and tables")]
    split: Annotated[str, Option(help="part of the folder, where it has parts")] = "val"
    tests: Annotated[int, Option(help="photographs on which gates are replaced")] = 1000
    quick: Annotated[bool, Option(help="all gates together only: none alone, no channels knocked out")] = False
    boxes: Annotated[Path | None, Option(help="of objects: COCO JSON, CSV of boxes, or a folder of masks")] = None
    raw: Annotated[bool, Option(help="keep every value of every gate in gates.parquet")] = False
    skip_unreadable: Annotated[bool, Option(help="leave out files that cannot be read")] = False
    workers: Annotated[int, Option(help="processes that decode")] = WORKERS
    compare: Annotated[
        list[str] | None, Option(metavar="MODEL...", help="others on the same photographs; NAME=A,B are seeds")
    ] = None
    ray: Annotated[str, Option(metavar="ADDRESS", help="compute on Ray: 'local', or a cluster's address")] = ""
    figures: Annotated[
        Literal["png", "svg", "pdf"] | None, Option(help="write the figures too, as files of this kind")
    ] = None
    language: Annotated[Literal["en", "zh"], Option(help="of the report")] = "en"
    resume: Annotated[bool, Option(help="go on with an interrupted audit in --out")] = False
    force: Annotated[bool, Option(help="replace an audit in --out")] = False
    network: NetworkOptions


def _network(args: AuditOptions, model: str) -> Any:
    """The network; on Ray its locator, by which every process loads it."""
    if not args.ray:
        return network_of(model, args.network)
    from attnviz.core.model_card import ModelCard

    if card_of(args.network) != ModelCard() or args.network.weights is not None or args.network.classes is not None:
        raise UserError("on Ray a network is loaded by its locator alone; say what it means in a FILE.py:FACTORY")
    return model


def _settings(args: AuditOptions) -> Settings:
    return Settings(args.tests, args.quick, args.raw, args.boxes, args.skip_unreadable, args.workers)


def _finished(args: AuditOptions, model: str, out: Path) -> dict[str, Any] | None:
    """The summary of an audit that ``--resume`` need not do again; ``None`` where there is none.

    Raises:
        UserError: It was of something else than what is asked for now.
    """
    from attnviz.audit.compare import read_summary
    from attnviz.audit.photographs import in_folder
    from attnviz.audit.run import plan_of
    from attnviz.audit.store import refuse_another
    from attnviz.models.locator import network_of as loaded
    from attnviz.render.audit.files import write_figures

    if not args.resume or not (out / "summary.json").is_file() or (out / "work").exists():
        return None
    summary, network = read_summary(out / "summary.json"), loaded(_network(args, model))
    plan = plan_of(network, in_folder(args.data, network.labels, args.split), _settings(args))
    refuse_another(out, summary["plan"], plan)
    if args.figures:
        write_figures(summary, out / "figures", args.figures)
    return summary


def _audited(args: AuditOptions, model: str, out: Path) -> dict[str, Any]:
    """Audit one network into a folder, with its report; returns the summary."""
    from attnviz.audit.run import audit
    from attnviz.core.files import write_atomically
    from attnviz.render.audit.files import write_figures
    from attnviz.render.audit.photographs import shown_photographs
    from attnviz.render.audit.report import report_html

    choices: dict[str, Any] = {
        "settings": _settings(args),
        "resume": args.resume,
        "force": args.force,
        "ray": args.ray,
        "say": say,
    }
    audited = audit(_network(args, model), args.data, out=out, split=args.split, **choices)
    paths = audited.write()
    report = out / "report.html"
    pictures = audited.pictures(shown_photographs(audited.summary))
    page = report_html(audited.summary, pictures, args.language, view_of(audited)).encode()
    write_atomically(report, page)
    if args.figures:
        paths += write_figures(audited.summary, out / "figures", args.figures)
    audited.clean()
    print(*(sentence[args.language] for sentence in audited.summary["sentences"]), sep="\n")
    print(f"{report} ({len(page) / 1e6:.1f} MB)", *map(str, paths), sep="\n", flush=True)
    return audited.summary


def view_of(audited: Audit) -> ReportView:
    """What opens the most telling photographs in the report."""
    from attnviz.audit.summaries import effects_of, verdicts_of
    from attnviz.render.audit.photographs import ReportView, opened_photographs
    from attnviz.viewer.page import embedded

    summary = audited.summary
    analyses = audited.analyses(opened_photographs(summary))
    return ReportView(*embedded(analyses, effects_of(summary), verdicts_of(summary)))


def _compared(args: AuditOptions) -> None:
    """Audit all networks that are not audited yet, each into a folder of its own, and write the table."""
    from attnviz.audit.compare import compare, rows_of
    from attnviz.core.files import write_atomically
    from attnviz.render.audit.comparison import comparison_html

    listed = rows_of([args.model, *(args.compare or ())])
    folders = _folders([model for models in listed.values() for model in models])
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, models in listed.items():
        for model in models:
            out = args.out / folders[model]
            summary = _finished(args, model, out) or _audited(_fresh(args, out), model, out)
            rows.setdefault(name, []).append(summary)
    report = compare(rows)
    page = args.out / "comparison.html"
    write_atomically(args.out / "comparison.json", json.dumps(report, indent=1, ensure_ascii=False).encode())
    write_atomically(page, comparison_html(report, args.language).encode())
    print(page)


def _folders(models: Sequence[str]) -> dict[str, str]:
    """What the folder of each network is called; ``UserError`` where two would share one."""
    folders: dict[str, str] = {}
    for model in models:
        name = re.sub(r"[^\w.-]+", "-", model).strip("-")
        other = next((one for one, of in folders.items() if of == name and one != model), None)
        if other is not None:
            raise UserError(f"{other} and {model} would be audited in one folder, {name}; call the files differently")
        folders[model] = name
    return folders


def _fresh(args: AuditOptions, out: Path) -> AuditOptions:
    """The same options; a network that was not begun yet is not gone on with."""
    return replace(args, resume=args.resume and (out / "work").exists())


def run(args: AuditOptions) -> None:
    if args.compare:
        _compared(args)
    else:
        from attnviz.models.machine import keep_memory

        keep_memory()
        _audited(args, args.model, args.out)
