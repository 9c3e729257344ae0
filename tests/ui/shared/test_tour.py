"""What the tour says of the bundled networks is true of them."""

import numpy as np
import pytest

from attnviz.analysis.analyser import Analyser
from attnviz.audit.scenes import scenes as objects
from attnviz.core.gate_map import mask_for
from attnviz.images.samples import load_sample
from attnviz.models.checkpoints import FOLDER, load, load_card
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.text import TEXTS
from attnviz.ui.shared.tour import CHANNEL, COUNTED, GATE, MASK, MODEL, POOL, POOLED, SAMPLE, SCENES


@pytest.fixture(scope="module")
def looked():
    analyser = Analyser(load(MODEL, FOLDER))
    analysis = analyser.analyse(load_sample(SAMPLE))
    return analyser, analysis


def area_under_curve(values, cover):
    """How often a cell on the object has a higher value than a cell beside it."""
    rows, columns = values.shape
    cells = cover.reshape(rows, cover.shape[0] // rows, columns, cover.shape[1] // columns).mean((1, 3))
    inside, outside = values[cells > 0.5], values[cells < 0.05]
    assert inside.size > 3 and outside.size > 3
    return float((inside[:, None] > outside[None]).mean() + 0.5 * (inside[:, None] == outside[None]).mean())


def test_the_channel_of_the_first_scene_lights_up_on_the_ball_and_hardly_elsewhere(looked):
    analyser, analysis = looked
    (cover,) = [cover for name, _, cover in objects(analyser.loaded.spec.input) if name == SAMPLE]
    values = analyser.channel_map(analysis.image, GATE, CHANNEL).values
    assert area_under_curve(values, cover) > 0.95
    count = analysis.gate(GATE).site.features[1]
    others = [analyser.channel_map(analysis.image, GATE, channel).values for channel in range(0, count, 8)]
    assert area_under_curve(values, cover) >= np.quantile([area_under_curve(each, cover) for each in others], 0.9)


def test_the_weight_of_that_channel_is_low_as_the_first_and_fourth_scenes_say(looked):
    scores = looked[1].gate(GATE).scores
    assert scores[CHANNEL] < 0.2 and (scores < scores[CHANNEL]).mean() < 0.3
    for scene in ("channel", "knock_out"):
        assert "low" in TEXTS[f"tour_{scene}_text"][0]


def test_audits_that_the_tour_speaks_of_ask_a_thousand_photographs():
    audit = Store(FOLDER).audit(MODEL)
    assert audit["data"]["tested"] == 1000
    for scene in ("average", "sum"):
        assert "thousand" in TEXTS[f"tour_{scene}_text"][0] and "一千" in TEXTS[f"tour_{scene}_text"][1]


def test_shutting_the_channel_hardly_moves_the_answer(looked):
    from attnviz.gates.edit import knock_out
    from attnviz.gates.edits.edit_list import EditList

    analyser, analysis = looked
    after = analyser.analyse(analysis.image, EditList(MODEL).then(GATE, knock_out(CHANNEL)))
    ((before_class, before),), ((after_class, now),) = analysis.top(1), after.top(1)
    assert after_class == before_class and abs(now - before) < 0.02


def test_the_mask_of_the_second_scene_shuts_out_the_ball_and_keeps_the_grass(looked):
    analyser, analysis = looked
    (cover,) = [cover for name, _, cover in objects(analyser.loaded.spec.input) if name == SAMPLE]
    values = analysis.gate(MASK).values[0, 0]
    assert analysis.gate(MASK).site.has_mask and analysis.top(1)[0][0] == "golf ball"
    assert area_under_curve(values, cover) < 0.4
    assert values[-2:].min() > 0.9, "below lies the grass"


def test_the_mask_of_the_third_scene_lies_on_the_ball():
    analyser = Analyser(load(POOL, FOLDER))
    analysis = analyser.analyse(load_sample(SAMPLE))
    (cover,) = [cover for name, _, cover in objects(analyser.loaded.spec.input) if name == SAMPLE]
    mask = mask_for(analysis.gate(POOLED)).values
    assert analysis.top(1)[0][0] == "golf ball" and np.isclose(mask.sum(), 1, atol=1e-3)
    assert area_under_curve(mask, cover) > 0.9


def test_every_scene_has_its_texts_and_its_networks():
    for scene in SCENES:
        assert ("{channel}" in TEXTS[f"tour_{scene.key}_text"][0]) == (scene.key in COUNTED)
        assert all(load_card(name, FOLDER).id == name for name in scene.models)
