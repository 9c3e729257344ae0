import json
import shutil

import pytest

from attnviz.analysis.verify_checkpoint import verify
from attnviz.cli.main import main
from attnviz.images.sample_table import SAMPLES
from attnviz.models.checkpoints import checkpoint_ids


@pytest.fixture
def folder(checkpoints, tmp_path):
    for path in checkpoints.glob("cbam.*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_published_answers_hold_and_changed_ones_are_named(folder, capsys):
    path = str(folder / "cbam.json")
    assert main(["verify", path]) == 2  # nothing is published yet
    assert "no published answer" in capsys.readouterr().out
    assert main(["verify", path, "--write"]) == 0
    assert main(["verify", path]) == 0
    card = json.loads((folder / "cbam.json").read_text())
    assert set(card["answers"]) == {s.name for s in SAMPLES if s.source == "rendered"}
    card["answers"]["golf-ball"][0][1] += 0.02
    (folder / "cbam.json").write_text(json.dumps(card))
    capsys.readouterr()
    assert main(["verify", path]) == 2
    assert "differs: golf-ball" in capsys.readouterr().out
    del card["answers"]["golf-ball"]  # a card from before that scene was added
    (folder / "cbam.json").write_text(json.dumps(card))
    assert main(["verify", path]) == 0


@pytest.mark.parametrize("name", checkpoint_ids())
def test_bundled_checkpoints_answer_as_published(name):
    assert verify(name)[1] == []
