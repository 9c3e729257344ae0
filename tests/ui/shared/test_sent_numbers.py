"""What is a number, of all that a browser may send."""

import math

import pytest

from attnviz.core.errors import UserError
from attnviz.ui.shared.sent_numbers import number, whole

NO_NUMBERS = [None, True, False, "3", "", [3], {"a": 3}, math.nan, math.inf, -math.inf, 10**400, -(10**400), 3 + 0j]


@pytest.mark.parametrize("value", [*NO_NUMBERS, 1.5, 0.999, -1, 9])
def test_what_is_no_whole_number_in_the_range_is_refused(value):
    with pytest.raises(UserError, match=r"^row must be a whole number in 1\.\.8, got "):
        whole(value, 1, 8, "row", "en")


@pytest.mark.parametrize("value", [*NO_NUMBERS, -0.001, 10.001])
def test_what_is_no_number_in_the_range_is_refused(value):
    with pytest.raises(UserError, match=r"^a factor must be a number in 0\.\.10, got "):
        number(value, 0, 10.0, "a factor", "en")


@pytest.mark.parametrize(("value", "expected"), [(1, 1), (8, 8), (3.0, 3)])
def test_whole_numbers_may_be_sent_with_a_point(value, expected):
    checked = whole(value, 1, 8, "row", "en")
    assert checked == expected and type(checked) is int


@pytest.mark.parametrize("value", [0, 10, 0.25, -0.0])
def test_numbers_may_be_sent_without_a_point(value):
    checked = number(value, 0, 10, "a factor", "en")
    assert checked == value and type(checked) is float


def test_a_long_text_is_cut_and_the_error_speaks_the_visitors_language():
    with pytest.raises(UserError) as caught:
        whole("<script>" * 100, 0, 7, "行", "zh")
    assert str(caught.value).startswith("行必须是 0..7 的整数") and len(str(caught.value)) < 100
