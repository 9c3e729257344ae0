"""What strangers send: a corpus made by script, and a seeded sample of what ``benchmarks.fuzz`` sends by thousands."""

import itertools
import json
import random
import tracemalloc
import warnings

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.images.decode import open_photograph
from benchmarks import corpus, messages

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

GOOD, REFUSED = corpus.good(), corpus.refused()


@pytest.mark.parametrize("name", GOOD)
def test_good_files_give_pillows_own_pixels(name):
    opened = np.asarray(open_photograph(GOOD[name])).astype(int)
    expected = corpus.expected(GOOD[name])
    assert opened.shape == expected.shape
    assert np.abs(opened - expected).max() <= (3 if "icc" in name else 0)  # a profile's own rounding


@pytest.mark.parametrize("name", REFUSED)
def test_the_others_are_refused_with_little_memory(name):
    open_photograph(GOOD["png"])  # what is loaded once does not count
    tracemalloc.start()
    try:
        with pytest.raises(UserError):
            open_photograph(REFUSED[name])
        assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
    finally:
        tracemalloc.stop()


def test_damaged_files_give_a_picture_or_a_user_error():
    kinds = set()
    for case in itertools.islice(corpus.mutated(seed=0), 300):
        kinds.add(case.kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                assert open_photograph(case.data).mode == "RGB"
            except UserError as error:
                assert str(error)
    assert kinds == set(corpus.MUTATIONS)


def test_hostile_command_lines_end_with_a_sentence(capsys, tmp_path):
    from attnviz.cli.main import main

    chance = random.Random(0)
    for _ in range(40):
        arguments = messages.command_line(chance, str(tmp_path))
        status = main(arguments)
        told = capsys.readouterr()
        assert status in (0, 2), arguments
        assert "Traceback" not in told.err


def test_messages_are_json_and_differ():
    chance = random.Random(0)
    made = [json.dumps(messages.value(chance), default=str) for _ in range(200)]
    assert len(set(made)) > 50
