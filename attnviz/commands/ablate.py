"""Do the gates of a checkpoint do anything? Accuracy with all of them replaced."""

from __future__ import annotations

import argparse
import functools
import json
import time
from pathlib import Path

from attnviz.commands import Command
from attnviz.errors import UserError


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoints", nargs="*", help="ids of bundled checkpoints, or paths")
    parser.add_argument("--all", action="store_true", help="every bundled checkpoint that was measured on these data")
    parser.add_argument("--folder", type=Path, help="where ids are looked up, instead of the bundled checkpoints")
    parser.add_argument("--data", type=Path, required=True, help="folder with val/<class>/…")
    parser.add_argument("--images", type=int, help="random validation images (default all)")
    parser.add_argument("--out", type=Path, help="write the results to this JSON file")


def _run(args: argparse.Namespace) -> None:
    from attnviz.checkpoints import FOLDER, best_device, load
    from attnviz.provenance import facts
    from attnviz.training.data import load_images
    from attnviz.training.evaluation import fitting
    from attnviz.training.experiments.types_rows import row
    from attnviz.training.experiments.types_table import focus, gates_matter

    if args.all == bool(args.checkpoints):
        raise UserError("ablate needs either checkpoints or --all")
    started, folder = time.perf_counter(), args.folder or FOLDER
    sized = functools.cache(lambda size: load_images(args.data, "val", size))
    names = args.checkpoints if not args.all else fitting(folder, args.data, sized)[0]
    rows = []
    for name in names:
        loaded = load(name, folder, best_device())
        images = sized(loaded.spec.input.size[0])
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
        args.out.parent.mkdir(parents=True, exist_ok=True)
        lines = (f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in report.items())
        args.out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print("\n\n".join(text for text in (gates_matter(rows), focus(rows)) if text) or "no network has gates")


COMMAND = Command("accuracy of checkpoints with all their gates replaced: do they do anything?", _options, _run)
