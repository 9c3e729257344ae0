"""About a network: how it was made, how often it is right for each class, and whether its gates do anything."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlencode

from attnviz.audit.compare import Summary
from attnviz.audit.summaries import headline_of, verdicts_of
from attnviz.core.intervals import half_interval
from attnviz.core.numbers import signed
from attnviz.models.checkpoints import Card
from attnviz.models.measured import Evidence, evidence
from attnviz.ui.shared.text import class_name, data_title, say

REPLACED = ("mean", "shuffle", "neutral")
"""By what ``attnviz ablate`` replaces gates; the mean, which decides the sentence, first."""


def about_html(card: Card, language: str, audit: Summary | None = None) -> str:
    """What a stranger needs to judge a network, closed at first; empty where nothing was measured.

    Args:
        card: Of the network.
        language: Of the words.
        audit: What an audit of these weights says; it speaks of the gates where there is one.
    """
    if "top1" not in card.metrics:
        parts = [_audit(card, audit, language)]
    else:
        measured = evidence(card)
        parts = [_facts(card, measured, language), _audit(card, audit, language) or _gates(measured, language)]
        parts += [_focus(measured, language), _classes(card, language)]
    if not any(parts):
        return ""
    return f'<details class="av-help av-about"><summary>{say("about", language)}</summary>{"".join(parts)}</details>'


def _facts(card: Card, measured: Evidence, language: str) -> str:
    """How it was built and trained, and how often it is right."""
    metrics, data, spec = card.metrics, card.data, card.spec
    height, width = spec.input.size
    rows = [
        (
            say("about_network", language),
            f"<code>{escape(spec.backbone)}</code>, <code>{escape(spec.attention)}</code>",
        ),
        (say("about_input", language), say("about_pixels", language, height=height, width=width)),
    ]
    for key, name in (("cmp_parameters", "parameters"), ("about_macs", "macs")):
        if name in metrics:
            rows.append((say(key, language), f"{metrics[name]:,}"))
    if "train" in data and "val" in data:
        counts = {split: f"{data[split]['images']:,}" for split in ("train", "val")}
        name = data_title(str(data.get("name", "")), language)
        rows.append((say("about_data", language), say("about_images", language, name=name, **counts)))
    rows += _run(card, language)
    if "correct" in metrics:
        counts = {key: f"{metrics[key]:,}" for key in ("correct", "total")}
        rows.append((say("about_right", language), say("about_top1", language, top1=metrics["top1"], **counts)))
    rows += _sure(card, language)
    if measured.top1 is not None:
        spread = {"mean": f"{measured.top1['mean']:.2f}", "half": f"{half_interval(measured.top1['values']):.2f}"}
        count = say("about_seeds", language, count=measured.top1["n"])
        rows.append((count, say("about_spread", language, **spread)))
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in rows)}</dl>"


def _sure(card: Card, language: str) -> list[tuple[str, str]]:
    """How sure it is of photographs of its classes, and of others; nothing for a card from before that was measured."""
    metrics, rows = card.metrics, []
    if "ece" in metrics:
        text = say("about_sure_known", language, confidence=metrics["confidence"], ece=metrics["ece"])
        rows.append((say("about_sure", language), text))
    if foreign := metrics.get("foreign"):
        classes = ("、" if language == "zh" else ", ").join(class_name(name, language) for name in foreign["classes"])
        counts = {key: foreign[key] for key in ("confidence", "above_half")}
        text = say("about_sure_foreign", language, images=f"{foreign['images']:,}", classes=classes, **counts)
        rows.append((say("about_foreign", language), text))
    return rows


def _run(card: Card, language: str) -> list[tuple[str, str]]:
    """How it was trained, and how its weights are kept."""
    training, metrics, rows = card.training, card.metrics, []
    train = training.get("recipe", {}).get("train", {})
    if "epochs" in train and "seconds" in training:
        run = {"epochs": train["epochs"], "seed": train["seed"], "minutes": f"{training['seconds'] / 60:.0f}"}
        text = say("about_run", language, **run, hardware=training.get("hardware", "–"))
        rows.append((say("about_trained", language), text))
    if "predictions_changed_by_fp16" in metrics:
        changed = {"stored": metrics.get("stored", "float16"), "changed": metrics["predictions_changed_by_fp16"]}
        rows.append((say("about_stored", language), say("about_changed", language, **changed)))
    return rows


def _gates(measured: Evidence, language: str) -> str:
    """What happens when all gates are replaced; empty where that was not measured, or there are none."""
    replaced = measured.replaced
    if replaced is None:
        return ""
    heads = "".join(f"<th scope=col>{say(f'about_head_{h}', language)}</th>" for h in ("gates", "points", "changed"))
    lines = "".join(_replaced(name, replaced[name], language) for name in REPLACED)
    mean = replaced["mean"]
    key = "chance" if not mean["beyond_chance"] else "worse" if mean["change"] < 0 else "better"
    note = say(f"about_{key}", language, now=mean["top1"], before=replaced["top1"])
    return (
        f"<h3>{say('about_gates', language)}</h3><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
        f"<p>{note}</p>"
    )


def _focus(measured: Evidence, language: str) -> str:
    """Where its masks lie; empty where that was not measured."""
    if measured.focus is None:
        return ""
    focus = {key: f"{measured.focus[key]:.2f}" for key in ("mean", "centre")}
    return f"<p>{say('about_focus', language, count=len(measured.focus['objects']), **focus)}</p>"


def _audit(card: Card, audit: Summary | None, language: str) -> str:
    """What an audit says of its gates, in a few sentences, and where the rest stands; empty where there is none."""
    if audit is None:
        return ""
    counts = {key: f"{audit['data'][key]:,}" for key in ("photographs", "tested")}
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in headline_of(audit, language))
    href = escape("?" + urlencode({"tab": "audit", "model": card.id}))
    return (
        f"<h3>{say('about_gates', language)}</h3>{sentences}<p>{say('about_audited', language, **counts)} "
        f'<a class="av-go" href="{href}">{say("about_audit", language)}</a></p>'
    )


def alone_html(audit: Summary | None, gate: str | None, language: str) -> str:
    """What an audit says of one gate replaced alone; empty where none has tested that."""
    verdict = verdicts_of(audit).get(gate or "")
    if verdict is None:
        return ""
    sentences = " ".join(escape(sentence[language]) for sentence in verdict["sentences"])
    head = say("about_alone", language, photographs=f"{verdict['photographs']:,}")
    return f'<p class="av-note">{head} {sentences}</p>'


def _replaced(name: str, effect: Any, language: str) -> str:
    low, high = (signed(end, 1) for end in effect["interval"])
    return (
        f"<tr><th scope=row>{say(f'about_{name}', language)}</th>"
        f"<td>{signed(effect['change'], 1)} <small>({low} … {high})</small></td><td>{effect['changed']:.1f} %</td></tr>"
    )


def _classes(card: Card, language: str) -> str:
    """One bar for every class, the weakest first."""
    shares = sorted(card.metrics.get("per_class", {}).items(), key=lambda pair: pair[1])
    if not shares:
        return ""
    bars = "".join(
        f"<li><span>{escape(class_name(label, language))}</span>"
        f'<i aria-hidden="true" style="--av-share:{share:.1f}%"></i>'
        f"<span>{share:.1f}</span></li>"
        for label, share in shares
    )
    return f'<h3>{say("about_classes", language)}</h3><ul class="av-shares">{bars}</ul>'
