"""The report of an audit: one HTML file that works offline.

Every text from outside (names of files, classes, gates) goes through ``markupsafe``. The page's policy allows its own
style sheet and, where photographs can be opened, the view's script, both named by their hashes, and pictures that are
inside the page; nothing else. Without the script everything but the view is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markupsafe import Markup

from attnviz.core.numbers import number
from attnviz.render.audit.charts import CHARTS
from attnviz.render.audit.photographs import (
    Pictures,
    ReportView,
    ShownPhotograph,
    photographs,
    shown_photographs,
    strip,
)
from attnviz.render.audit.pieces import ends, image, join, page, reach_of, table, to_svg, tone_of, whisker
from attnviz.render.audit.words import LANGUAGES, word

Summary = Mapping[str, Any]
MOST_ROWS = 50
"""Classes of the table; all are in the summary."""


def _chart(name: str, summary: Summary, text: str) -> Markup:
    figure = CHARTS[name](summary)
    if figure is None:
        return Markup("")
    width, height = (96 * side for side in figure.get_size_inches())
    return Markup("<figure>{}</figure>").format(image(to_svg(figure), "svg+xml", text, width, height))


def _section(key: str, language: str, *parts: Markup, text: str = "") -> Markup:
    body = join(part for part in parts if part)
    if not body:
        return Markup("")
    lead = Markup('<p class="lead">{}</p>').format(text) if text else Markup("")
    return Markup('<section id="{}"><h2>{}</h2>{}{}</section>').format(key, word(key, language), lead, body)


def _sentences(sentences: Iterable[Mapping[str, str]], language: str) -> Markup:
    items = join(Markup('<li class="{}">{}</li>').format(tone_of(one), one[language]) for one in sentences)
    return Markup('<ul class="sentences">{}</ul>').format(items) if items else Markup("")


def _effects(effects: Mapping[str, Summary], labelled: bool, language: str) -> Markup:
    if not effects:
        return Markup("")
    reach = reach_of(effects)
    keys = ("replaced_by", "change", "interval", "interval", "lost_won", "p", "logit" if labelled else "own_logit")
    heads = [word(key, language) for key in keys]
    heads[2] = ""
    rows = [
        (
            word(name, language),
            number(one["points"], sign=True),
            whisker(one["points"], one["interval"], reach),
            ends(one["interval"]),
            f"{one['lost']} / {one['won']}",
            "< 0.001" if one["p"] < 0.001 else f"{one['p']:.2g}",
            number(one["logit"], 2, sign=True),
        )
        for name, one in effects.items()
    ]
    return table(heads, rows, word("together", language))


def _gate(gate: Summary, labelled: bool, language: str) -> Markup:
    variation = gate["variation"]
    facts = [
        f"{gate['kind']} {'×'.join(map(str, gate['shape'][1:]))}",
        f"mean {variation['mean']:.3g}, sd {variation['sd']:.2g}",
        f"{variation['still']} of {variation['elements']} elements never move",
    ]
    if "below_0.01" in variation:
        facts.append(
            f"{100 * variation['below_0.01']:.3g} % below 0.01, {100 * variation['above_0.99']:.3g} % above 0.99"
        )
    if gate["classes"].get("differ") is not None:
        facts.append(
            f"{gate['classes']['differ']} of {variation['elements']} differ between classes (5 %, Benjamini-Hochberg)"
        )
    if gate["summary"]["entropy"]:
        facts.append(f"entropy {gate['summary']['entropy']:.3g} of 1")
    detail = join(Markup("<li>{}</li>").format(fact) for fact in facts)
    numbers = Markup("<details><summary>{}</summary><ul>{}</ul>{}</details>").format(
        word("numbers", language), detail, _effects(gate["alone"], labelled, language)
    )
    head = Markup('<h3><code>{}</code> <span class="kind">{}</span></h3>').format(gate["name"], gate["kind"])
    return Markup("<article>{}{}{}</article>").format(head, _sentences(gate["sentences"], language), numbers)


def _objects(summary: Summary, language: str) -> Markup:
    if not summary["objects"]:
        return Markup("")
    named = ("energy", "centre", "random_map", "pointing", "centre", "random_map")
    heads = ["", *(word(key, language) for key in named)]
    keys = ("energy", "centre", "random", "pointing", "centre_pointing", "random_pointing")
    rows = [(one["gate"], *(f"{one[k][0]:.2f} {ends(one[k][1:], 2)}" for k in keys)) for one in summary["objects"]]
    return table(heads, rows, word("objects", language))


def _network(summary: Summary, language: str) -> Markup:
    network = summary["network"]
    if "classes" not in network:
        return Markup("<p>{}: {}</p>").format(word("confidence", language), number(100 * network["confidence"]))
    heads = [word(key, language) for key in ("class", "images", "right", "accuracy")]
    rows = [
        (c["name"], c["images"], c["right"], number(100 * c["right"] / max(c["images"], 1)))
        for c in network["classes"][:MOST_ROWS]
    ]
    if len(network["classes"]) > MOST_ROWS:
        rows.append((f"… {len(network['classes']) - MOST_ROWS}", "", "", ""))
    facts = f"{word('calibration_error', language)}: {network['calibration_error']:.3f}; "
    facts += f"{word('confidence', language)}: {number(100 * network['confidence'])}"
    line = Markup("<p>{}</p>").format(facts)
    return Markup('<div class="pair">{}{}</div>').format(
        join([line, table(heads, rows, word("network", language))]), _chart("calibration", summary, "calibration")
    )


def _provenance(summary: Summary, language: str) -> Markup:
    facts = {**summary["plan"], **summary.get("run", {})}
    rows = join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(key, value) for key, value in facts.items() if value is not None
    )
    return Markup("<details><summary>{}</summary><dl>{}</dl></details>").format(word("provenance", language), rows)


def _head(summary: Summary, language: str) -> Markup:
    data, network = summary["data"], summary["network"]
    parts = [
        word("data_line", language).format(photographs=f"{data['photographs']:,}", tested=f"{data['tested']:,}"),
        word("gates_line", language).format(gates=summary["model"]["gates"]),
    ]
    if "top1" in network:
        line = word("accuracy_line", language)
        parts.append(line.format(top1=number(network["top1"]), ends=ends(network["interval"])))
    title = word("title", language).format(name=summary["model"]["name"])
    return Markup("<header><h1>{}</h1><p>{}</p></header>").format(title, " · ".join(parts))


def report_html(summary: Summary, pictures: Pictures, language: str = "en", view: ReportView | None = None) -> str:
    """The whole page.

    Args:
        summary: Of an audit, as ``summary.json`` has it.
        pictures: Small JPEGs of ``shown_photographs``; what is missing is left out.
        language: ``en`` or ``zh``.
        view: What opens photographs in the page; without it they are pictures only.

    Raises:
        UserError: There is no such language.
    """
    say: Callable[[str], str] = lambda key: word(key, language)  # noqa: E731 - a name for a short call
    data, shown = summary["data"], ShownPhotograph(pictures, view or ReportView("", {}))
    measure = say("accuracy_measure" if data["labelled"] else "kept_measure")
    left_out = join(Markup("<li>{}</li>").format(pair[LANGUAGES.index(language)]) for pair in summary["left_out"])
    together = say("together_text").format(tested=f"{data['tested']:,}", measure=measure)
    body = [
        _head(summary, language),
        _section("short", language, _sentences(summary["sentences"], language)),
        _section("together", language, _effects(summary["together"], data["labelled"], language), text=together),
        _section(
            "gates",
            language,
            _chart("through-depth", summary, say("points_alone" if data["labelled"] else "kept_alone")),
            join(_gate(gate, data["labelled"], language) for gate in summary["gates"]),
            text=say("gates_text") if any(gate["alone"] for gate in summary["gates"]) else "",
        ),
        _section(
            "variation_title", language, _chart("variation", summary, say("variance_share")), text=say("variation_text")
        ),
        _section("classes_title", language, _chart("class-means", summary, say("mean_gate")), text=say("classes_text")),
        _section("gain_title", language, _chart("gain", summary, say("gain_axis")), text=say("gain_text")),
        _section("knock_title", language, _chart("knock-outs", summary, say("knocked_out")), text=say("knock_text")),
        _section("objects", language, _objects(summary, language), text=say("objects_text")),
        _section("photographs", language, *photographs(summary, shown, language), text=say("photographs_text")),
        _section("unusual", language, strip(summary["unusual"], shown), text=say("unusual_text")),
        _section("network", language, _network(summary, language)),
        _section("left_out", language, Markup("<ul>{}</ul>").format(left_out) if left_out else Markup("")),
        _section(
            "method", language, _provenance(summary, language), text=say("method_text").format(donors=data["donors"])
        ),
    ]
    return page(summary["model"]["name"], join([*body, *shown.documents()]), language, shown.view.script)


def audit_html(audit: Any) -> str:
    """An audit in a notebook: the whole report in a frame, which keeps its style to itself; it may run nothing."""
    pictures = audit.pictures(shown_photographs(audit.summary))
    frame = '<iframe sandbox="" srcdoc="{}" width="100%" height="720"></iframe>'
    return str(Markup(frame).format(report_html(audit.summary, pictures)))  # noqa: S704 - the frame is our own
