"""Which checkpoints a command is about: some by name, or all that were measured on the data that are given."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.core.input_spec import InputSpec
    from attnviz.training.data import ImageSet


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``chosen`` reads."""
    parser.add_argument("checkpoints", nargs="*", help="ids of bundled checkpoints, or paths")
    parser.add_argument("--all", action="store_true", help="every bundled checkpoint that was measured on these data")
    parser.add_argument("--folder", type=Path, help="where ids are looked up, instead of the bundled checkpoints")
    parser.add_argument("--data", type=Path, required=True, help="folder with val/<class>/…")


def chosen(args: argparse.Namespace) -> tuple[Path, list[str], dict[str, str], Callable[[InputSpec], ImageSet]]:
    """The folder of the checkpoints, their names, why others are left out, and what prepares the validation images.

    Raises:
        UserError: Neither names nor ``--all`` were given, or both.
    """
    from attnviz.core.input_spec import InputSpec
    from attnviz.models.checkpoints import checkpoint_folder
    from attnviz.training.data import load_images
    from attnviz.training.evaluation import fitting

    if args.all == bool(args.checkpoints):
        raise UserError(f"{args.command} needs either checkpoints or --all")
    folder = args.folder or checkpoint_folder()
    kept = functools.cache(lambda spec: load_images(args.data, "val", spec))

    def images_for(spec: InputSpec) -> ImageSet:
        return kept(InputSpec(spec.size, spec.crop_fraction, fit=spec.fit))  # the rest does not change what is decoded

    names, others = fitting(folder, args.data, images_for) if args.all else (args.checkpoints, {})
    return folder, names, others, images_for
