"""Train a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

from attnviz.commands import Command


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", help="a TOML file, or the name of a bundled recipe")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/<class>/… and val/<class>/…")
    parser.add_argument("--run", type=Path, help="folder of the run (default runs/<recipe id>)")
    parser.add_argument("--devices", type=int, default=1, help="number of GPUs, or of CPU processes (default 1)")


def _run(args: argparse.Namespace) -> None:
    from attnviz.training.loop import Trainer
    from attnviz.training.recipe import load_recipe

    recipe = load_recipe(args.recipe)
    folder = args.run or Path("runs") / recipe.id
    card = Trainer(recipe, args.data, folder, args.devices).run()
    top1 = f"{card.metrics['top1']} % ({card.metrics['correct']} of {card.metrics['total']})"
    print(f"{card.id}: {top1}; checkpoint in {folder}")


COMMAND = Command("train a recipe; an interrupted run goes on where it stopped", _options, _run)
