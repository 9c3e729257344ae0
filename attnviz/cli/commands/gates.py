"""The gates of any model."""

from __future__ import annotations

import argparse
import json

from attnviz.cli.commands import Command


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a checkpoint, or timm:NAME or torchvision:NAME for a published network")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--untrained", action="store_true", help="random weights: nothing is fetched")


def _run(args: argparse.Namespace) -> None:
    from attnviz.cli.gate_table import as_rows, as_text, gates_of
    from attnviz.models.published import load

    sites = gates_of(load(args.model, pretrained=not args.untrained))
    print(json.dumps(as_rows(sites), indent=1) if args.json else as_text(sites))


COMMAND = Command("the attention gates of a model: names, kinds, shapes, how they are read", _options, _run)
