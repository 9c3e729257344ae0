"""What an attention type computes."""

from __future__ import annotations

import argparse
import json

from attnviz.cli.commands import Command, option


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("type", help="e.g. cbam, se, eca, self-attention")
    parser.add_argument("--channels", type=int, default=64, help="C of the features (default 64)")
    parser.add_argument("--height", type=int, default=32, help="H of the features (default 32)")
    parser.add_argument("--width", type=int, default=32, help="W of the features (default 32)")
    parser.add_argument("--option", type=option, action="append", default=[], help="of the type, as NAME=VALUE")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _run(args: argparse.Namespace) -> None:
    from attnviz.attention.describe import describe

    described = describe(args.type, args.channels, args.height, args.width, dict(args.option))
    print(json.dumps(described.to_json(), indent=1, ensure_ascii=False) if args.json else described.as_text())


COMMAND = Command("formula, shapes, parameters and paper of an attention type", _options, _run)
