"""How many gates a network has."""

from attnviz.ui.networks.store import Store


def count(store: Store, model: str) -> int:
    """How many gates a network has.

    Args:
        store: The networks.
        model: Id of a network, as models gives them.

    Returns:
        Their number.
    """
    return len(store.sites(model))
