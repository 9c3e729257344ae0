"""Which checkpoints a command is about: some by name, or all that were measured on the data that are given."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.core.input_spec import InputSpec
    from attnviz.training.data import ImageSet


@dataclass(frozen=True, kw_only=True)
class CheckpointOptions:
    """Which checkpoints, measured on what."""

    checkpoints: Annotated[list[str] | None, Argument(help="ids of bundled checkpoints, or paths")] = None
    all: Annotated[bool, Option(help="every bundled checkpoint that was measured on these data")] = False
    folder: Annotated[Path | None, Option(help="where ids are looked up, instead of the bundled checkpoints")] = None
    data: Annotated[Path, Option(help="folder with val/<class>/…")]


def chosen(args: CheckpointOptions) -> tuple[Path, list[str], dict[str, str], Callable[[InputSpec], ImageSet]]:
    """The folder of the checkpoints, their names, why others are left out, and what prepares the validation images.

    Raises:
        UserError: Neither names nor ``--all`` were given, or both.
    """
    from attnviz.core.input_spec import InputSpec
    from attnviz.models.checkpoints import checkpoint_folder
    from attnviz.training.data import load_images
    from attnviz.training.evaluation import fitting

    if args.all == bool(args.checkpoints):
        raise UserError("either checkpoints or --all must be given, and not both")
    folder = args.folder or checkpoint_folder()
    kept = functools.cache(lambda spec: load_images(args.data, "val", spec))

    def images_for(spec: InputSpec) -> ImageSet:
        return kept(InputSpec(spec.size, spec.crop_fraction, fit=spec.fit))  # the rest does not change what is decoded

    names, others = fitting(folder, args.data, images_for) if args.all else (args.checkpoints or [], {})
    return folder, names, others, images_for
