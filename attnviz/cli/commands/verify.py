"""Compare checkpoints with their cards: hashes, answers to the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.models.checkpoints import Card


@dataclass(frozen=True, kw_only=True)
class VerifyOptions:
    checkpoints: Annotated[list[str] | None, Argument(help="ids or paths (default: all bundled ones)")] = None
    write: Annotated[bool, Option(help="publish the answers in the cards")] = False


def run(args: VerifyOptions) -> None:
    from attnviz.analysis.verify_checkpoint import verify
    from attnviz.models.checkpoints import checkpoint_folder, checkpoint_ids

    problems, names = 0, args.checkpoints or checkpoint_ids()
    if not names:
        raise UserError(f"there is nothing to verify: {checkpoint_folder()} holds no checkpoint; name one by its path")
    for name in names:
        card, differences = verify(name, write=args.write)
        top1 = f"{card.metrics['top1']} % of {card.metrics['total']}" if card.metrics else "not measured"
        print(f"{card.id}: sha256 {card.sha256[:12]}…, top-1 {top1}")
        for scene, answer in card.answers.items():
            print("  " + f"{scene}: " + ", ".join(f"{label} {100 * p:.1f} %" for label, p in answer))
        differences = [*differences, *_reference(name, card)]
        for text in differences:
            print(f"  differs: {text}")
        problems += len(differences)
    if problems:
        raise UserError(f"{problems} answers or files differ from the published ones")


def _reference(name: str, card: Card) -> list[str]:
    """What is wrong with the reference statistics beside a bundled checkpoint; says what is right about them."""
    from attnviz.models.checkpoints import checkpoint_ids
    from attnviz.models.gate_reference import load_reference

    try:
        reference = load_reference(card.id, card.sha256) if name in checkpoint_ids() else None
    except UserError as error:
        return [str(error)]
    if reference is not None:
        print(f"  reference statistics of {len(reference.gates)} gates over {reference.images:,} images")
    return []
