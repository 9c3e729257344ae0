"""Accuracy of checkpoints with all their gates replaced: do they do anything?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from attnviz.cli.checkpoint_options import CheckpointOptions, chosen
from attnviz.models.results import check_results, write_results


@dataclass(frozen=True, kw_only=True)
class AblateOptions(CheckpointOptions):
    images: Annotated[int | None, Option(help="random validation images (default all)")] = None
    out: Annotated[Path | None, Option(help="write the results to this JSON file")] = None
    force: Annotated[bool, Option(help="replace results that were made with other settings")] = False


def run(args: AblateOptions) -> None:
    from attnviz.models.checkpoints import best_device, load
    from attnviz.models.provenance import facts
    from attnviz.training.experiments.types_rows import row
    from attnviz.training.experiments.types_table import focus, gates_matter

    started = time.perf_counter()
    folder, names, _, images_for = chosen(args)
    settings = {"checkpoints": [str(name) for name in names], "images": args.images}
    if args.out is not None:
        check_results(args.out, settings, args.force)
    rows = []
    for name in names:
        loaded = load(name, folder, best_device())
        images = images_for(loaded.spec.input)
        rows.append(row(loaded.name, [loaded], images, args.images))
    images_too = f" --images {args.images}" if args.images else ""
    report = {
        "experiment": "ablations",
        "command": f"attnviz ablate {' '.join(row['name'] for row in rows)} --data FOLDER{images_too}",
        "data": {"name": loaded.card.data.get("name"), **images.describe()},
        "rows": rows,
        "run": facts(best_device(), time.perf_counter() - started),
    }
    if args.out is not None:
        write_results(args.out, report, {**settings, "data": images.fingerprint}, args.force)
    print("\n\n".join(text for text in (gates_matter(rows), focus(rows)) if text) or "no network has gates")
