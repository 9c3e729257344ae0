"""Says of an answer whether its photograph looks unlike the training data, where the network's card has the measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attnviz.core.likeness import Likeness
from attnviz.core.notes import Note
from attnviz.gates.pooled import pooled
from attnviz.models.network import Network

Remarks = Callable[[int], tuple[Note, ...]]
"""Number of a photograph in the batch -> what is to be said of it."""


def likeness_of(network: Network) -> Likeness | None:
    """The measure on a network's card; ``None`` where there is none, or the network is given something else than there.

    Raises:
        UserError: What the card says cannot be read.
    """
    card = network.checkpoint
    if card is None or "unlike" not in card.metrics or network.input != card.spec.input:
        return None
    return Likeness.from_json(card.metrics["unlike"])


@contextmanager
def remarked(network: Network, likeness: Likeness | None) -> Iterator[Remarks]:
    """Watch one pass in the ``with`` block; afterwards what is given says what is to be said of each photograph.

    Args:
        network: Makes the pass.
        likeness: Its measure; nothing is said, and nothing watched, without one.
    """
    if likeness is None:
        yield lambda _: ()
        return
    with pooled(network.module) as passes:

        def remarks(number: int) -> tuple[Note, ...]:
            note = likeness.note(passes[-1][number : number + 1].float().cpu().numpy())
            return () if note is None else (note,)

        yield remarks
