"""What a visitor of the Audit tab looks at."""

from __future__ import annotations

from dataclasses import dataclass

from attnviz.audit.compare import Summary
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.page import Chosen

SOURCES = ("kept", "made")
"""Where an audit comes from: kept in a folder, or made just now on a visitor's photographs."""


@dataclass(frozen=True)
class ShownAudit:
    """A network and one of its audits.

    Attributes:
        model: Id of the network.
        language: Of the words.
        made: Id of a network and the audit that was made of it here, the last one.
        source: Which audit is wanted, where there are both.
    """

    model: str
    language: str = "en"
    made: tuple[str, Summary] | None = None
    source: str = SOURCES[0]

    def audits(self, store: Store) -> dict[str, Summary]:
        """Its audits by where they come from."""
        own = self.made[1] if self.made is not None and self.made[0] == self.model else None
        both = {"kept": store.audit(self.model), "made": own}
        return {source: summary for source, summary in both.items() if summary is not None}


def first(store: Store, chosen: Chosen, language: str) -> ShownAudit:
    """What the tab opens with: the network of another tab, else the first that has an audit."""
    if chosen.model in store.choices:
        return ShownAudit(str(chosen.model), language)
    audited = (name for name in store.ids if store.audit(name) is not None)
    return ShownAudit(next(audited, store.ids[0]), language)
