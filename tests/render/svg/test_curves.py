import math
import re
from xml.etree import ElementTree

import pytest

from attnviz.core.errors import UserError
from attnviz.render.svg.curves import Line, curves_svg


def paths(markup):
    root = ElementTree.fromstring(markup)
    return [p.get("d") for p in root.iter("path") if p.get("class") is None], root


def test_points_lie_where_the_values_are():
    (path,), root = paths(curves_svg([Line("loss", [0, 1, 4], [2.0, 1.0, 0.0])], title="Loss", mark=1))
    assert path == "M0.0 0.0L250.0 500.0L1000.0 1000.0"
    assert [p.get("d") for p in root.iter("path") if p.get("class")] == ["M250.0 0V1000"]
    assert "".join(root.itertext()).count("2") == 1


def test_gaps_limits_and_escaping():
    markup = curves_svg(
        [Line("<b>", [0, 1, 2], [0.5, math.nan, 1.5]), Line("c", [0], [0.0])], title="<i>", low=0, high=1
    )
    (first, second), root = paths(markup)
    assert first == "M0.0 500.0M1000.0 0.0" and second == "M0.0 1000.0"
    assert "<b>" not in markup and "<i>" not in markup.replace("<i style", "")
    assert len(set(re.findall(r'stroke="(#\w+)"', markup))) == 2


@pytest.mark.parametrize(
    ("lines", "options"),
    [([], {}), ([Line("x", [0], [math.nan])], {}), ([Line("x", [0], [1.0])], {"height": 3})],
)
def test_what_cannot_be_drawn_is_refused(lines, options):
    with pytest.raises(UserError):
        curves_svg(lines, title="t", **options)


def test_lines_must_fit():
    with pytest.raises(UserError, match="as many x as y"):
        Line("x", [0, 1], [1.0])
