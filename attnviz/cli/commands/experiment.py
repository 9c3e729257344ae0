"""Run an experiment: train what is missing, measure, and write the results."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from attnviz.cli.commands import Command
from attnviz.core.errors import UserError
from attnviz.models.results import add_force, check_results, write_results


def _seeds(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdigit() for part in parts) or len({int(part) for part in parts}) != len(parts):
        raise argparse.ArgumentTypeError(f"seeds are different whole numbers with commas between, got {text!r}")
    return tuple(int(part) for part in parts)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("experiment", help="its name, e.g. noise, types or stn")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/<class>/… and val/<class>/…")
    parser.add_argument("--seeds", type=_seeds, default=(0, 1, 2, 3, 4), help="of every row (default 0,1,2,3,4)")
    parser.add_argument("--family", help="network of the experiment (default its first)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs (default runs)")
    parser.add_argument("--no-train", action="store_true", help="measure what is finished, train nothing")
    parser.add_argument(
        "--images",
        type=int,
        help="random validation images for the costly measurements (default: the experiment's own)",
    )
    parser.add_argument("--out", type=Path, help="JSON file (default results/<experiment>.json)")
    add_force(parser)
    parser.add_argument("--table", action="store_true", help="print the tables in Markdown")


def _run(args: argparse.Namespace) -> None:
    from attnviz.core.errors import nearest
    from attnviz.models.checkpoints import best_device
    from attnviz.models.provenance import facts
    from attnviz.training.data import load_images
    from attnviz.training.experiments import EXPERIMENTS
    from attnviz.training.experiments.runs import check_data, collect
    from attnviz.training.memory import keep_memory
    from attnviz.training.recipe import load_recipe

    keep_memory()
    experiment, started = EXPERIMENTS[args.experiment], time.perf_counter()
    family = args.family or next(iter(experiment.families))
    if family not in experiment.families:
        raise UserError(f"unknown family {family!r}; {nearest(family, experiment.families)}")
    recipes = [load_recipe(name) for name in experiment.families[family]]
    count = experiment.images if args.images is None else args.images
    settings = {"experiment": args.experiment, "family": family, "seeds": list(args.seeds), "images": count}
    out = args.out or Path("results") / f"{args.experiment}.json"
    check_results(out, settings, args.force)
    runs = collect(args.runs, recipes, args.seeds, None if args.no_train else args.data, _say)
    _say(f"measuring {len(runs)} runs")
    images = load_images(args.data, "val", recipes[0].model.input())
    check_data(runs, images)
    settings["data"] = images.fingerprint
    check_results(out, settings, args.force)
    report = {
        "experiment": args.experiment,
        "family": family,
        "command": f"attnviz experiment {args.experiment} --data FOLDER --family {family} --images {count}",
        "data": {"name": recipes[0].data, **images.describe()},
        "recipes": {recipe.id: recipe.to_json() for recipe in recipes},
        "runs": [run.describe() for run in runs],
        **experiment.measure(runs, images, count),
        "run": facts(best_device(), time.perf_counter() - started),
    }
    write_results(out, report, settings, args.force)
    if args.table:
        print(experiment.table(report))
    print(out)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


COMMAND = Command("train the runs of an experiment that are missing, and measure them all", _options, _run)
