"""What attention costs in a backbone: parameters, MACs, memory, time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from typer import Argument, Option

from attnviz.cli.commands import named_values, print_json


@dataclass(frozen=True, kw_only=True)
class CostOptions:
    backbone: Annotated[str, Argument(help="e.g. vgg16, resnet, mobilenet-v2, densenet, efficientnet, compact-resnet")]
    attention: Annotated[
        str | None, Option(help="types with commas between (default all); none is always measured")
    ] = None
    size: Annotated[int, Option(help="side of the input in pixels")] = 224
    classes: Annotated[int, Option(help="number of classes")] = 1000
    option: Annotated[list[str] | None, Option(metavar="NAME=VALUE", help="of the backbone")] = None
    repeats: Annotated[int, Option(help="timed passes; 0 leaves the time out")] = 10
    json: Annotated[bool, Option(help="print JSON")] = False
    markdown: Annotated[bool, Option(help="print a Markdown table")] = False


def run(args: CostOptions) -> None:
    from attnviz.core.errors import UserError
    from attnviz.models.cost import measure

    if args.json and args.markdown:
        raise UserError("the table is printed once, as --json or as --markdown: give one of them")
    attentions = [name.strip() for name in args.attention.split(",")] if args.attention else []
    table = measure(args.backbone, attentions, args.size, args.classes, named_values(args.option), args.repeats)
    if args.json:
        print_json(table.to_json())
    else:
        print(table.as_markdown() if args.markdown else table.as_text())
