"""Words: one and many, other languages, what render writes, names of classes and samples."""

import re

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.core.sites import Place
from attnviz.gates.names import describe
from attnviz.images.sample_table import SAMPLES
from attnviz.models.checkpoints import FOLDER, checkpoint_ids, load_card
from attnviz.render.colour import caption, scale_for
from attnviz.render.svg.changed_bars import changed_bars_svg
from attnviz.ui.shared.text import (
    LONGEST_LABEL,
    TEXTS,
    class_name,
    drawn,
    label,
    network_title,
    phrased,
    plain,
    sample_title,
    translations,
)

ONE_OF_MANY = re.compile(
    r"(?<![\d.,–])1 (?!of\b)(\w+ )?(channels|gates|photographs|images|classes|points|rows|cells|weights|layers|edits)\b"
)
FILLERS = {"images": "2", "total": "2", "most": 2, "shown": 2, "fewest": 2, "done": 2, "chance": "2"}


def filled(key, count):
    class Any(dict):
        def __missing__(self, name):
            return FILLERS.get(name, 0.5 if name in ("low", "high") else "x")

    return plain(key, "en", **Any({name: Any()[name] for name in re.findall(r"{(\w+)", TEXTS[key][0])}, count=count))


@pytest.mark.parametrize("key", [key for key, row in TEXTS.items() if "{count" in row[0] and not key.endswith("_one")])
def test_one_is_not_said_as_many(key):
    assert not ONE_OF_MANY.search(filled(key, 1)), filled(key, 1)


def test_the_text_for_one_is_taken_where_there_is_one():
    assert plain("iv_did_knock_out", "en", count=1, channels="5") == "1 channel knocked out: 5"
    assert plain("iv_did_knock_out", "en", count=2, channels="5, 6") == "2 channels knocked out: 5, 6"
    assert "1 个通道" in plain("iv_did_knock_out", "zh", count=1, channels="5")


def test_drawings_of_one_channel_say_so():
    assert "1 channel by index" in changed_bars_svg([0.5], [0.4])


@pytest.mark.parametrize("order", ["index", "sorted"])
def test_what_is_drawn_has_no_english_in_chinese(order):
    scores = np.linspace(0.1, 0.9, 20, dtype=np.float32)
    texts = [changed_bars_svg(scores, scores / 2, order=order)]
    texts += [caption(scores, scale_for(scores, mode), spread=True) for mode in ("fixed", "stretch")]
    for text in texts:
        words = re.sub(r"<style>.*?</style>|<[^>]*>|aria-label", " ", drawn(text, "zh"))
        assert not re.search(r"[a-z]{3,}", words), words
    assert drawn(texts[0], "en") == texts[0]


@pytest.mark.parametrize("op", ["output", "tap", "fused attention"])
def test_how_a_gate_is_read_has_no_english_in_chinese_but_names(op):
    for module, call in (("layer1.0.se", 1), ("", 2)):
        told = describe(Place(module, call, op), "channel")
        words = phrased(told, "own_how_", "zh").replace("layer1.0.se", "")
        assert not re.search(r"[A-Za-z]{2,}", words), words
        assert phrased(told, "own_how_", "en") == told


def test_titles_of_the_bundled_networks_have_no_english_in_chinese_but_names():
    titles = {load_card(name).title for name in checkpoint_ids(FOLDER)}
    for title in titles:
        words = re.sub("(Dense|Res)Net|VGG16-BN|RGB|CBAM|SE|ECA|SimAM|CNN", "", network_title(title, "zh"))
        assert not re.search("[A-Za-z]{2,}|,", words), words
        assert network_title(title, "en") == title


def test_every_class_of_the_bundled_networks_has_a_name_in_chinese():
    labels = {name for model in checkpoint_ids(FOLDER) for name in load_card(model, FOLDER).labels}
    named = {name for name in labels if not re.match(r"\d", name)}
    assert {name for name in named if f"class_{name}" not in TEXTS} == set()
    assert class_name("something of a visitor's", "zh") == "something of a visitor's"


def test_every_sample_is_called_as_in_the_table():
    assert {s.name for s in SAMPLES if sample_title(s.name) != s.title} == set()
    assert all(sample_title(s.name, language="zh") != s.title for s in SAMPLES)


def test_the_browser_is_sent_labels_and_nothing_else():
    label("model")
    sent = translations().translations_dict["en"]
    assert sent["attnviz-model"] == TEXTS["model"][0] and "attnviz-no_models" not in sent
    assert max(map(len, sent.values())) <= LONGEST_LABEL
    assert not any("{" in text for text in sent.values())
    with pytest.raises(UserError, match="no label"):
        label("help_intervene_text")
