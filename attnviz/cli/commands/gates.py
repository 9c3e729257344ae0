"""The gates of any model."""

from __future__ import annotations

import argparse
import json

from attnviz.cli.commands import Command
from attnviz.cli.network_options import WHICH, add_network, network_of


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=WHICH)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--why", action="store_true", help="for every product, why it is a gate or not")
    parser.add_argument("--untrained", action="store_true", help="random weights: nothing is fetched")
    add_network(parser)


def _run(args: argparse.Namespace) -> None:
    from attnviz.cli import gate_table as table
    from attnviz.gates import explain

    loaded = network_of(args.model, args, pretrained=not args.untrained)
    if args.why:
        explanations = table.explanations_of(loaded)
        print(json.dumps(explain.as_rows(explanations), indent=1) if args.json else explain.as_text(explanations))
        return
    sites = table.gates_of(loaded)
    print(json.dumps(table.as_rows(sites), indent=1) if args.json else table.as_text(sites))


COMMAND = Command("the attention gates of a model: names, kinds, shapes, how they are read", _options, _run)
