"""A new type, attribution, tab, command, backbone or drawing is one file and one line, and every contract test meets it.

``tests/novel`` holds one of each. A second pytest puts its lines into the tables before it collects, and runs the
tests that walk them.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.novel import ROWS, TABLES

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = {
    "attention_type": (
        "tests/attention/test_every_type.py",
        "tests/attention/test_modules.py",
        "tests/attention/test_walk.py",
        "tests/attention/test_describe.py",
        "tests/analysis/test_step_by_step.py",
        "tests/test_contracts.py",
        "tests/backbones/test_every_pair.py",
        "tests/backbones/test_imagenet.py",
        "tests/explain/attribution/test_support.py",
        "tests/audit/test_reference.py",
        "tests/ui/tabs/test_inside_gate.py",
        "tests/test_tables.py",
    ),
    "attribution": ("tests/explain/attribution", "tests/test_tables.py"),
    "backbone": ("tests/backbones/test_every_pair.py", "tests/test_contracts.py", "tests/test_tables.py"),
    "command": ("tests/cli/test_every_command.py", "tests/test_tables.py"),
    "tab": (
        "tests/ui/test_app.py::test_every_tab_of_the_table_can_be_built",
        "tests/ui/test_app.py::test_every_control_has_a_label",
        "tests/test_tables.py",
    ),
    "drawing": ("tests/render/figures/test_gate_strip.py::test_every_kind_of_gate_has_a_view", "tests/test_tables.py"),
    "endpoint": (
        "tests/ui/api/test_endpoints.py::test_every_endpoint_waits_in_the_lane_of_programs_and_shows_its_types",
        "tests/test_tables.py",
    ),
}
"""The tests that walk each table; those with ``::`` look at all of its lines at once."""


def test_each_is_one_file_and_one_line():
    files = {path.stem for path in (ROOT / "tests/novel").glob("*.py")} - {"__init__"}
    assert files == set(ROWS) == set(TABLES) == set(CONTRACTS)
    for sort, (_, target) in ROWS.items():
        assert target.startswith(f"tests.novel.{sort}:")
        text = (ROOT / f"tests/novel/{sort}.py").read_text(encoding="utf-8")
        assert not re.search(r"tests\.novel|from \.", text), "the file stands alone"


def run(sort, *more):
    """The tests that walk a table, in a Python of their own in which it has the new line."""
    whole = [path for path in CONTRACTS[sort] if "::" in path]
    walking = [path for path in CONTRACTS[sort] if "::" not in path]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.novel",
        "-p",
        "no:cacheprovider",
        "-n0",
        "-x",
        "-m",
        "not zoo",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTEST_ADDOPTS": "", "NOVEL": sort}
    chosen = " or ".join([ROWS[sort][0], *(path.rpartition("::")[2] for path in whole)])
    done = subprocess.run(
        [*command, *walking, *whole, "-k", chosen, *more], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("sort", ROWS)
def test_every_contract_holds_for_it(sort):
    status, output = run(sort)
    assert status == 0, output[-4000:]
    passed = int(re.search(r"(\d+) passed", output).group(1))
    assert passed >= {"attention_type": 40, "attribution": 8, "backbone": 15}.get(sort, 2), output[-500:]
