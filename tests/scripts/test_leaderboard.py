import json

import pytest

from scripts.leaderboard import BEGIN, END, between, tables, written
from tests.test_layering import ROOT


def test_the_tables_of_the_documentation_are_what_the_command_makes():
    assert between((ROOT / "docs" / "results.md").read_text(encoding="utf-8")) == tables().strip(), (
        "run: python -m scripts.leaderboard --write docs/results.md"
    )
    assert BEGIN not in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_checkpoint_has_a_line_and_results_their_tables(checkpoints, tmp_path):
    text = tables(checkpoints, tmp_path)
    assert all(f"| `{name}` | Tiny {name} |" in text for name in ("cbam", "none", "se", "self-attention"))
    assert text.index("`cbam`") < text.index("`none`") and "33.33 % (1 of 3)" in text and "gates of" not in text
    results = tmp_path / "results"
    results.mkdir()
    (results / "types.json").write_text((ROOT / "results" / "types-90.json").read_text(encoding="utf-8"))
    rows = json.loads((results / "types.json").read_text())["rows"]
    pair = json.loads((ROOT / "results" / "stn.json").read_text(encoding="utf-8"))
    (results / "vgg.json").write_text(json.dumps(pair), encoding="utf-8")
    text = tables(checkpoints, results)
    assert "**Local attention in VGG" in text and f"| `{pair['rows'][1]['recipe']}` |" in text
    assert (
        "Do the gates of attention types, trained alike do" in text
        and "**Attention types" in text
        and f"| {rows[0]['title']} |" in text
    )


def test_what_stands_around_the_tables_is_kept():
    text = f"a\n{BEGIN}\nold\n{END}\nb\n"
    assert written(text, "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb\n" and between(written(text, "new")) == "new"
    for wrong in ("nothing", BEGIN, f"{END}{BEGIN}", text + text):
        with pytest.raises(ValueError, match="once each"):
            written(wrong, "new")
