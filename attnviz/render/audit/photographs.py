"""The photographs of a report: small pictures, and the view in which some of them can be opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from attnviz.core.numbers import number
from attnviz.render.audit.pieces import image, join
from attnviz.render.audit.words import word

Summary = Mapping[str, Any]
Pictures = Mapping[str, bytes]
"""Name of a photograph -> a small JPEG."""


@dataclass(frozen=True)
class ReportView:
    """What opens photographs in a page.

    Attributes:
        script: As it may stand in a ``script`` element: ``attnviz.viewer.page.page_script``.
        documents: Name of a photograph -> the JSON of its document, which cannot end a ``script`` element.
    """

    script: str
    documents: Mapping[str, str]


@dataclass(frozen=True)
class ShownPhotograph:
    """Photographs as a page shows them.

    Attributes:
        pictures: Small JPEGs by name.
        view: What opens them.
    """

    pictures: Pictures
    view: ReportView

    def cell(self, name: str, value: float, chosen: tuple[str, int] | None) -> Markup:
        """One photograph with its value: a button where it can be opened, at a gate's channel."""
        picture = image(self.pictures[name], "jpeg", name, 72, 72)
        if name in self.view.documents:
            at = list(self.view.documents).index(name)
            gate, channel = chosen or ("", "")
            picture = Markup(
                '<button type="button" disabled data-document="document-{}" data-gate="{}" data-channel="{}" '
                'title="{}">{}</button>'
            ).format(at, gate, channel, name, picture)
        return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(picture, number(value, 2))

    def documents(self) -> Iterator[Markup]:
        """What the script reads."""
        for at, text in enumerate(self.view.documents.values()):
            yield Markup('<script type="application/json" id="document-{}">{}</script>').format(
                at,
                Markup(text),  # noqa: S704 - JSON without a "<"
            )


def strip(names: Sequence[Sequence[Any]], shown: ShownPhotograph, chosen: tuple[str, int] | None = None) -> Markup:
    """Photographs in a row, each with its value."""
    cells = [shown.cell(name, value, chosen) for name, value in names if name in shown.pictures]
    return Markup('<div class="strip">{}</div>').format(join(cells))


def telling_gate(summary: Summary) -> int | None:
    """The gate whose photographs are shown first; ``None`` where of no gate any are.

    That is the one whose mean in its place changes most answers; where none was replaced alone, the one of whose
    variance the largest share lies between photographs.
    """

    def tells(gate: Summary) -> tuple[float, float]:
        return gate["alone"].get("mean", {}).get("changed", 0.0), -gate["variation"]["between_elements"]

    with_photographs = [i for i, gate in enumerate(summary["gates"]) if gate["photographs"]]
    return max(with_photographs, key=lambda i: tells(summary["gates"][i]), default=None)


def opened_photographs(summary: Summary) -> list[str]:
    """Names of the photographs that can be opened: those of the most telling gate, and the most unusual ones."""
    first = telling_gate(summary)
    one = {} if first is None else summary["gates"][first]["photographs"][0]
    rows = [one.get("most", ()), one.get("least", ()), summary["unusual"]]
    return list(dict.fromkeys(name for row in rows for name, _ in row))


def shown_photographs(summary: Summary) -> list[str]:
    """Names of the photographs that a report shows."""
    rows = [one[key] for gate in summary["gates"] for one in gate["photographs"][:1] for key in ("most", "least")]
    return list(dict.fromkeys(name for row in [*rows, summary["unusual"]] for name, _ in row))


def photographs(summary: Summary, shown: ShownPhotograph, language: str) -> Iterator[Markup]:
    """Those of the most telling gate with the view below them, and those of the others folded."""
    first = telling_gate(summary)
    if first is not None:
        gate = summary["gates"][first]
        yield join([_title(gate, language), _rows(gate, shown, language)])
    if shown.view.documents:
        size = len(shown.view.script) + sum(map(len, shown.view.documents.values()))
        text = word("view_text", language).format(count=len(shown.view.documents), size=f"{size / 1e6:.1f}")
        yield Markup('<p class="lead">{}</p><div id="attnviz"></div><noscript><p>{}</p></noscript>').format(
            text, word("view_needs_script", language)
        )
    for at, gate in enumerate(summary["gates"]):
        if at != first and gate["photographs"]:
            yield Markup("<details><summary>{}</summary>{}</details>").format(
                _title(gate, language), _rows(gate, shown, language)
            )


def _title(gate: Summary, language: str) -> Markup:
    return Markup("<h3><code>{}</code> {} {}</h3>").format(
        gate["name"], word("one_channel", language), gate["photographs"][0]["index"]
    )


def _rows(gate: Summary, shown: ShownPhotograph, language: str) -> Markup:
    one = gate["photographs"][0]
    return join(
        Markup("<h4>{}</h4>{}").format(word(key, language), strip(one[key], shown, (gate["name"], one["index"])))
        for key in ("most", "least")
    )
