"""Audits that lie in folders: read, looked up by the network that they are of, and what they say in a few words."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attnviz.audit.compare import Summary, read_summary
from attnviz.audit.sentences import COSTLY, OPEN, on_effects
from attnviz.core.errors import UserError
from attnviz.models.results import FOLDER as RESULTS

FOLDER = RESULTS / "audits"
"""Audits of the bundled networks on their validation data."""
PARTS = ("model", "data", "network", "gates", "together", "sentences", "left_out", "plan")
"""What a summary has; other JSON beside it is something else, such as a comparison."""
CHANCE = 0.05
"""How often the gates of a network that do nothing may be taken for gates that do."""
HEADLINES = 3
"""Most sentences of a headline."""


@lru_cache(maxsize=16)
def summaries_in(folder: Path) -> Mapping[str, Sequence[Summary]]:
    """Every summary below a folder, by name of the network; the most thorough of each first.

    Raises:
        UserError: There is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{str(folder)!r} is no folder; give one that holds what `attnviz audit` has written")
    by_name: dict[str, list[Summary]] = {}
    for path in sorted(folder.rglob("*.json")):
        try:
            summary = read_summary(path)
        except UserError as error:
            logging.getLogger(__name__).info("%s", error)
            continue
        if all(part in summary for part in PARTS):
            by_name.setdefault(summary["model"]["name"], []).append(summary)
    for several in by_name.values():
        several.sort(key=_thorough, reverse=True)
    return MappingProxyType(by_name)


def audit_of(name: str, weights: str, folders: Iterable[Path] = (FOLDER,)) -> Summary | None:
    """The most thorough audit of a network with these weights; ``None`` where no folder has one.

    Args:
        name: Of the network.
        weights: Their sha256 as an audit notes it; of a checkpoint that of its file.
        folders: Where to look, in this order; one that is not there holds none.
    """
    several = (s for folder in folders if folder.is_dir() for s in summaries_in(folder).get(name, ()))
    return next((summary for summary in several if summary["plan"]["weights"] == weights), None)


def _thorough(summary: Summary) -> tuple[bool, int, int]:
    return not summary["plan"]["quick"], summary["data"]["tested"], summary["data"]["photographs"]


def effects_of(summary: Summary | None) -> dict[str, float]:
    """Share of answers in [0, 1] that change where a gate alone is replaced by its mean, by name of the gate.

    Only gates whose mean costs answers beyond chance, also when so many are asked (Bonferroni): of sixteen gates that
    do nothing, one would pass by itself more often than not. Without an audit there are none.
    """
    if summary is None:
        return {}
    means = {gate["name"]: gate["alone"]["mean"] for gate in summary["gates"] if "mean" in gate["alone"]}
    return {
        name: mean["changed"] / 100
        for name, mean in means.items()
        if mean["points"] < 0 and mean["p"] is not None and mean["p"] * len(means) < CHANCE
    }


def verdicts_of(summary: Summary | None) -> dict[str, dict[str, Any]]:
    """What is said of each gate that was replaced alone, by name, as the view takes it; nothing without an audit."""
    if summary is None:
        return {}
    tested = summary["data"]["tested"]
    said = {gate["name"]: on_effects(gate["alone"]) for gate in summary["gates"]}
    return {
        name: {
            "photographs": tested,
            "sentences": [
                {"en": s["en"], "zh": s["zh"], "costs": s["rule"] in COSTLY, "open": s["rule"] in OPEN}
                for s in sentences
            ],
        }
        for name, sentences in said.items()
        if sentences
    }


def headline_of(summary: Summary, language: str) -> list[str]:
    """The first sentences about the network, plain text in ``en`` or ``zh``."""
    return [sentence[language] for sentence in summary["sentences"][:HEADLINES]]
