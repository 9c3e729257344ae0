"""Addresses: what a tab shows goes into one and comes back, and nothing in one is trusted."""

import base64
import re
import zlib
from urllib.parse import parse_qs

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.gates.edit import knock_out, paint, scale
from attnviz.gates.edits.edit_list import EditList
from attnviz.gates.edits.json_format import Document, to_json
from attnviz.ui.shared.address import MOST_EDITS, MOST_JSON, MOST_TEXT, Query, address_html, packed, unpacked

EVIL = "<img src=x onerror=alert(1)>"


def edits():
    return EditList("cbam", weights="ab" * 32).then("a.b", knock_out(3, 17)).then("a.b", scale(1.5, 2))


def test_edits_come_back_as_they_were():
    assert to_json(Document(unpacked(packed(edits())))) == to_json(Document(edits()))
    mask = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    again = unpacked(packed(EditList("cbam").then("m", paint(mask))))
    np.testing.assert_array_equal(again.steps[0].edit.value, mask)


def test_no_edits_are_nothing_and_too_many_are_none():
    assert packed(EditList("cbam")) == ""
    noise = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    assert packed(EditList("cbam").then("m", paint(noise))) is None


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


BOMB = encoded(zlib.compress(b" " * (MOST_JSON + 1), 9))
WRONG = ["AAAA", "é", "=", "a" * (MOST_EDITS + 1), encoded(b"{}"), encoded(zlib.compress(b"{}"))[:-3], BOMB, EVIL]


@pytest.mark.parametrize("text", [*WRONG, encoded(zlib.compress(b"{}")), encoded(zlib.compress(b'{"format": 1}'))])
def test_damaged_edits_are_a_sentence(text):
    with pytest.raises(UserError):
        unpacked(text)


def test_a_query_gives_what_is_known_and_names_what_is_not():
    query = Query("?gate=a&scale=wide&n=3&m=4.5&models=x,no,y", "en")
    assert query.one("gate", ("a", "b"), "b") == "a"
    assert query.one("scale", ("fixed",), "fixed") == "fixed"
    assert query.one("absent", ("fixed",), None) is None
    assert (query.whole("n", 0, 3, 1), query.number("m", 0, 5, 1.0)) == (3, 4.5)
    assert query.several("models", ("x", "y"), ()) == ["x", "y"]
    assert len(query.missed) == 2 and "“wide”" in query.missed[0] and "“no”" in query.missed[1]


@pytest.mark.parametrize(
    ("method", "value"),
    [("whole", v) for v in ("-1", "4", "1.5", "²", "٣", "9" * 99, EVIL, "nan", "1e0")]
    + [("number", v) for v in ("-0.1", "inf", "nan", "1" * 40, EVIL, "٣", "0x1", "4")],
)
def test_a_wrong_number_is_left_out_and_named(method, value):
    from urllib.parse import urlencode

    query = Query("?" + urlencode({"n": value}), "en")
    assert getattr(query, method)("n", 0, 3, "default") == "default"
    assert len(query.missed) == 1


@pytest.mark.parametrize(
    "text", [None, 7, ["a=1"], "?a=" + "x" * MOST_TEXT, "?" + "&".join(f"a{i}=1" for i in range(99))]
)
def test_what_is_no_query_is_said_once_and_holds_nothing(text):
    query = Query(text, "zh")
    assert query.one("a", ("1",), "default") == "default"
    assert len(query.missed) == 1


def test_a_link_holds_what_it_was_given_and_escapes_it():
    markup = address_html("intervene", {"gate": EVIL, "sample": None, "edits": "", "seed": 0}, "en")
    assert "<img" not in markup
    href = re.search('href="([^"]*)"', markup)[1].replace("&amp;", "&")
    assert parse_qs(href[1:]) == {"tab": ["intervene"], "gate": [EVIL], "seed": ["0"]}
