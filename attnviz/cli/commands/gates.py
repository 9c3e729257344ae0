"""The attention gates of a model: names, kinds, shapes, how they are read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

from typer import Argument, Option

from attnviz.cli.network_options import WHICH, NetworkOptions, network_of


@dataclass(frozen=True, kw_only=True)
class GatesOptions:
    model: Annotated[str, Argument(help=WHICH)]
    json: Annotated[bool, Option(help="print JSON")] = False
    why: Annotated[bool, Option(help="for every product, why it is a gate or not")] = False
    untrained: Annotated[bool, Option(help="random weights: nothing is fetched")] = False
    network: NetworkOptions


def run(args: GatesOptions) -> None:
    from attnviz.cli import gate_table as table
    from attnviz.gates import explain

    loaded = network_of(args.model, args.network, pretrained=not args.untrained)
    if args.why:
        explanations = table.explanations_of(loaded)
        print(json.dumps(explain.as_rows(explanations), indent=1) if args.json else explain.as_text(explanations))
        return
    sites = table.gates_of(loaded)
    print(json.dumps(table.as_rows(sites), indent=1) if args.json else table.as_text(sites))
