"""Which networks a command measures, and on what: some by name, or all checkpoints that were measured on the data."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from attnviz.cli.network_options import WHICH, NetworkOptions, network_of, said
from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.audit.photographs import Photographs
    from attnviz.models.network import Network


@dataclass(frozen=True, kw_only=True)
class MeasuredOptions:
    """Which networks, measured on what."""

    models: Annotated[list[str] | None, Argument(help=WHICH)] = None
    all: Annotated[bool, Option(help="every bundled checkpoint that was measured on these data")] = False
    folder: Annotated[Path | None, Option(help="where ids are looked up, instead of the bundled checkpoints")] = None
    data: Annotated[Path, Option(help="folder with val/<class>/…, or of class folders")]
    untrained: Annotated[bool, Option(help="random weights: nothing is fetched")] = False
    network: NetworkOptions


@dataclass(frozen=True)
class MeasuredNetworks:
    """What a command measures.

    Attributes:
        names: What the networks are called by whoever asks.
        others: Checkpoints that were left out, and why.
        photographs_for: Labels of a network -> the photographs with their classes.
        networks: Name and network, one after the other.
    """

    names: list[str]
    others: dict[str, str]
    photographs_for: Callable[[Sequence[str]], Photographs]
    networks: Iterator[tuple[str, Network]]


def chosen(args: MeasuredOptions) -> MeasuredNetworks:
    """Which networks, on which photographs; the process keeps its memory from now on.

    Raises:
        UserError: Neither names nor ``--all`` were given, or both, or ``--all`` with what is said of one network.
    """
    from attnviz.audit.accuracy import fitting
    from attnviz.audit.photographs import in_folder
    from attnviz.models.checkpoints import checkpoint_folder
    from attnviz.models.machine import keep_memory

    keep_memory()
    if args.all == bool(args.models):
        raise UserError("either networks or --all must be given, and not both")
    if args.all and (given := [*said(args.network), *(["untrained"] if args.untrained else [])]):
        raise UserError(f"--all measures checkpoints as they are; --{given[0]} goes with the names of networks")
    in_data = functools.cache(functools.partial(in_folder, args.data, fewest=1))
    names, others = fitting(args.folder or checkpoint_folder(), in_data) if args.all else (args.models or [], {})
    networks = (
        (name, network_of(name, args.network, pretrained=not args.untrained, folder=args.folder)) for name in names
    )
    return MeasuredNetworks(names, others, in_data, networks)
