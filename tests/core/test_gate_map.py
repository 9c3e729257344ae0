"""Gates as maps: a batch of them is what each alone is."""

import numpy as np
import pytest

from attnviz.core.gate_map import mask_for, place_masks, words_of
from attnviz.core.sites import GateSite
from attnviz.core.types import GateRecord
from attnviz.render.colour import as_scale
from attnviz.ui.shared.gate_html import legend


def site(kind, shape, features, over=()):
    return GateSite("gate", kind, shape, features, over=over)


SITES = {
    "spatial": (site("spatial", (1, 1, 3, 5), (1, 4, 3, 5)), 3 / 5, (3, 5)),
    "pooling": (site("pairwise", (1, 1, 12), (1, 4, 3, 4), ("", "place")), 3 / 4, (3, 4)),
    "pooling of two heads": (site("pairwise", (1, 2, 1, 12), (1, 4, 4, 3), ("", "", "place")), 4 / 3, (4, 3)),
}


@pytest.mark.parametrize("name", SITES)
def test_a_batch_is_what_each_alone_is(name):
    place, aspect, grid = SITES[name]
    values = np.random.default_rng(0).random((6, *place.shape[1:]), dtype=np.float32)
    maps = place_masks(place, values, aspect)
    assert maps.shape == (6, *grid)
    for number in range(6):
        alone = mask_for(GateRecord(place, values[number : number + 1]), aspect=aspect)
        assert np.array_equal(alone.values, maps[number])


OTHERS = {
    "every place asks": site("pairwise", (1, 12, 12), (1, 4, 3, 4), ("place", "place")),
    "over channels": site("pairwise", (1, 1, 12), (1, 12, 3, 4), ("", "channel")),
    "no grid": site("pairwise", (1, 1, 13), (1, 4, 13, 1), ("", "place")),
    "a full gate": site("full", (1, 4, 3, 4), (1, 4, 3, 4)),
    "a channel gate": site("channel", (1, 4, 1, 1), (1, 4, 3, 4)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others_have_no_map_that_is_the_same_for_whoever_asks(name):
    other = OTHERS[name]
    assert place_masks(other, np.ones((2, *other.shape[1:]), np.float32), 3 / 4) is None


def test_one_question_for_all_places_is_called_pooling_and_all_others_by_their_kind():
    pooling = {name for name, (place, *_) in SITES.items() if words_of(place) == ("pooling", "池化")}
    assert pooling == {"pooling", "pooling of two heads"}
    assert all(words_of(place) == place.traits.words for place in OTHERS.values() if place is not OTHERS["no grid"])


def test_what_the_ends_of_a_scale_do_is_said_of_a_gate_that_adds_too():
    own, adds = (
        GateSite("gate", "spatial", (1, 1, 3, 5), (1, 4, 3, 5), residual=residual) for residual in (False, True)
    )
    record = GateRecord(adds, np.zeros((1, 1, 3, 5), np.float32))
    assert mask_for(record).residual and not mask_for(GateRecord(own, record.values)).residual
    assert (own.traits.ends, adds.traits.ends) == (
        "1 keeps, 0 shuts",
        "1 adds as much again, 0 adds nothing",
    )
    zero = legend(as_scale(record.values, "fixed"), "viridis", "en", residual=True)
    assert "0 adds nothing" in zero and "shuts" not in zero
