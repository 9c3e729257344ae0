"""An audit tells a gate that works from two that were broken on purpose: frozen, and fed by another photograph."""

import pytest

from attnviz.audit.run import audit
from attnviz.audit.settings import Settings
from tests.audit.conftest import Gated, follows, frozen, of_another, photographs, prepared

SETTINGS = Settings(tests=480, workers=0, batch=80)


def audited(gate, share):
    pictures, classes = photographs()
    return audit(prepared(Gated(gate, share)), pictures, classes.tolist(), settings=SETTINGS).summary


@pytest.fixture(scope="module")
def reports():
    return {
        "follows": audited(follows, 0.02),
        "frozen": audited(frozen, 2.0),
        "of_another": audited(of_another, 2.0),
    }


def rules(report):
    (gate,) = report["gates"]
    return {sentence["rule"] for sentence in gate["sentences"]}


def test_a_gate_that_works(reports):
    report = reports["follows"]
    assert {"would_not_do", "turns_up"} <= rules(report)
    assert report["network"]["top1"] > 95
    assert report["together"]["mean"]["points"] < -50
    assert report["together"]["other_class"]["points"] < -90
    assert report["together"]["same_class"]["points"] > -2  # the class is all that this gate says


def test_a_frozen_gate(reports):
    report = reports["frozen"]
    assert {"constant", "would_do", "follows_nothing"} <= rules(report)
    assert report["gates"][0]["variation"]["still"] == 3
    assert report["together"]["other_class"]["changed"] == 0


def test_a_gate_fed_by_another_photograph(reports):
    report = reports["of_another"]
    assert "follows_nothing" in rules(report) and "constant" not in rules(report)
    assert "follows" not in rules(report)
    assert report["gates"][0]["variation"]["between_elements"] < 0.9


@pytest.mark.parametrize("name", ["follows", "frozen", "of_another"])
def test_own_gates_put_back_change_nothing(reports, name):
    own = reports[name]["together"]["own"]
    assert (own["points"], own["changed"], own["logit"]) == (0, 0, 0)
