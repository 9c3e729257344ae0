"""What a network costs and how often it is right, as the comparison tells it."""

from __future__ import annotations

from html import escape

from attnviz.analysis.timing import Cost
from attnviz.models.checkpoints import Card
from attnviz.ui.shared.text import data_title, plain


def short(count: int) -> str:
    """A large number in three digits: 1,532,586 -> 1.53 M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return str(count)


def facts(card: Card, cost: Cost, language: str) -> list[tuple[str, str, str]]:
    """Accuracy, size and time of a network: what it is, the value, and more about it; plain text."""
    top1, total = card.metrics.get("top1"), card.metrics.get("total")
    data = data_title(str(card.data.get("name", "")), language)
    right = f"{top1} %" if isinstance(top1, (int, float)) else "–"
    about = plain("cmp_unmeasured", language)
    if isinstance(total, int):
        about = plain("cmp_accuracy_on", language, total=f"{total:,}", data=data)
    return [
        (plain("cmp_accuracy", language), right, about),
        (plain("cmp_parameters", language), short(cost.parameters), f"{cost.parameters:,}"),
        (plain("cmp_macs", language), short(cost.macs), f"{cost.macs:,}"),
        (plain("cmp_time", language), f"× {cost.ratio:.2f}", f"{1000 * cost.seconds:.1f} ms"),
    ]


def facts_html(card: Card, cost: Cost, language: str) -> str:
    """The same as markup."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)} <small>{escape(more)}</small></dd></div>"
        for name, value, more in facts(card, cost, language)
    )
    return f'<dl class="av-facts">{items}</dl>'
