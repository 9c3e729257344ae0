"""Every line of every table leads to something that keeps the contract of its table."""

import pytest

from attnviz.core.registry import Registry
from tests.tables import RULES, problem, table

LINES = [(path, name) for path in RULES for name in table(path)]


@pytest.mark.parametrize(("path", "name"), LINES, ids=lambda v: v.rpartition(":")[2])
def test_every_line_keeps_the_rules_of_its_table(path, name):
    assert not (wrong := problem(table(path), name, RULES[path])), wrong


@pytest.mark.parametrize("path", RULES)
def test_no_two_lines_of_a_table_name_a_file_twice_for_nothing(path):
    targets = table(path).targets
    assert len(targets) == len(table(path)) and all(target.count(":") == 1 for target in targets.values())


@pytest.mark.parametrize("path", RULES)
@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("attnviz.nowhere.mine:Mine", "there is no file attnviz/nowhere/mine.py"),
        ("attnviz.attention.mine:Mine", "there is no file attnviz/attention/mine.py"),
        ("attnviz.core.errors:Mine", "attnviz.core.errors has no Mine"),
        ("attnviz.core.errors:UserError", "it must be "),
        ("torch.nn:Flatten", "it must "),
        ("attnviz.core.kinds:KINDS", "it must be "),
    ],
)
def test_a_wrong_line_is_named_with_the_rule_that_it_breaks(path, target, rule):
    bad = Registry(table(path).what, (("mine", target),))
    wrong = problem(bad, "mine", RULES[path])
    assert wrong.startswith(f"table of {bad.what}s, line ('mine', '{target}'): {rule}"), wrong


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("torch.nn:Identity", "it must be built as Type(channels, **options)"),
        ("torch.nn:Conv2d", "it must be built as Type(channels, **options)"),
        ("attnviz.attention.local:PointwiseBranch", "it must be built as Type(channels, **options)"),
        ("tests.test_tables:Bare", "it must have a DESCRIPTION"),
        ("tests.test_tables:Told", "it must say how it starts without an effect: start_neutral()"),
    ],
)
def test_a_class_that_keeps_no_contract_of_attention_is_named(target, rule):
    bad, path = Registry("attention type", (("mine", target),)), "attnviz.attention:ATTENTION"
    assert problem(bad, "mine", RULES[path]).endswith(rule)


class Bare(table("attnviz.attention:ATTENTION")["se"]):
    DESCRIPTION = None

    def __init__(self, channels):
        super().__init__(channels)


class Told(Bare):
    DESCRIPTION = table("attnviz.attention:ATTENTION")["se"].DESCRIPTION
    start_neutral = None
