"""What pip-audit says, in a line each: silence of its database is told, and only a hole with a mend is a failure."""

import json

import pytest

from scripts.known_holes import verdict

HOLE = {"id": "PYSEC-1", "fix_versions": ["2.0"]}


def report(*packages):
    return json.dumps({"dependencies": list(packages)})


@pytest.mark.parametrize(
    ("text", "says", "fails"),
    [
        ("", "skipped: pip-audit gave no answer", False),
        (report({"name": "a", "skip_reason": "not found"}), "skipped: none of 1 packages", False),
        (report({"name": "a", "version": "1", "vulns": []}), "1 of 1 packages", False),
        (report({"name": "a", "version": "1", "vulns": [HOLE]}), "a 1: PYSEC-1, mended in 2.0", True),
        (report({"name": "a", "version": "1", "vulns": [{**HOLE, "fix_versions": []}]}), "not mended", False),
    ],
)
def test_what_is_said(text, says, fails):
    lines, mended = verdict(text)
    assert says in "\n".join(lines) and mended is fails
