"""Formula, shapes, parameters and paper of an attention type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from typer import Argument, Option

from attnviz.cli.commands import named_values, print_json


@dataclass(frozen=True, kw_only=True)
class DescribeOptions:
    type: Annotated[str, Argument(help="e.g. cbam, se, eca, self-attention")]
    channels: Annotated[int, Option(help="C of the features")] = 64
    height: Annotated[int, Option(help="H of the features")] = 32
    width: Annotated[int, Option(help="W of the features")] = 32
    option: Annotated[list[str] | None, Option(metavar="NAME=VALUE", help="of the type")] = None
    json: Annotated[bool, Option(help="print JSON")] = False


def run(args: DescribeOptions) -> None:
    from attnviz.attention.describe import describe

    described = describe(args.type, args.channels, args.height, args.width, named_values(args.option))
    if args.json:
        print_json(described.to_json())
    else:
        print(described.as_text())
