"""Measure how often networks are right, and how sure they are, checkpoints beside their cards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from attnviz.cli.measured_options import MeasuredOptions, chosen
from attnviz.core.errors import UserError

if TYPE_CHECKING:
    from attnviz.audit.photographs import Photographs
    from attnviz.models.network import Network

TOLERANCE = 1
"""Images by which an accuracy may differ from the card's: other processors round otherwise."""
WRITTEN = ("confidence", "ece", "foreign", "unlike")
"""What is put on a card; its accuracy was put there with the weights."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(MeasuredOptions):
    foreign: Annotated[
        Path | None,
        Option(help="folder of class folders that the networks do not know: how sure are they of these photographs"),
    ] = None
    foreign_classes: Annotated[str | None, Option(metavar="A,B,…", help="of that folder, these class folders only")] = (
        None
    )
    write: Annotated[bool, Option(help="put calibration, and what --foreign measures, on the cards")] = False
    json: Annotated[bool, Option(help="print JSON, with the accuracy per class")] = False


def run(args: EvaluateOptions) -> None:
    from attnviz.audit.accuracy import not_comparable

    if args.foreign_classes is not None and args.foreign is None:
        raise UserError("--foreign-classes says which classes of --foreign FOLDER; that is missing")
    asked, results = chosen(args), {}
    for name, loaded in asked.networks:
        photographs = asked.photographs_for(loaded.labels)
        reason = not_comparable(loaded, photographs)
        if args.write and reason is not None:
            raise UserError(f"{name} {reason}; a card tells what was measured on its own data")
        metrics = loaded.checkpoint.metrics if loaded.checkpoint else {}
        card = {key: metrics.get(key) for key in ("top1", "correct", "total")}
        results[name] = {**_measured(args, loaded, photographs), "comparable": reason is None, "card": card}
        if args.write and not _apart(results[name]):
            _write(args, name, loaded, results[name])
        results[name].get("unlike", {}).pop("space", None)
        if not args.json:
            print(_sentence(loaded.name, results[name], reason), flush=True)
    if args.json:
        document = {"checkpoints": results, "others": asked.others} if args.all else _unwrapped(results)
        print(json.dumps(document, indent=1))
    else:
        print("".join(f"{name}: left out, {reason}\n" for name, reason in asked.others.items()), end="")
    _judge(results)


def _measured(args: EvaluateOptions, loaded: Network, photographs: Photographs) -> dict[str, Any]:
    """What is measured of one network; with ``--foreign`` how many photographs are called unlike too."""
    from attnviz.audit import foreign
    from attnviz.audit.accuracy import evaluate

    if args.foreign is None:
        return evaluate(loaded, photographs)
    wanted = [name.strip() for name in (args.foreign_classes or "").split(",") if name.strip()]
    others, classes = foreign.foreign_photographs(args.foreign, wanted, loaded.labels)
    train = foreign.training_photographs(args.data, loaded.labels)
    return foreign.evaluate_beside(loaded, photographs, train, others, classes)


def _write(args: EvaluateOptions, name: str, loaded: Network, measured: dict[str, Any]) -> None:
    import dataclasses

    from attnviz.models.checkpoints import save_card
    from attnviz.models.locator import checkpoint_path

    metrics = {**loaded.card.metrics, **{key: measured[key] for key in WRITTEN if key in measured}}
    save_card(checkpoint_path(name, args.folder).parent, dataclasses.replace(loaded.card, metrics=metrics))


def _unwrapped(results: dict[str, Any]) -> Any:
    return next(iter(results.values())) if len(results) == 1 else results


def _sentence(name: str, measured: dict[str, Any], reason: str | None) -> str:
    line = f"{name}: top-1 {measured['top1']} % ({measured['correct']} of {measured['total']})"
    card = measured["card"]
    if reason is not None:
        line += f"; not comparable with a card: {reason}"
    elif card["correct"] is None:
        line += "; the card tells no accuracy"
    else:
        line += f"; the card says {card['top1']} % ({card['correct']} of {card['total']}), same data"
    line += f"; sure of {measured['confidence']} % on average, calibration error {measured['ece']} %"
    return f"{line}; {_beside(measured)}" if "foreign" in measured else line


def _beside(measured: dict[str, Any]) -> str:
    """How sure a network is of photographs of other classes, and how many are called unlike."""
    foreign, unlike = measured["foreign"], measured["unlike"]
    small = "" if unlike["blurred"] is None else f" and {unlike['blurred']} % of known ones made as small"
    return (
        f"of {foreign['images']} photographs of other classes ({', '.join(foreign['classes'])}) sure of "
        f"{foreign['confidence']} %, and {unlike['caught']} % of them are called unlike the training data, as are "
        f"{unlike['known']} % of the known ones{small}"
    )


def _apart(measured: dict[str, Any]) -> bool:
    """Whether an accuracy on the same data is not the card's."""
    said = measured["card"]["correct"]
    return bool(measured["comparable"] and said is not None and abs(measured["correct"] - said) > TOLERANCE)


def _judge(results: dict[str, Any]) -> None:
    """Refuse where an accuracy on the same data is not the card's."""
    wrong = [
        f"{name} names {measured['correct']} rightly, its card says {measured['card']['correct']}"
        for name, measured in results.items()
        if _apart(measured)
    ]
    if wrong:
        raise UserError(f"{len(wrong)} of {len(results)} differ by more than {TOLERANCE} image: {'; '.join(wrong)}")
