"""Accuracy of networks with all their gates replaced: do they do anything?"""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from attnviz.cli.measured_options import MeasuredOptions, chosen
from attnviz.cli.network_options import said
from attnviz.models.results import check_results, write_results


@dataclass(frozen=True, kw_only=True)
class AblateOptions(MeasuredOptions):
    images: Annotated[int | None, Option(help="random validation images (default all)")] = None
    out: Annotated[Path | None, Option(help="write the results to this JSON file")] = None
    force: Annotated[bool, Option(help="replace results that were made with other settings")] = False


def run(args: AblateOptions) -> None:
    from attnviz.models.checkpoints import best_device
    from attnviz.models.provenance import facts
    from attnviz.training.experiments.types_rows import row
    from attnviz.training.experiments.types_table import focus, gates_matter

    started = time.perf_counter()
    asked, options = chosen(args), said(args.network)
    settings: dict[str, Any] = {"checkpoints": asked.names, "images": args.images}
    # None, not left out: results made with options are none of a call without
    settings |= {"network": options or None, "untrained": args.untrained or None}
    if args.out is not None:
        check_results(args.out, settings, args.force)
    rows, data = [], {}
    for _, loaded in asked.networks:
        photographs = asked.photographs_for(loaded.labels)
        rows.append(row(loaded.name, [loaded], photographs, args.images))
        name = loaded.checkpoint.data.get("name") if loaded.checkpoint else None
        data = {"name": name, **photographs.describe()}
    more = {"folder": args.folder, "untrained": args.untrained, **options, "images": args.images}
    flags = [
        (f"--{key.replace('_', '-')}", value) for key, value in more.items() if value is not None and value is not False
    ]
    spoken = [word for name, value in flags for word in ([name] if value is True else [name, str(value)])]
    report = {
        "experiment": "ablations",
        "command": shlex.join(["attnviz", "ablate", *asked.names, "--data", "FOLDER", *spoken]),
        "data": data,
        "rows": rows,
        "run": facts(best_device(), time.perf_counter() - started),
    }
    if args.out is not None:
        write_results(args.out, report, {**settings, "data": data["fingerprint"]}, args.force)
    print("\n\n".join(text for text in (gates_matter(rows), focus(rows)) if text) or "no network has gates")
