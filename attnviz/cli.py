"""The command line: ``attnviz explore | train | evaluate | verify | cost | describe``.

What a command needs is imported when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from attnviz.errors import UserError


def _train(args: argparse.Namespace) -> None:
    from attnviz.training.loop import Trainer
    from attnviz.training.recipe import load_recipe

    recipe = load_recipe(args.recipe)
    folder = args.run or Path("runs") / recipe.id
    card = Trainer(recipe, args.data, folder, args.devices).run()
    top1 = f"{card.metrics['top1']} % ({card.metrics['correct']} of {card.metrics['total']})"
    print(f"{card.id}: {top1}; checkpoint in {folder}")


def _evaluate(args: argparse.Namespace) -> None:
    from attnviz.checkpoints import best_device, load
    from attnviz.training.data import load_images
    from attnviz.training.loop import evaluate_checkpoint

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


def _explore(args: argparse.Namespace) -> None:
    from attnviz.export import write_exports
    from attnviz.pipeline import analyse

    analysis = analyse(args.model, args.photo)
    files = write_exports(analysis, args.out, opacity=args.opacity, cmap=args.cmap, scale=args.scale)
    for label, probability in analysis.top():
        print(f"{100 * probability:5.1f} %  {label}")
    print(f"{len(analysis.gates)} gates; {len(files)} files in {args.out}")


def _verify(args: argparse.Namespace) -> None:
    from attnviz.checkpoints import checkpoint_ids
    from attnviz.verify import verify

    problems = 0
    for name in args.checkpoints or checkpoint_ids():
        card, differences = verify(name, write=args.write)
        top1 = f"{card.metrics['top1']} % of {card.metrics['total']}" if card.metrics else "not measured"
        print(f"{card.id}: sha256 {card.sha256[:12]}…, top-1 {top1}")
        for scene, answer in card.answers.items():
            print("  " + f"{scene}: " + ", ".join(f"{label} {100 * p:.1f} %" for label, p in answer))
        for text in differences:
            print(f"  differs: {text}")
        problems += len(differences)
    if problems:
        raise UserError(f"{problems} answers differ from the published ones")


def _option(text: str) -> tuple[str, object]:
    """``"width=0.5"`` -> ``("width", 0.5)``; what is no JSON is a word."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"an option is NAME=VALUE, got {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _cost(args: argparse.Namespace) -> None:
    from attnviz.cost import measure

    attentions = [name.strip() for name in args.attention.split(",")] if args.attention else []
    table = measure(args.backbone, attentions, args.size, args.classes, dict(args.option), args.repeats)
    if args.json:
        print(json.dumps(table.to_json(), indent=1, ensure_ascii=False))
    else:
        print(table.as_markdown() if args.markdown else table.as_text())


def _describe(args: argparse.Namespace) -> None:
    from attnviz.describe import describe

    described = describe(args.type, args.channels, args.height, args.width, dict(args.option))
    print(json.dumps(described.to_json(), indent=1, ensure_ascii=False) if args.json else described.as_text())


def _gates(args: argparse.Namespace) -> None:
    from attnviz.gates.table import as_rows, as_text, gates_of
    from attnviz.loading import load

    sites = gates_of(load(args.model, pretrained=not args.untrained))
    print(json.dumps(as_rows(sites), indent=1) if args.json else as_text(sites))


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="attnviz", description="See, test and trust the attention gates inside a convolutional network."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    explore = commands.add_parser("explore", help="predictions, masks and channel scores of one photograph, as files")
    explore.add_argument("photo", help="an image file")
    explore.add_argument("--model", default="cbam", help="id of a bundled checkpoint, or a path to one (default cbam)")
    explore.add_argument("--out", type=Path, required=True, help="folder for the pictures, gates.csv and analysis.json")
    explore.add_argument("--opacity", type=float, default=0.55, help="of the masks, 0..1 (default 0.55)")
    explore.add_argument("--cmap", default="viridis", help="colour map of the masks (default viridis)")
    explore.add_argument("--scale", default="fixed", help="fixed (0..1, default) or stretch (min..max of each mask)")
    explore.set_defaults(run_command=_explore)

    train = commands.add_parser("train", help="train a recipe; an interrupted run goes on where it stopped")
    train.add_argument("recipe", help="a TOML file, or the name of a bundled recipe")
    train.add_argument("--data", type=Path, required=True, help="folder with train/<class>/… and val/<class>/…")
    train.add_argument("--run", type=Path, help="folder of the run (default runs/<recipe id>)")
    train.add_argument("--devices", type=int, default=1, help="number of GPUs, or of CPU processes (default 1)")
    train.set_defaults(run_command=_train)

    evaluate = commands.add_parser("evaluate", help="measure a checkpoint's accuracy on a validation split")
    evaluate.add_argument("checkpoint", help="id of a bundled checkpoint, or a path to one")
    evaluate.add_argument("--data", type=Path, required=True, help="folder with val/<class>/…")
    evaluate.add_argument("--json", action="store_true", help="print JSON, with the accuracy per class")
    evaluate.set_defaults(run_command=_evaluate)

    verify = commands.add_parser("verify", help="compare checkpoints with their cards: hashes, answers to the samples")
    verify.add_argument("checkpoints", nargs="*", help="ids or paths (default: all bundled ones)")
    verify.add_argument("--write", action="store_true", help="publish the answers in the cards")
    verify.set_defaults(run_command=_verify)

    cost = commands.add_parser("cost", help="what attention costs in a backbone: parameters, MACs, memory, time")
    cost.add_argument("backbone", help="e.g. vgg16, resnet, mobilenet-v2, densenet, efficientnet, compact-resnet")
    cost.add_argument("--attention", help="types, separated by commas (default all); none is always measured")
    cost.add_argument("--size", type=int, default=224, help="side of the input in pixels (default 224)")
    cost.add_argument("--classes", type=int, default=1000, help="number of classes (default 1000)")
    cost.add_argument("--option", type=_option, action="append", default=[], help="of the backbone, as NAME=VALUE")
    cost.add_argument("--repeats", type=int, default=10, help="timed passes (default 10); 0 leaves the time out")
    cost.add_argument("--json", action="store_true", help="print JSON")
    cost.add_argument("--markdown", action="store_true", help="print a Markdown table")
    cost.set_defaults(run_command=_cost)

    describe = commands.add_parser("describe", help="formula, shapes, parameters and paper of an attention type")
    describe.add_argument("type", help="e.g. cbam, se, eca, self-attention")
    describe.add_argument("--channels", type=int, default=64, help="C of the features (default 64)")
    describe.add_argument("--height", type=int, default=32, help="H of the features (default 32)")
    describe.add_argument("--width", type=int, default=32, help="W of the features (default 32)")
    describe.add_argument("--option", type=_option, action="append", default=[], help="of the type, as NAME=VALUE")
    describe.add_argument("--json", action="store_true", help="print JSON")
    describe.set_defaults(run_command=_describe)
    gates = commands.add_parser("gates", help="the attention gates of a model: names, kinds, shapes, how they are read")
    gates.add_argument("model", help="a checkpoint, or timm:NAME or torchvision:NAME for a published network")
    gates.add_argument("--json", action="store_true", help="print JSON")
    gates.add_argument("--untrained", action="store_true", help="random weights: nothing is fetched")
    gates.set_defaults(run_command=_gates)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, or 2 where the user's input cannot be used."""
    args = parser().parse_args(arguments)
    try:
        args.run_command(args)
        sys.stdout.flush()
    except UserError as error:
        print(f"attnviz: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe has seen enough, as in ``attnviz gates MODEL | head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("attnviz: interrupted", file=sys.stderr)
        return 130
    return 0
