"""One hostile request to every endpoint of a running app; ``benchmarks.fuzz_endpoints`` sends thousands."""

import pytest

pytest.importorskip("gradio")
pytest.importorskip("mcp")

from benchmarks.fuzz_endpoints import Row, Stranger  # noqa: E402
from benchmarks.served import serve  # noqa: E402


@pytest.mark.slow
def test_no_endpoint_answers_with_an_internal_error_or_a_path(checkpoints):
    with serve(str(checkpoints), mcp=True) as app:
        stranger = Stranger(app.url, seed=1, mcp=True)
        rows = {name: Row() for name in stranger.endpoints}
        for name, row in rows.items():
            stranger.run(name, 1, 60, row)
        assert {name: row.wrong for name, row in rows.items() if row.wrong} == {}
        assert len(rows) > 100 and app.errors == []
