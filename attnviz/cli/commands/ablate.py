"""Do the gates of a checkpoint do anything? Accuracy with all of them replaced."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from attnviz.cli.checkpoint_options import add_choice, chosen
from attnviz.cli.commands import Command
from attnviz.models.results import add_force, check_results, write_results


def _options(parser: argparse.ArgumentParser) -> None:
    add_choice(parser)
    parser.add_argument("--images", type=int, help="random validation images (default all)")
    parser.add_argument("--out", type=Path, help="write the results to this JSON file")
    add_force(parser)


def _run(args: argparse.Namespace) -> None:
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


COMMAND = Command("accuracy of checkpoints with all their gates replaced: do they do anything?", _options, _run)
