"""What the app says about a network."""

from dataclasses import replace

import pytest

from attnviz.models.checkpoints import checkpoint_ids, load_card
from attnviz.models.measured import Evidence, evidence
from attnviz.ui.shared import about_network as about
from attnviz.ui.shared.about_network import about_html
from attnviz.ui.shared.text import LANGUAGES, class_name
from tests.conftest import tiny_card, tiny_spec

EVIL = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", checkpoint_ids())
def test_every_checkpoint_tells_what_its_card_and_results_hold(name, language):
    card = load_card(name)
    html, metrics, found = about_html(card, language), card.metrics, evidence(card)
    assert f"{metrics['parameters']:,}" in html and f"{metrics['macs']:,}" in html
    assert f"{metrics['top1']} %" in html and f"{card.data['train']['images']:,}" in html
    assert html.count("<li>") == len(card.labels) and all(class_name(label, language) in html for label in card.labels)
    assert html.count("<tr>") == (0 if found.replaced is None else 4)
    assert ("±" in html) == (found.top1 is not None)


def test_the_weakest_class_stands_first():
    card = load_card("cbam")
    html, shares = about_html(card, "en"), card.metrics["per_class"]
    places = [html.index(f"<span>{label}</span>") for label in sorted(shares, key=shares.__getitem__)]
    assert places == sorted(places)


def told(change, beyond):
    one = {
        "top1": 80.0,
        "change": change,
        "interval": [change - 1, change + 1],
        "beyond_chance": beyond,
        "changed": 5.0,
    }
    return Evidence(None, {"top1": 82.0, "mean": one, "shuffle": one, "neutral": one})


@pytest.mark.parametrize(
    ("change", "beyond", "said"),
    [(-0.2, False, "no more than a constant"), (-2.0, True, "that much depends"), (2.0, True, "it does better")],
)
def test_the_sentence_follows_the_test(monkeypatch, change, beyond, said):
    monkeypatch.setattr(about, "evidence", lambda card: told(change, beyond))
    html = about_html(load_card("cbam"), "en")
    others = {"no more than a constant", "that much depends", "it does better"} - {said}
    assert said in html and not any(other in html for other in others)


def test_a_card_with_little_on_it_and_one_that_was_not_measured():
    card = tiny_card(tiny_spec("se"), "se")
    assert "33.33 %" in about_html(card, "en") and "<table" not in about_html(card, "en")
    assert about_html(replace(card, metrics={}), "en") == ""


def test_words_of_a_card_are_escaped():
    card = load_card("cbam")
    metrics = {**card.metrics, "per_class": {EVIL: 3.0}, "stored": EVIL}
    training = {**card.training, "hardware": EVIL}
    html = about_html(replace(card, metrics=metrics, training=training, data={**card.data, "name": EVIL}), "en")
    assert html.count("&lt;img") == 4 and "<img" not in html


@pytest.mark.parametrize(("language", "classes"), [("en", "cat, deer"), ("zh", "猫、鹿")])
def test_how_sure_it_is_of_photographs_of_its_classes_and_of_others(language, classes):
    card = tiny_card(tiny_spec("se"), "se")
    foreign = {"classes": ["cat", "deer"], "images": 1000, "confidence": 58.25, "above_half": 61.5}
    known = {**card.metrics, "confidence": 84.5, "ece": 3.25, "foreign": foreign}
    before, now = about_html(card, language), about_html(replace(card, metrics=known), language)
    for text in ("84.5 %", "3.25 %", "58.25 %", "61.5 %", "1,000", classes):
        assert text in now and text not in before
