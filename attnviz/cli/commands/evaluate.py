"""Measure the accuracy of networks on a validation split, checkpoints beside their cards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from typer import Option

from attnviz.cli.measured_options import MeasuredOptions, chosen
from attnviz.core.errors import UserError

TOLERANCE = 1
"""Images by which an accuracy may differ from the card's: other processors round otherwise."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(MeasuredOptions):
    json: Annotated[bool, Option(help="print JSON, with the accuracy per class")] = False


def run(args: EvaluateOptions) -> None:
    from attnviz.audit.accuracy import evaluate, not_comparable

    asked, told = chosen(args), {}
    for name, loaded in asked.networks:
        photographs = asked.photographs_for(loaded.labels)
        reason = not_comparable(loaded, photographs)
        metrics = loaded.checkpoint.metrics if loaded.checkpoint else {}
        card = {key: metrics.get(key) for key in ("top1", "correct", "total")}
        told[name] = {**evaluate(loaded, photographs), "comparable": reason is None, "card": card}
        if not args.json:
            print(_sentence(loaded.name, told[name], reason), flush=True)
    if args.json:
        print(json.dumps({"checkpoints": told, "others": asked.others} if args.all else _unwrapped(told), indent=1))
    else:
        print("".join(f"{name}: left out, {reason}\n" for name, reason in asked.others.items()), end="")
    _judge(told)


def _unwrapped(told: dict[str, Any]) -> Any:
    return next(iter(told.values())) if len(told) == 1 else told


def _sentence(name: str, measured: dict[str, Any], reason: str | None) -> str:
    line = f"{name}: top-1 {measured['top1']} % ({measured['correct']} of {measured['total']})"
    card = measured["card"]
    if reason is not None:
        return f"{line}; not comparable with a card: {reason}"
    if card["correct"] is None:
        return f"{line}; the card tells no accuracy"
    return f"{line}; the card says {card['top1']} % ({card['correct']} of {card['total']}), same data"


def _judge(told: dict[str, Any]) -> None:
    """Refuse where an accuracy on the same data is not the card's."""
    wrong = []
    for name, measured in told.items():
        said = measured["card"]["correct"]
        if measured["comparable"] and said is not None and abs(measured["correct"] - said) > TOLERANCE:
            wrong.append(f"{name} names {measured['correct']} rightly, its card says {said}")
    if wrong:
        raise UserError(f"{len(wrong)} of {len(told)} differ by more than {TOLERANCE} image: {'; '.join(wrong)}")
