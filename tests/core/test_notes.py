"""What is said about photographs that do not suit a network."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from attnviz.cli.main import main
from attnviz.core.input_spec import InputSpec
from attnviz.core.notes import NOTES, Note
from attnviz.images.prepare import prepare

CROP, SQUASH = InputSpec(), InputSpec(fit="squash")


@pytest.mark.parametrize(
    ("size", "spec", "keys"),
    [
        ((640, 480), CROP, []),
        ((640, 480), SQUASH, []),
        ((1920, 1080), CROP, []),
        ((1920, 1080), SQUASH, []),
        ((64, 64), CROP, []),
        ((200, 1000), CROP, ["part"]),
        ((1000, 200), CROP, ["part"]),
        ((200, 1000), SQUASH, ["squeezed"]),
        ((1000, 200), SQUASH, ["squeezed"]),
        ((1000, 200), InputSpec((100, 500), fit="squash"), []),
        ((1, 1), CROP, ["tiny"]),
        ((1, 1), SQUASH, ["tiny"]),
        ((3, 300), SQUASH, ["squeezed", "tiny"]),
        ((15, 15), CROP, ["tiny"]),
        ((4000, 800), SQUASH, ["squeezed"]),  # reduced for display: pixels of the photograph count
        ((400, 300), InputSpec(crop_fraction=0.6), ["part"]),
    ],
)
def test_a_photograph_that_does_not_suit_is_named_with_what_to_do(size, spec, keys):
    notes = prepare(Image.new("RGB", size), spec, display_side=100).notes
    assert [note.key for note in notes] == keys
    assert all("Give a larger photograph" in n.text or "Cut out the part that matters" in n.text for n in notes)


def test_the_numbers_are_those_of_the_photograph():
    (note,) = prepare(Image.new("RGB", (1000, 200)), SQUASH, 100).notes
    assert note.values == {"ratio": "5.0"}
    (note,) = prepare(Image.new("RGB", (1000, 200)), CROP, 100).notes
    assert note.values == {"share": "20"}
    (note,) = prepare(Image.new("RGB", (1, 1)), CROP).notes
    assert "1×1 pixels blown up to 128×128" in note.text


def test_every_note_is_a_sentence_in_both_languages():
    pytest.importorskip("gradio")
    from attnviz.ui.shared.text import TEXTS

    assert {key.removeprefix("note_") for key in TEXTS if key.startswith("note_")} == set(NOTES)
    assert all(TEXTS[f"note_{key}"][0] == text and text.endswith(".") for key, text in NOTES.items())
    assert Note("softmax").text == NOTES["softmax"]


def test_notes_stand_in_files_in_the_terminal_in_notebooks_and_on_the_page(checkpoints, tmp_path, capsys):
    pytest.importorskip("gradio")
    from attnviz.analysis.analyser import analyse
    from attnviz.ui.networks.store import Store
    from attnviz.ui.shared.strip_and_map import notes_of, prediction_html
    from attnviz.ui.shared.view import look

    photo, out = tmp_path / "long.png", tmp_path / "out"
    Image.new("RGB", (100, 500), (200, 90, 20)).save(photo)
    assert main(["explore", str(photo), "--model", str(checkpoints / "se"), "--out", str(out)]) == 0
    text = NOTES["part"].format(share="20")
    assert f"note: {text}" in capsys.readouterr().out
    assert json.loads((out / "analysis.json").read_text())["notes"] == [text]
    assert text in analyse(str(checkpoints / "se"), str(photo))._repr_html_()
    store = Store(checkpoints)
    view = look(store, "se", path=str(photo), language="zh")
    assert notes_of(view.analysis, "zh")[0] in prediction_html(view, store.card("se"))


def test_what_is_assumed_of_the_numbers_is_offered_the_other_way_too(checkpoints):
    """Logits of .95, .90 and .02 as yes or no each are 43, 41 and 17 % of one answer: both can be read."""
    pytest.importorskip("gradio")
    from attnviz.core.scores import SCORES
    from attnviz.ui.networks.store import Store
    from attnviz.ui.shared.strip_and_map import OTHERS, answer_html
    from attnviz.ui.shared.view import look

    assert set(OTHERS) <= set(NOTES) and {name for names in OTHERS.values() for name in names} <= set(SCORES)
    chances = np.array([0.95, 0.9, 0.02])
    found = look(Store(checkpoints), "se", sample="cat").analysis
    own = dataclasses.replace(
        found, labels=("dog", "grass", "boat"), logits=np.log(chances / (1 - chances)).astype(np.float32)
    )
    assert "<details" not in answer_html(own, (), "en")
    html = answer_html(dataclasses.replace(own, assumed=(Note("softmax"),)), (), "en")
    _, other = html.split("<details")
    assert "95.0%" in other and "90.0%" in other and "2.0%" in other
    unseen = dataclasses.replace(own, scores="logits", assumed=(Note("unseen"),))
    assert answer_html(unseen, (), "zh").count("<details") == 2
