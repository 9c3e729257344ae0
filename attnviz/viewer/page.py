"""One HTML file that holds a view and everything that it needs: nothing is fetched, and its policy forbids it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from attnviz.core.page_policy import hash_of
from attnviz.core.types import Analysis
from attnviz.viewer.bundles import bundle
from attnviz.viewer.document import document, to_json

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; background: light-dark(#fff, #0f1520); color: light-dark(#1b222c, #e8edf3);
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 1500px; margin: 0 auto; padding: 14px clamp(14px, 2.5vw, 40px) 40px; }
header { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; margin-bottom: 12px; }
h1 { font-size: 16px; font-weight: 650; margin: 0; }
header p { margin: 0; font-size: 14px; flex: 1; opacity: .8; }
nav button { font: inherit; font-size: 13px; border: 0; background: none; color: inherit; opacity: .75; }
nav button { cursor: pointer; padding: 4px 6px; }
nav button[aria-pressed=true] { opacity: 1; font-weight: 650; text-decoration: underline; text-underline-offset: 4px; }
@media (min-width: 1700px) { main { max-width: 1800px; } }
"""
_TEMPLATE = """<!doctype html>
<html lang="en"{lang}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<header><h1>{title}</h1><p>{told}</p><nav aria-label="Language">
<button type="button" data-lang="en" lang="en">English</button>
<button type="button" data-lang="zh" lang="zh-CN">中文</button></nav></header>
<div id="attnviz"></div>
</main>
<noscript><p>The view is drawn by the script in this file; allow it to run.</p></noscript>
<script type="application/json" id="attnviz-document">{document}</script>
<script>{script}</script>
</body>
</html>
"""


def page(view: Mapping[str, Any], *, language: str | None = None) -> str:
    """A document as one HTML file, which works offline and from a folder.

    Args:
        view: As ``attnviz.viewer.document.document`` makes it.
        language: ``"en"`` or ``"zh"``; that of the reader's browser without it.
    """
    return page_of(to_json(view), view["model"]["title"], _told(view), language)


def page_of(text: str, title: str, told: str, language: str | None = None) -> str:
    """The same from a document's text."""
    script = page_script()
    policy = (
        f"default-src 'none'; script-src {hash_of(script)}; style-src {hash_of(_STYLE)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _TEMPLATE.format(
        lang=f' data-lang="{escape(language)}"' if language else "",
        policy=escape(policy),
        title=escape(title),
        told=escape(told),
        style=_STYLE,
        document=inside_script(text),
        script=script,
    )


def page_script() -> str:
    """The script of a page that holds its documents, as it stands in a ``script`` element.

    It fills the element ``attnviz`` with the document ``attnviz-document``, or where there are buttons with
    ``data-document`` with that of the first, and of whichever is pressed; their ``data-gate`` and ``data-channel`` say
    what is chosen in it. Its language is that of the root's ``data-lang``.
    """
    return bundle("page").strip().replace("</script", "<\\/script")


def inside_script(text: str) -> str:
    """JSON that cannot end the element in which it stands: ``<`` is written as its number."""
    return text.replace("<", "\\u003c")


def embedded(
    analyses: Iterable[tuple[str, Analysis]],
    effects: Mapping[str, float],
    verdicts: Mapping[str, Mapping[str, Any]],
) -> tuple[str, dict[str, str]]:
    """Views that are opened in another page: its script and the documents by name, as both may stand in an element.

    Args:
        analyses: Names and what is opened; without any the script is empty.
        effects: How much gates matter, by name.
        verdicts: What is known of gates, by name; both as ``document`` takes them.
    """
    documents = {
        name: inside_script(to_json(document(analysis, effects=effects, verdicts=verdicts, photograph=name)))
        for name, analysis in analyses
    }
    return page_script() if documents else "", documents


def _told(view: Mapping[str, Any]) -> str:
    top = view["prediction"]["top"]
    answers = " · ".join(f"{entry['en']} {entry['text']}" for entry in top[:3])
    notes = "".join(f" {note['text']}" for note in view["notes"])
    return f"{answers} — attnviz {json.dumps(view['facts'].get('attnviz', ''))[1:-1]}{'.' if notes else ''}{notes}"
