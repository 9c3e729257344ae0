"""Tables crossed with tables: by default every row and every column is met, with ``-m slow`` every pair."""

import pytest


def crossed(rows, columns):
    """Parameters (row, column) of every pair; those that a default run can do without are marked slow."""
    daily = {(i % len(rows), i % len(columns)) for i in range(max(len(rows), len(columns)))}
    return [
        pytest.param(row, column, marks=() if (i, j) in daily else pytest.mark.slow)
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]
