"""Train a recipe."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from attnviz.cli.commands import Command
from attnviz.core.errors import UserError


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", help="a TOML file, or the name of a bundled recipe")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/<class>/… and val/<class>/…")
    parser.add_argument("--run", type=Path, help="folder of the run (default runs/<recipe id>, with --seed -seed<N>)")
    parser.add_argument("--seed", type=int, help="instead of the recipe's train.seed")
    parser.add_argument("--devices", type=int, default=1, help="number of GPUs, or of CPU processes (default 1)")
    parser.add_argument("--skip-unreadable", action="store_true", help="leave out images that cannot be read")


def _run(args: argparse.Namespace) -> None:
    from attnviz.training.loop import Trainer
    from attnviz.training.memory import keep_memory
    from attnviz.training.recipe import load_recipe

    keep_memory()
    recipe = load_recipe(args.recipe)
    name = recipe.id
    if args.seed is not None and args.seed != recipe.train.seed:
        recipe, name = recipe.with_seed(args.seed), f"{recipe.id}-seed{args.seed}"
    folder = args.run or Path("runs") / name
    try:
        trainer = Trainer(recipe, args.data, folder, args.devices, args.skip_unreadable)
        card = trainer.run()
    except UserError:
        if int(os.environ.get("LOCAL_RANK", 0)) > 0:
            raise SystemExit(2) from None  # process 0 says the same
        raise
    top1 = f"{card.metrics['top1']} % ({card.metrics['correct']} of {card.metrics['total']})"
    trainer.fabric.print(f"{card.id}: {top1}; checkpoint in {folder}")


COMMAND = Command("train a recipe; an interrupted run goes on where it stopped", _options, _run)
