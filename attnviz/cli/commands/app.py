"""The app on any networks and photographs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from attnviz.cli.commands import Command
from attnviz.cli.network_options import WHICH, add_network, network_of

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", action="append", default=[], help=f"{WHICH}; several may be given")
    parser.add_argument("--data", type=Path, help="folder whose photographs are offered as samples")
    parser.add_argument("--alone", action="store_true", help="leave out the bundled and published networks")
    parser.add_argument("--port", type=int, help="instead of the first free one from 7860 on")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1, this machine)")
    parser.add_argument("--checkpoints", type=Path, help="folder of checkpoints, instead of ATTNVIZ_CHECKPOINTS")
    parser.add_argument("--public", action="store_true", help="strangers come: hard limits on what they may send")
    add_network(parser)


def _run(args: argparse.Namespace) -> None:
    if args.checkpoints is not None:
        os.environ["ATTNVIZ_CHECKPOINTS"] = str(args.checkpoints)
    from attnviz.core.errors import UserError
    from attnviz.ui.surroundings import prepare_surroundings

    if args.port is not None and not 1 <= args.port <= 65535:
        raise UserError(f"--port must be in 1..65535, got {args.port}")
    prepare_surroundings()
    from attnviz.ui.launch import open_page

    networks = [network_of(locator, args) for locator in args.model]
    if args.alone and not networks:
        raise UserError("--alone leaves out the bundled networks: give at least one --model")
    public = args.public or args.host not in LOOPBACK
    options: dict[str, Any] = {"server_name": args.host}
    if args.port is not None:
        options["server_port"] = args.port
    try:
        open_page(networks, data=args.data, alone=args.alone, public=public, **options)
    except OSError as error:  # gradio finds no free port, or may not listen on this address
        raise UserError(f"the app cannot listen on {args.host}:{args.port or '7860…'}: {error}") from error


COMMAND = Command("the app, on any networks and photographs", _options, _run)
