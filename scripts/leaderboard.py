"""The tables of ``docs/results.md``, from the cards and ``results/``.

``python -m scripts.leaderboard [--write docs/results.md]``

Without ``--write`` the tables are printed; with it they replace what stands between the two markers of a file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attnviz.models.checkpoints import FOLDER, Card, checkpoint_ids, load_card
from attnviz.models.results import FOLDER as RESULTS
from attnviz.models.results import read_results
from attnviz.training.experiments import pairs
from attnviz.training.experiments.markdown import grid
from attnviz.training.experiments.types_table import accuracy, focus, gates_matter

BEGIN = "<!-- made by: python -m scripts.leaderboard --write docs/results.md -->"
FAMILIES = {"types": "attention types, trained alike", "types-90": "attention types, trained alike for 90 epochs"}
"""Files of results of ``attnviz experiment types`` and what their tables are called."""
PAIRS = {
    "densenet": "SE in every layer of a small DenseNet",
    "vgg": "Local attention in VGG16-BN of a quarter of its width",
    "stn": "A spatial transformer before a small CNN, on distorted digits",
    "last": "A channel gate on the last map",
}
"""Files of results of experiments with and without attention, and what their tables are called."""
ABLATED = "ablations"
"""What the files of ``attnviz ablate`` begin with, one for each set of data."""
END = "<!-- end of what that command made -->"


def networks(folder: Path = FOLDER) -> str:
    """The checkpoints of a folder: data by data, the largest pictures and the most accurate first."""
    cards = [load_card(name, folder) for name in checkpoint_ids(folder)]
    cards.sort(key=lambda card: (-card.spec.input.size[0], _data(card), -float(card.metrics.get("top1", 0)), card.id))
    head = ("checkpoint", "", "parameters", "MACs (millions)", "epochs", "data", "top-1")
    return grid(head, [_line(card) for card in cards])


def _line(card: Card) -> tuple[str, ...]:
    metrics, train = card.metrics, card.training.get("recipe", {}).get("train", {})
    right = f"{metrics['top1']:.2f} % ({metrics['correct']:,} of {metrics['total']:,})" if "correct" in metrics else "–"
    parameters = f"{metrics['parameters']:,}" if "parameters" in metrics else "–"
    macs = f"{metrics['macs'] / 1e6:.1f}" if "macs" in metrics else "–"
    return (f"`{card.id}`", card.title, parameters, macs, str(train.get("epochs", "–")), _data(card), right)


def _data(card: Card) -> str:
    return f"{card.data.get('name', '–')}, {card.spec.input.size[0]} px"


def tables(checkpoints: Path = FOLDER, results: Path = RESULTS) -> str:
    """Everything that stands between the markers."""
    parts = [networks(checkpoints)]
    reports = {name: read_results(name, results) for name in FAMILIES} | {ABLATED: _ablated(results)}
    for name, title in FAMILIES.items():
        if (report := reports[name]) is not None:
            parts += [f"**{title[0].upper()}{title[1:]}** (`{report['command']}`)", accuracy(report["rows"])]
    for name, title in PAIRS.items():
        if (report := read_results(name, results)) is not None:
            parts += [f"**{title}** (`{report['command']}`)", pairs.table(report)]
    for name, title in {ABLATED: "these networks", **FAMILIES}.items():
        if (report := reports[name]) is not None:
            parts += [f"**Do the gates of {title} do anything?**", *_judged(report)]
    return "\n\n".join(parts)


def _ablated(results: Path) -> dict[str, Any] | None:
    names = sorted(file.stem for file in results.glob(f"{ABLATED}*.json"))
    found = [report for name in names if (report := read_results(name, results)) is not None]
    return {"rows": [row for report in found for row in report["rows"]]} if found else None


def _judged(report: Mapping[str, Any]) -> list[str]:
    return [text for text in (gates_matter(report["rows"]), focus(report["rows"])) if text]


def between(text: str) -> str:
    """What stands between the markers of a text.

    Raises:
        ValueError: It has not both markers, in this order, once.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the file must hold the lines {BEGIN} and {END} once each")
    return text.split(BEGIN)[1].split(END)[0].strip()


def written(text: str, made: str) -> str:
    """A text with other tables between its markers; raises as ``between`` does."""
    between(text)
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    return f"{head}{BEGIN}\n\n{made}\n\n{END}{tail}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="a file with both markers")
    args = parser.parse_args()
    made = tables()
    if args.write is None:
        print(made)
        return
    try:
        args.write.write_text(written(args.write.read_text(encoding="utf-8"), made), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.exit(f"{args.write}: {error}")


if __name__ == "__main__":
    main()
