"""What attention costs in a backbone."""

from __future__ import annotations

import argparse
import json

from attnviz.cli.commands import Command, option


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backbone", help="e.g. vgg16, resnet, mobilenet-v2, densenet, efficientnet, compact-resnet")
    parser.add_argument("--attention", help="types, separated by commas (default all); none is always measured")
    parser.add_argument("--size", type=int, default=224, help="side of the input in pixels (default 224)")
    parser.add_argument("--classes", type=int, default=1000, help="number of classes (default 1000)")
    parser.add_argument("--option", type=option, action="append", default=[], help="of the backbone, as NAME=VALUE")
    parser.add_argument("--repeats", type=int, default=10, help="timed passes (default 10); 0 leaves the time out")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")


def _run(args: argparse.Namespace) -> None:
    from attnviz.models.cost import measure

    attentions = [name.strip() for name in args.attention.split(",")] if args.attention else []
    table = measure(args.backbone, attentions, args.size, args.classes, dict(args.option), args.repeats)
    if args.json:
        print(json.dumps(table.to_json(), indent=1, ensure_ascii=False))
    else:
        print(table.as_markdown() if args.markdown else table.as_text())


COMMAND = Command("what attention costs in a backbone: parameters, MACs, memory, time", _options, _run)
