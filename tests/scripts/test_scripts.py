"""Every script and benchmark finds what it imports."""

import importlib
from operator import attrgetter
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MODULES = sorted(
    f"{path.parent.name}.{path.stem}" for room in ("scripts", "benchmarks") for path in (TOP / room).glob("[a-z]*.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_it_can_be_started(name):
    importlib.import_module(name)


def test_what_the_benchmark_of_the_app_times_is_there():
    from benchmarks.served import PARTS

    for module, path in PARTS.values():
        assert callable(attrgetter(path)(importlib.import_module(module)))
