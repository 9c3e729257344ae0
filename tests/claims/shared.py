"""What the sections share: the pages, numbers as words, rows of results."""

import statistics
from collections.abc import Iterator

from attnviz.models.results import read_results

RESULTS = "docs/results.md"
WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
Claims = Iterator[tuple[str, str]]
"""Pages and the texts that stand in them."""


def rows(name):
    """The rows of a file of results by name."""
    return {row.get("name", row.get("recipe")): row for row in read_results(name)["rows"]}


def loss(row, name):
    """Points of accuracy lost when all gates are replaced, mean over seeds."""
    return -statistics.fmean(seed[name]["change"] for seed in row["ablations"])
