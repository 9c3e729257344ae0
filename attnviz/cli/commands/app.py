"""The app, on any networks and photographs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from attnviz.cli.network_options import WHICH, NetworkOptions, network_of, said


@dataclass(frozen=True, kw_only=True)
class AppOptions:
    model: Annotated[list[str] | None, Option(metavar="MODEL", help=f"{WHICH}; several may be given")] = None
    data: Annotated[Path | None, Option(help="folder whose photographs are offered as samples")] = None
    audits: Annotated[Path | None, Option(help="folder with audits of these networks, as attnviz audit writes")] = None
    alone: Annotated[bool, Option(help="leave out the bundled and published networks")] = False
    port: Annotated[int | None, Option(help="instead of the first free one from 7860 on")] = None
    host: Annotated[str, Option(help="address to listen on")] = "127.0.0.1"
    checkpoints: Annotated[Path | None, Option(help="folder of checkpoints, instead of ATTNVIZ_CHECKPOINTS")] = None
    public: Annotated[bool, Option(help="strangers come: hard limits on what they may send")] = False
    mcp: Annotated[bool, Option(help="answer agents too, over MCP (pip install 'attnviz[mcp]')")] = False
    network: NetworkOptions


def run(args: AppOptions) -> None:
    if args.checkpoints is not None:
        os.environ["ATTNVIZ_CHECKPOINTS"] = str(args.checkpoints)
    from attnviz.core.errors import UserError
    from attnviz.ui.surroundings import prepare_surroundings

    if args.port is not None and not 1 <= args.port <= 65535:
        raise UserError(f"--port must be in 1..65535, got {args.port}")
    if not args.model and (given := said(args.network)):
        raise UserError(f"--{next(iter(given)).replace('_', '-')} says something of a network: give that too, --model")
    prepare_surroundings()
    from attnviz.ui.launch import open_page

    networks = [network_of(locator, args.network) for locator in args.model or ()]
    if args.alone and not networks:
        raise UserError("--alone leaves out the bundled networks: give at least one --model")
    options: dict[str, Any] = {"server_name": args.host, "mcp_server": args.mcp}
    if args.port is not None:
        options["server_port"] = args.port
    try:
        open_page(networks, data=args.data, alone=args.alone, public=args.public, audits=args.audits, **options)
    except OSError as error:  # gradio finds no free port, or may not listen on this address
        raise UserError(f"the app cannot listen on {args.host}:{args.port or '7860…'}: {error}") from error
