"""Measure what the gates of networks say over their validation set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from attnviz.cli.measured_options import MeasuredOptions, chosen
from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.audit.photographs import Photographs
    from attnviz.models.network import Network


@dataclass(frozen=True, kw_only=True)
class ReferenceOptions(MeasuredOptions):
    out: Annotated[Path | None, Option(help="new file for it (default beside a checkpoint)")] = None


def run(args: ReferenceOptions) -> None:
    from attnviz.audit.reference import measure_reference
    from attnviz.models.gate_reference import save_reference

    asked = chosen(args)
    if args.out is not None and (len(asked.names) > 1 or args.out.exists()):
        why = "is there already" if args.out.exists() else "is one file, and these are several networks"
        raise UserError(f"--out {args.out} {why}; give each network a new file")
    for name, loaded in asked.networks:
        photographs = asked.photographs_for(loaded.labels)
        path = args.out or _beside(args, name, loaded, photographs)
        data = loaded.checkpoint.data.get("name", "") if loaded.checkpoint and not args.out else args.data.name
        reference = measure_reference(loaded, photographs, str(data))
        if not reference.gates:
            print(f"{loaded.name}: has no gates")
            continue
        save_reference(path, reference)
        print(
            f"{path}: {len(reference.gates)} gates over {reference.images:,} images, {path.stat().st_size:,} bytes",
            flush=True,
        )
    print("".join(f"{name}: left out, {reason}\n" for name, reason in asked.others.items()), end="")


def _beside(args: ReferenceOptions, name: str, loaded: Network, photographs: Photographs) -> Path:
    """The file beside a checkpoint, where it was measured on these data as it is; else ``UserError``."""
    from attnviz.audit.accuracy import not_comparable
    from attnviz.models.gate_reference import SUFFIX
    from attnviz.models.locator import checkpoint_path

    if reason := not_comparable(loaded, photographs):
        raise UserError(
            f"{loaded.name} {reason}; beside a checkpoint lies what was measured on the data that its card names: "
            "say with --out where this goes"
        )
    return checkpoint_path(name, args.folder).with_name(f"{loaded.name}{SUFFIX}")
