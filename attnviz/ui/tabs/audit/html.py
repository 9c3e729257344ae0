"""What an audit says, for the page: sentences, the table of replacements, every gate, and where its numbers come from.

Names of gates, classes and files are somebody's own, so every text goes through ``markupsafe``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from attnviz.audit.compare import Summary
from attnviz.core.numbers import number
from attnviz.render.audit.pieces import ends, join, reach_of, table, tone_of, whisker
from attnviz.render.audit.words import LANGUAGES, word
from attnviz.ui.networks.store import Store
from attnviz.ui.server import limits
from attnviz.ui.shared.address import address_html
from attnviz.ui.shared.text import kind_name, network_title, note_html, plain
from attnviz.ui.tabs.audit.curves import calibration_html, depth_html
from attnviz.ui.tabs.audit.state import ShownAudit

PARTS = ("between_elements", "between_classes", "within_classes")
"""Of a gate's variance, as they stand in its bar."""
ALONE = ("mean", "same_class", "other")
"""Replacements of one gate that have a column."""


def shown_html(store: Store, shown: ShownAudit) -> str:
    """Everything that is said of a network: its audit, or how one is made; and a link to it."""
    audits = shown.audits(store)
    source = shown.source if shown.source in audits else next(iter(audits), "")
    title = network_title(store.title(shown.model), shown.language)
    parts = [audit_html(audits[source], title, source, shown.language)] if source else []
    parts.append(command_html(store, shown, bool(source)))
    return str(join(parts)) + address_html("audit", {"model": shown.model}, shown.language)


def audit_html(summary: Summary, title: str, source: str, language: str) -> Markup:
    """One audit.

    Args:
        summary: As ``attnviz.audit.summary`` has it.
        title: What people call the network.
        source: ``"kept"`` or ``"made"``.
        language: Of the words.
    """
    parts = [
        _head(summary, title, source, language),
        _sentences(summary["sentences"], language),
        _section("audit_together", language, _together(summary, language), _measure(summary, language)),
        _section("audit_gates", language, _gates(summary, language), _gates_text(summary, language)),
        _section("audit_depth", language, depth_html(summary, language), plain("audit_depth_note", language)),
        _section("audit_calibration", language, calibration_html(summary, language)),
        _method(summary, language),
    ]
    return Markup('<article class="av-audit av-main">{}</article>').format(join(parts))


def _section(key: str, language: str, body: Markup, text: str = "") -> Markup:
    if not body:
        return Markup("")
    lead = Markup('<p class="av-note">{}</p>').format(text) if text else Markup("")
    return Markup("<section><h3>{}</h3>{}{}</section>").format(plain(key, language), lead, body)


def _head(summary: Summary, title: str, source: str, language: str) -> Markup:
    data, network = summary["data"], summary["network"]
    counts = {key: f"{data[key]:,}" for key in ("photographs", "tested")}
    facts = [
        word("data_line", language).format(**counts),
        word("gates_line", language).format(gates=summary["model"]["gates"]),
    ]
    if "top1" in network:
        top1, interval = number(network["top1"]), ends(network["interval"])
        facts.append(word("accuracy_line", language).format(top1=top1, ends=interval))
    return Markup('<h2>{}</h2><p class="av-note">{} {}</p>').format(
        word("title", language).format(name=title), " · ".join(facts) + ".", plain(f"audit_{source}", language)
    )


def _sentences(sentences: Iterable[Mapping[str, str]], language: str) -> Markup:
    items = join(Markup('<li class="{}">{}</li>').format(tone_of(one), one[language]) for one in sentences)
    return Markup('<ul class="av-verdicts">{}</ul>').format(items) if items else Markup("")


def _measure(summary: Summary, language: str) -> str:
    key = "audit_together_text" if summary["data"]["labelled"] else "audit_together_kept"
    return plain(key, language, tested=f"{summary['data']['tested']:,}")


def _together(summary: Summary, language: str) -> Markup:
    """A line for each replacement of all gates."""
    effects = summary["together"]
    if not effects:
        return Markup("")
    reach = reach_of(effects)
    keys = ("replaced_by", "change", "", "interval", "lost_won")
    heads = [word(key, language) if key else "" for key in keys] + [plain("audit_changed", language)]
    rows = [
        (
            _named(name, language),
            number(one["points"], sign=True),
            whisker(one["points"], one["interval"], reach),
            ends(one["interval"]),
            f"{one['lost']} / {one['won']}",
            f"{one['changed']:.1f} %",
        )
        for name, one in effects.items()
    ]
    return table(heads, rows, plain("audit_together", language))


def _named(name: str, language: str) -> Markup:
    return Markup("{}<small>{}</small>").format(word(name, language), plain(f"audit_why_{name}", language))


def _gates_text(summary: Summary, language: str) -> str:
    text = plain("audit_gates_text" if summary["data"]["labelled"] else "audit_gates_labels", language)
    alone = any(gate["alone"] for gate in summary["gates"])
    return text if alone else f"{text} {plain('audit_gates_quick', language)}"


