"""Train recipes; an interrupted run goes on where it stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    recipe: Annotated[list[str], Argument(help="TOML files, or names of bundled recipes")]
    data: Annotated[Path, Option(help="folder with train/<class>/… and val/<class>/…")]
    run: Annotated[Path | None, Option(help="folder of the run (default runs/<recipe id>, with --seed -seed<N>)")] = (
        None
    )
    set: Annotated[list[str] | None, Option(metavar="KEY=VALUE", help="e.g. train.epochs=3, any key")] = None
    seed: Annotated[int | None, Option(help="instead of the recipe's train.seed")] = None
    device: Annotated[str, Option(help="auto, cpu, cuda or mps")] = "auto"
    devices: Annotated[int, Option(help="number of GPUs, or of CPU processes")] = 1
    threads: Annotated[int | None, Option(help="of one process on a CPU (default: torch's own choice)")] = None
    skip_unreadable: Annotated[bool, Option(help="leave out images that cannot be read")] = False


def run(args: TrainOptions) -> None:
    from attnviz.models.machine import keep_memory
    from attnviz.training.recipe import load_recipe, read_value

    keep_memory()
    if args.threads is not None:
        import torch

        if not 1 <= args.threads <= 1024:
            raise UserError(f"--threads must be in 1..1024, got {args.threads}")
        torch.set_num_threads(args.threads)
    values = [read_value(text) for text in args.set or ()]
    recipes = [load_recipe(name, values) for name in args.recipe]  # all of them, before the first is trained
    if args.run is not None and len(recipes) > 1:
        raise UserError(f"--run is the folder of one run, got {len(recipes)} recipes; leave it out")
    plans = [_plan(recipe, args, bool(values)) for recipe in recipes]
    twice = {str(folder) for _, folder in plans if [f for _, f in plans].count(folder) > 1}
    if twice:
        raise UserError(f"two of the recipes would be trained in {', '.join(sorted(twice))}; give each once")
    for recipe, folder in plans:
        _train(recipe, folder, args)


def _plan(recipe: Recipe, args: TrainOptions, changed: bool) -> tuple[Recipe, Path]:
    """What is trained, and where; a recipe under other values never in the folder of the recipe itself."""
    name = recipe.id
    if args.seed is not None and args.seed != recipe.train.seed:
        recipe, name = recipe.with_seed(args.seed), f"{recipe.id}-seed{args.seed}"
    if changed:
        name = f"{name}-{recipe.fingerprint[:8]}"
    return recipe, args.run or Path("runs") / name


def _train(recipe: Recipe, folder: Path, args: TrainOptions) -> None:
    from attnviz.training.loop import Trainer

    try:
        trainer = Trainer(recipe, args.data, folder, args.devices, args.skip_unreadable, args.device)
        card = trainer.run()
    except UserError:
        if int(os.environ.get("LOCAL_RANK", 0)) > 0:
            raise SystemExit(2) from None  # process 0 says the same
        raise
    top1 = f"{card.metrics['top1']} % ({card.metrics['correct']} of {card.metrics['total']})"
    trainer.fabric.print(f"{card.id}: {top1}; checkpoint in {folder}")
