"""Train the runs of an experiment that are missing, and measure them all."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from attnviz.cli.commands import say
from attnviz.core.checks import choice
from attnviz.core.errors import UserError
from attnviz.models.results import check_results, write_results


def _seeds(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch("[0-9]{1,10}", part) for part in parts) or len({*map(int, parts)}) != len(parts):
        raise UserError(f"--seeds are different whole numbers with commas between, got {text!r}")
    return tuple(int(part) for part in parts)


@dataclass(frozen=True, kw_only=True)
class ExperimentOptions:
    experiment: Annotated[str, Argument(help="its name, e.g. noise, types or stn")]
    data: Annotated[Path, Option(help="folder with train/<class>/… and val/<class>/…")]
    seeds: Annotated[str, Option(help="of every row")] = "0,1,2,3,4"
    family: Annotated[str | None, Option(help="network of the experiment (default its first)")] = None
    runs: Annotated[Path, Option(help="folder of the runs")] = Path("runs")
    no_train: Annotated[bool, Option(help="measure what is finished, train nothing")] = False
    images: Annotated[int | None, Option(help="random validation images for what is costly (default: its own)")] = None
    out: Annotated[Path | None, Option(help="JSON file (default results/<experiment>.json)")] = None
    force: Annotated[bool, Option(help="replace results that were made with other settings")] = False
    table: Annotated[bool, Option(help="print the tables in Markdown")] = False


def run(args: ExperimentOptions) -> None:
    from attnviz.audit.photographs import in_folder
    from attnviz.models.checkpoints import best_device
    from attnviz.models.machine import keep_memory
    from attnviz.models.provenance import facts
    from attnviz.training.experiments import EXPERIMENTS
    from attnviz.training.experiments.runs import check_data, collect
    from attnviz.training.recipe import load_recipe

    seeds = _seeds(args.seeds)
    keep_memory()
    experiment, started = EXPERIMENTS[args.experiment], time.perf_counter()
    family = args.family or next(iter(experiment.families))
    choice("family", family, experiment.families)
    recipes = [load_recipe(name) for name in experiment.families[family]]
    count = experiment.images if args.images is None else args.images
    settings = {"experiment": args.experiment, "family": family, "seeds": list(seeds), "images": count}
    out = args.out or Path("results") / f"{args.experiment}.json"
    check_results(out, settings, args.force)
    runs = collect(args.runs, recipes, seeds, None if args.no_train else args.data, say)
    say(f"measuring {len(runs)} runs")
    data = in_folder(args.data, runs[0].card.labels, fewest=1).describe()
    check_data(runs, data["fingerprint"])
    settings["data"] = data["fingerprint"]
    check_results(out, settings, args.force)
    report = {
        "experiment": args.experiment,
        "family": family,
        "command": f"attnviz experiment {args.experiment} --data FOLDER --seeds {','.join(map(str, seeds))} "
        f"--family {family} --images {count}",
        "data": {"name": recipes[0].data, **data},
        "recipes": {recipe.id: recipe.to_json() for recipe in recipes},
        "runs": [run.describe() for run in runs],
        **experiment.measure(runs, args.data, count),
        "run": facts(best_device(), time.perf_counter() - started),
    }
    write_results(out, report, settings, args.force)
    if args.table:
        print(experiment.table(report))
    print(out)
