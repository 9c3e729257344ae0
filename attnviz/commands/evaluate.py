"""Measure a checkpoint on a validation split."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from attnviz.commands import Command


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="id of a bundled checkpoint, or a path to one")
    parser.add_argument("--data", type=Path, required=True, help="folder with val/<class>/…")
    parser.add_argument("--json", action="store_true", help="print JSON, with the accuracy per class")


def _run(args: argparse.Namespace) -> None:
    from attnviz.checkpoints import best_device, load
    from attnviz.training.data import load_images
    from attnviz.training.evaluation import evaluate_checkpoint

    loaded = load(args.checkpoint, device=best_device())
    images = load_images(args.data, "val", loaded.spec.input.size[0])
    measured = evaluate_checkpoint(loaded, images)
    if args.json:
        print(json.dumps(measured, indent=1))
        return
    print(f"{loaded.name}: top-1 {measured['top1']} % ({measured['correct']} of {measured['total']})")
    if measured["comparable"]:
        card = loaded.card.metrics
        print(f"the card says  {card['top1']} % ({card['correct']} of {card['total']}), same data")
    else:
        print("not comparable with the card: these are other data (the fingerprints differ)")


COMMAND = Command("measure a checkpoint's accuracy on a validation split", _options, _run)
