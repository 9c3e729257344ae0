"""About a network: how it was made, how often it is right for each class, and whether its gates do anything."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from attnviz.audit.compare import Summary
from attnviz.audit.summaries import headline_of, verdicts_of
from attnviz.core.intervals import half_interval
from attnviz.core.numbers import signed
from attnviz.models.checkpoints import Card
from attnviz.models.measured import Evidence, evidence
from attnviz.ui.shared.text import class_name, data_title, plain

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
    return str(
        Markup('<details class="av-help av-about"><summary>{}</summary>{}</details>').format(
            plain("about", language), Markup("").join(parts)
        )
    )


def _facts(card: Card, measured: Evidence, language: str) -> Markup:
    """How it was built and trained, and how often it is right."""
    metrics, data, spec = card.metrics, card.data, card.spec
    height, width = spec.input.size
    code = Markup("<code>{}</code>, <code>{}</code>").format(spec.backbone, spec.attention)
    rows: list[tuple[str, str]] = [
        (plain("about_network", language), code),
        (plain("about_input", language), plain("about_pixels", language, height=height, width=width)),
    ]
    for key, name in (("cmp_parameters", "parameters"), ("about_macs", "macs")):
        if name in metrics:
            rows.append((plain(key, language), f"{metrics[name]:,}"))
    if "train" in data and "val" in data:
        counts = {split: f"{data[split]['images']:,}" for split in ("train", "val")}
        name = data_title(str(data.get("name", "")), language)
        rows.append((plain("about_data", language), plain("about_images", language, name=name, **counts)))
    rows += _run(card, language)
    if "correct" in metrics:
        counts = {key: f"{metrics[key]:,}" for key in ("correct", "total")}
        rows.append((plain("about_right", language), plain("about_top1", language, top1=metrics["top1"], **counts)))
    rows += _sure(card, language)
    if measured.top1 is not None:
        spread = {"mean": f"{measured.top1['mean']:.2f}", "half": f"{half_interval(measured.top1['values']):.2f}"}
        count = plain("about_seeds", language, count=measured.top1["n"])
        rows.append((count, plain("about_spread", language, **spread)))
    return Markup("<dl>{}</dl>").format(Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*row) for row in rows))


def _sure(card: Card, language: str) -> list[tuple[str, str]]:
    """How sure it is of photographs of its classes, and of others; nothing for a card from before that was measured."""
    metrics, rows = card.metrics, []
    if "ece" in metrics:
        text = plain("about_sure_known", language, confidence=metrics["confidence"], ece=metrics["ece"])
        rows.append((plain("about_sure", language), text))
    if foreign := metrics.get("foreign"):
        classes = ("、" if language == "zh" else ", ").join(class_name(name, language) for name in foreign["classes"])
        counts = {key: foreign[key] for key in ("confidence", "above_half")}
        text = plain("about_sure_foreign", language, images=f"{foreign['images']:,}", classes=classes, **counts)
        rows.append((plain("about_foreign", language), text))
    return rows


def _run(card: Card, language: str) -> list[tuple[str, str]]:
    """How it was trained, and how its weights are kept."""
    training, metrics, rows = card.training, card.metrics, []
    train = training.get("recipe", {}).get("train", {})
    if "epochs" in train and "seconds" in training:
        run = {"epochs": train["epochs"], "seed": train["seed"], "minutes": f"{training['seconds'] / 60:.0f}"}
        text = plain("about_run", language, **run, hardware=training.get("hardware", "–"))
        rows.append((plain("about_trained", language), text))
    if "predictions_changed_by_fp16" in metrics:
        changed = {"stored": metrics.get("stored", "float16"), "changed": metrics["predictions_changed_by_fp16"]}
        rows.append((plain("about_stored", language), plain("about_changed", language, **changed)))
    return rows


def _gates(measured: Evidence, language: str) -> Markup:
    """What happens when all gates are replaced; empty where that was not measured, or there are none."""
    replaced = measured.replaced
    if replaced is None:
        return Markup("")
    heads = [plain(f"about_head_{head}", language) for head in ("gates", "points", "changed")]
    mean = replaced["mean"]
    key = "chance" if not mean["beyond_chance"] else "worse" if mean["change"] < 0 else "better"
    return Markup("<h3>{}</h3><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table><p>{}</p>").format(
        plain("about_gates", language),
        Markup("").join(Markup("<th scope=col>{}</th>").format(head) for head in heads),
        Markup("").join(_replaced(name, replaced[name], language) for name in REPLACED),
        plain(f"about_{key}", language, now=mean["top1"], before=replaced["top1"]),
    )


def _focus(measured: Evidence, language: str) -> Markup:
    """Where its masks lie; empty where that was not measured."""
    if measured.focus is None:
        return Markup("")
    focus = {key: f"{measured.focus[key]:.2f}" for key in ("mean", "centre")}
    text = plain("about_focus", language, count=len(measured.focus["objects"]), **focus)
    return Markup("<p>{}</p>").format(text)


def _audit(card: Card, audit: Summary | None, language: str) -> Markup:
    """What an audit says of its gates, in a few sentences, and where the rest stands; empty where there is none."""
    if audit is None:
        return Markup("")
    counts = {key: f"{audit['data'][key]:,}" for key in ("photographs", "tested")}
    return Markup('<h3>{}</h3>{}<p>{} <a class="av-go" href="{}">{}</a></p>').format(
        plain("about_gates", language),
        Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in headline_of(audit, language)),
        plain("about_audited", language, **counts),
        "?" + urlencode({"tab": "audit", "model": card.id}),
        plain("about_audit", language),
    )


def alone_html(audit: Summary | None, gate: str | None, language: str) -> str:
    """What an audit says of one gate replaced alone; empty where none has tested that."""
    verdict = verdicts_of(audit).get(gate or "")
    if verdict is None:
        return ""
    head = plain("about_alone", language, photographs=f"{verdict['photographs']:,}")
    sentences = " ".join(sentence[language] for sentence in verdict["sentences"])
    return str(Markup('<p class="av-note">{} {}</p>').format(head, sentences))


def _replaced(name: str, effect: Any, language: str) -> Markup:
    row = Markup("<tr><th scope=row>{}</th><td>{} <small>({} … {})</small></td><td>{:.1f} %</td></tr>")
    numbers = [signed(number, 1) for number in (effect["change"], *effect["interval"])]
    return row.format(plain(f"about_{name}", language), *numbers, effect["changed"])


def _classes(card: Card, language: str) -> Markup:
    """One bar for every class, the weakest first."""
    shares = sorted(card.metrics.get("per_class", {}).items(), key=lambda pair: pair[1])
    if not shares:
        return Markup("")
    row = Markup(
        '<li><span>{name}</span><i aria-hidden="true" style="--av-share:{share:.1f}%"></i><span>{share:.1f}</span></li>'
    )
    bars = Markup("").join(row.format(name=class_name(label, language), share=share) for label, share in shares)
    return Markup('<h3>{}</h3><ul class="av-shares">{}</ul>').format(plain("about_classes", language), bars)
