"""Sentences with numbers in the documentation, on the cards and on the page, beside the data that they speak of."""

import re
from functools import cache

import pytest

from attnviz.models.checkpoints import checkpoint_ids, load_card
from attnviz.models.results import read_results
from attnviz.training.recipe import load_recipe
from attnviz.ui.tabs.noise_lab.texts import TEXTS
from scripts.leaderboard import BEGIN, END
from tests.claims import SECTIONS
from tests.test_layering import ROOT

PROSE = (
    "results",
    "timm",
    "cbam",
    "deploying",
    "privacy",
    "tutorial",
    "architecture",
    "index",
    "audit",
    "scale",
    "two-classes",
)
NOISE = read_results("noise")
PAGES = ("README.md", "README.zh-CN.md", *(f"docs/{name}.md" for name in PROSE))
NUMBER = r"(?<!\w)(?<![A-Za-z]-)\d[\d,.]*"
"""Not the digits of a name, such as those of CIFAR-10."""
NOT_MEASURED = re.compile(
    r"```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+|^--- .*? --- "  # code, targets of links, front matter
    r"|\d+\.\d+\.\d+(\.\d+)?|ultralytics 8\.\d+|Apache-2\.0"  # versions, addresses
    r"|95 % (?:t )?interval|\(batch 1\)|1 keeps, 0 shuts|1 表示保留，0 表示关闭|0\.\.1|sums? to 1|7×7|answered with 404"
    r"|3 heads × 197 × 197 above|from 7860 on|(?<= )\d\. (?=\*\*)"  # an example's tested output, a port, a list
)
"""Numbers that nobody measured."""


@cache
def words(page):
    """The text of a page on one line."""
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


RESULTS = words("docs/results.md")


@cache
def claims(section):
    return tuple(section())


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_sentences_with_numbers_say_what_was_measured(section):
    assert [f"{page}: {text}" for page, text in claims(section) if text not in words(page)] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_other_number_is_said(page):
    text = words(page)
    if BEGIN in text:
        text = text.partition(BEGIN)[0] + text.partition(END)[2]
    mine = [claim for section in SECTIONS for place, claim in claims(section) if place == page]
    for claim in sorted(mine, key=len, reverse=True):
        text = text.replace(claim, "…")
    text = NOT_MEASURED.sub("", text)
    assert [text[max(0, hit.start() - 60) : hit.end() + 20] for hit in re.finditer(NUMBER, text)] == []


@pytest.mark.parametrize("name", checkpoint_ids())
def test_a_card_says_how_many_classes_the_network_knows(name):
    card = load_card(name)
    assert card.limits[0].startswith(f"It knows {len(card.labels)} classes:")
    assert card.metrics["top1"] == round(100 * card.metrics["correct"] / card.metrics["total"], 2)


def test_the_masks_of_cbam_are_counted_by_what_was_measured_against_noise():
    maps = read_results("faithfulness-cbam")["maps"]
    said = {row["map"]: row["versus"]["random"]["verdict"] for row in maps if "spatial" in row["map"]}
    stages = {name: re.search(r"stage(\d\.\d)", name).group(1) for name in said}
    by = {verdict: [stages[name] for name in said if said[name] == verdict] for verdict in said.values()}
    assert by.pop("more faithful") == ["2.0", "2.1", "3.1"] and "(stages 2.0, 2.1 and 3.1)" in RESULTS
    assert by.pop("no difference shown by deletion, more faithful by insertion") == ["1.1"]
    assert by.pop("less faithful") == ["1.0"] and "stage 1.0 by both measures" in RESULTS
    assert by.pop("less faithful by deletion, no difference shown by insertion") == ["3.0", "4.0", "4.1"]
    assert "stages 3.0, 4.0 and 4.1 by deletion" in RESULTS and not by


def test_tables_with_different_recipes_are_not_subtracted():
    short, long = load_recipe("none-30"), load_recipe("none")
    assert short.augment != long.augment and short.train.sizes != long.train.sizes
    assert short.train.ema_decay != long.train.ema_decay
    assert "points better and bring them" not in RESULTS and "the two tables cannot be subtracted" in RESULTS


@pytest.mark.parametrize("key", TEXTS)
def test_the_lab_quotes_the_reference_as_it_was_given(key):
    reference = NOISE["reference"]
    for text in TEXTS[key]:
        for value in re.findall(r"\d\d\.\d\d(?= %)", text):
            assert float(value) in reference["top1"].values()
        for value in re.findall(r"(\d+)(?:×| 倍)", text):
            assert int(value) == reference["suppression"]


def test_a_score_is_computed_from_all_channels():
    """The gate is a dense network: changing one channel moves the others' scores too."""
    import torch

    from attnviz.attention import ATTENTION

    torch.manual_seed(0)
    gate, x = ATTENTION["cbam-channel"](6, reduction=1).eval(), torch.randn(1, 6, 8, 8)
    with torch.no_grad():
        changed = x.clone()
        changed[:, 3] *= 20
        ratio = (gate(changed) / changed)[0, 0, 0, 0] / (gate(x) / x)[0, 0, 0, 0]
    assert abs(float(ratio) - 1) > 1e-3
    english, chinese = TEXTS["help_noise_text"]
    assert "of that channel: its" not in english and "all six channels together" in english and "共同" in chinese
