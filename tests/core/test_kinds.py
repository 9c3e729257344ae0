"""Kinds of gate: their properties agree with what each of them is."""

from dataclasses import FrozenInstanceError

import pytest

from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS, kind_named, kind_of
from attnviz.core.sites import GateSite

FEATURES = (1, 6, 8, 8)
SHAPES = {"channel": (1, 6, 1, 1), "spatial": (1, 1, 8, 8), "strip": (1, 6, 8, 1), "full": FEATURES}
"""Kinds that a shape against features (N, C, H, W) tells apart."""


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_is_whole(kind):
    assert KINDS[kind.name] is kind and kind.meaning and all(kind.words)
    assert sum((kind.neutral is not None, kind.even, kind.moves)) == 1, "one way to do nothing"
    if kind.range is not None and kind.neutral is not None:
        assert kind.range[0] <= kind.neutral <= kind.range[1]
    with pytest.raises(FrozenInstanceError):
        kind.neutral = 2.0


@pytest.mark.parametrize("name", SHAPES)
def test_axes_are_what_the_shape_varies_over(name):
    shape, kind = SHAPES[name], KINDS[name]
    assert kind_of(shape, FEATURES) == name
    assert kind.has_channels == (shape[1] > 1)
    assert kind.has_places == (max(shape[2:]) > 1)
    assert kind.per_element == (shape == FEATURES)
    assert kind.per_place == (min(shape[2:]) > 1 and shape[1] == 1)
    assert kind.per_channel == kind.has_scores == (shape[2:] == (1, 1))


def test_words_tell_kinds_apart_in_each_language():
    for words in zip(*(kind.words for kind in KINDS.values()), strict=True):
        assert len(set(words)) == len(KINDS)


def test_sites_ask_their_kind():
    mask = GateSite("m", "spatial", (1, 1, 8, 8), FEATURES)
    volume = GateSite("v", "spatial", (1, 1, 4, 8, 8), (1, 6, 4, 8, 8))
    scores, context = (GateSite("s", kind, (1, 6, 1, 1), FEATURES) for kind in ("channel", "added"))
    assert [site.has_mask for site in (mask, volume, scores, context)] == [True, False, False, False]
    assert [site.has_scores for site in (mask, volume, scores, context)] == [False, False, True, False]


def test_an_unknown_kind_names_the_nearest_ones():
    for ask in (lambda: kind_named("chanel"), lambda: GateSite("a", "chanel", (1,), (1,)).traits):
        with pytest.raises(UserError, match="unknown kind of gate 'chanel'; did you mean 'channel'"):
            ask()
