"""Measure what the gates of checkpoints say over their validation set."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from attnviz.commands import Command
from attnviz.errors import UserError


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoints", nargs="*", help="ids of bundled checkpoints, or paths")
    parser.add_argument("--all", action="store_true", help="every bundled checkpoint that was measured on these data")
    parser.add_argument("--folder", type=Path, help="where ids are looked up, instead of the bundled checkpoints")
    parser.add_argument("--data", type=Path, required=True, help="folder with val/<class>/…")


def _run(args: argparse.Namespace) -> None:
    from attnviz.checkpoints import FOLDER, best_device, load, locate
    from attnviz.reference import save_reference
    from attnviz.training.data import load_images
    from attnviz.training.evaluation import fitting, other_data
    from attnviz.training.gate_statistics import measure_reference

    if args.all == bool(args.checkpoints):
        raise UserError("reference needs either checkpoints or --all")
    folder = args.folder or FOLDER
    sized = functools.cache(lambda size: load_images(args.data, "val", size))
    names, others = (args.checkpoints, {}) if not args.all else fitting(folder, args.data, sized)
    for name in names:
        loaded = load(name, folder, best_device())
        images = sized(loaded.spec.input.size[0])
        if reason := other_data(loaded.card, images):
            raise UserError(f"{loaded.name} {reason}; a reference is measured on the data that the card names")
        made = measure_reference(loaded, images)
        if not made.gates:
            print(f"{loaded.name}: has no gates")
            continue
        path = save_reference(locate(name, folder).parent, loaded.name, made)
        print(f"{path}: {len(made.gates)} gates over {made.images:,} images, {path.stat().st_size:,} bytes", flush=True)
    print("".join(f"{name}: left out, {reason}\n" for name, reason in others.items()), end="")


COMMAND = Command("measure what the gates of checkpoints say over their validation set", _options, _run)