def _gates(summary: Summary, language: str) -> Markup:
    """A line for each gate, and all its sentences below, closed."""
    gates = summary["gates"]
    alone = [name for name in ALONE if all(name in gate["alone"] for gate in gates)]
    gains = any(gate["gain"] is not None for gate in gates)
    reach = reach_of({f"{i} {name}": gate["alone"][name] for i, gate in enumerate(gates) for name in alone})
    heads = [plain("audit_gate", language), plain("audit_varies", language)]
    heads += [plain("audit_gain", language)] if gains else []
    heads += [plain("audit_alone", language, name=word(name, language)) for name in alone]
    rows = []
    for place, gate in enumerate(gates, 1):
        cells: list[object] = [_gate_name(place, gate, language), _split(gate["variation"])]
        cells += [_gain(gate["gain"])] if gains else []
        cells += [_effect(gate["alone"][name], reach) for name in alone]
        rows.append(cells)
    listed = join(_in_words(place, gate, language) for place, gate in enumerate(gates, 1))
    return table(heads, rows, plain("audit_gates", language)) + Markup(
        '<details class="av-help"><summary>{}</summary>{}</details>'
    ).format(plain("audit_sentences", language), listed)


def _gate_name(place: int, gate: Summary, language: str) -> Markup:
    shape = "×".join(map(str, gate["shape"][1:]))
    kind = kind_name(gate["kind"], language)
    return Markup("{} <code>{}</code><small>{} {}</small>").format(place, gate["name"], kind, shape)


def _split(variation: Mapping[str, Any]) -> Markup:
    """A bar of three parts: between elements, between classes, between photographs."""
    bars, start = [], 0.0
    for part in PARTS:
        share = 100 * variation[part]
        bars.append(Markup('<rect class="{}" x="{:.1f}" width="{:.1f}" height="10"/>').format(part, start, share))
        start += share
    shares = ", ".join(f"{100 * variation[part]:.0f} %" for part in PARTS)
    return Markup('<svg class="av-split" viewBox="0 0 100 10" role="img" aria-label="{}">{}</svg>').format(
        shares, join(bars)
    )


def _gain(gain: Mapping[str, Any] | None) -> Markup:
    if gain is None:
        return Markup("–")
    return number(gain["median"], 2) + whisker(gain["median"], gain["quartiles"], 1.0)


def _effect(effect: Summary, reach: float) -> Markup:
    return Markup("{} <small>{}</small>{}").format(
        number(effect["points"], sign=True),
        ends(effect["interval"]),
        whisker(effect["points"], effect["interval"], reach),
    )


def _in_words(place: int, gate: Summary, language: str) -> Markup:
    return Markup("<h4>{} <code>{}</code></h4>{}").format(place, gate["name"], _sentences(gate["sentences"], language))


def _method(summary: Summary, language: str) -> Markup:
    """How it was measured, what was left out, and on what: closed."""
    plan = {**summary["plan"], **summary.get("run", {})}
    rows = join(Markup("<dt>{}</dt><dd>{}</dd>").format(key, value) for key, value in plan.items() if value is not None)
    left_out = join(Markup("<li>{}</li>").format(pair[LANGUAGES.index(language)]) for pair in summary["left_out"])
    left = Markup("<h4>{}</h4><ul>{}</ul>").format(word("left_out", language), left_out) if left_out else Markup("")
    text = word("method_text", language).format(donors=summary["data"]["donors"])
    return Markup('<details class="av-help av-about"><summary>{}</summary><p>{}</p>{}<dl>{}</dl></details>').format(
        plain("audit_method", language), text, left, rows
    )


def command_html(store: Store, shown: ShownAudit, audited: bool) -> Markup:
    """How an audit is made: a command, or of a live network lines of Python; closed where there is an audit."""
    language, live = shown.language, store.is_live(shown.model)
    code = "\n".join(python_of(shown.model) if live else command_of(shown.model))
    block = Markup(
        '<div class="av-code"><pre tabindex="0"><code>{}</code></pre>'
        '<button type="button" data-copy="{}">{}</button></div>'
    ).format(code, plain("code_copied", language), plain("code_copy", language))
    if audited:
        return Markup('<details class="av-help"><summary>{}</summary>{}</details>').format(
            plain("audit_same", language), block
        )
    key = "audit_none_python" if live else "audit_none"
    name = network_title(store.title(shown.model), shown.language)
    return Markup('<p class="av-main">{}</p>{}<p class="av-note">{}</p>').format(
        plain(key, language, name=name), block, plain("audit_then", language)
    )


def command_of(model: str) -> Sequence[str]:
    """The command that audits a bundled or published network."""
    return [f"attnviz audit {model} --data photographs --out audits/{model.replace(':', '-')}"]


def python_of(model: str) -> Sequence[str]:
    """The same for somebody's own network, which no command can name."""
    return [
        "import attnviz",
        "",
        f"report = attnviz.audit(network, {'photographs'!r}, out={f'audits/{model}'!r})",
        "report.write()",
    ]


def limits_html(language: str) -> str:
    """What an audit on the page takes."""
    values = {"photographs": f"{limits.AUDIT_PHOTOGRAPHS:,}", "packed": limits.AUDIT_ZIP_BYTES // 2**20}
    return note_html("audit_limits", language, **values)
