"""Deletion, insertion and sanity checks of masks and attributions on many images."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from attnviz.cli.commands import say
from attnviz.cli.network_options import WHICH, NetworkOptions, network_of, said
from attnviz.core.errors import UserError
from attnviz.models.results import check_results, write_results

if TYPE_CHECKING:
    from attnviz.audit.photographs import Photographs
    from attnviz.models.network import Network


@dataclass(frozen=True, kw_only=True)
class FaithfulnessOptions:
    model: Annotated[str, Argument(help=WHICH)]
    data: Annotated[Path, Option(help="folder with val/<class>/…")]
    images: Annotated[int, Option(help="how many, drawn at random")] = 200
    seed: Annotated[int, Option(help="of the images, random maps and weights")] = 0
    steps: Annotated[int, Option(help="of a curve")] = 64
    deletion_fill: Annotated[str, Option(help="what deleted pixels become: blur, mean, zero or black")] = "zero"
    insertion_fill: Annotated[str, Option(help="the empty picture: blur, mean, zero or black")] = "blur"
    method: Annotated[
        list[str] | None, Option(metavar="METHOD", help="an attribution beside the gates (default grad-cam)")
    ] = None
    random_seeds: Annotated[int, Option(help="random maps for every map")] = 3
    weight_seeds: Annotated[int, Option(help="times the weights are randomised")] = 3
    out: Annotated[Path | None, Option(help="JSON file (default results/faithfulness-<id>.json)")] = None
    force: Annotated[bool, Option(help="replace results that were made with other settings")] = False
    network: NetworkOptions


def run(args: FaithfulnessOptions) -> None:
    from attnviz.analysis.analyser import Analyser
    from attnviz.analysis.faithfulness import study_of
    from attnviz.audit.network import AuditedNetwork
    from attnviz.audit.photographs import in_folder
    from attnviz.audit.walk import batches, draw, walk
    from attnviz.explain.faithfulness.curves import Protocol
    from attnviz.explain.faithfulness.study import Plan
    from attnviz.models.provenance import facts

    if args.images < 2:
        raise UserError(f"--images must be at least 2, got {args.images}")
    protocol = Protocol(args.steps, args.deletion_fill, args.insertion_fill, args.seed)
    methods = tuple(dict.fromkeys(args.method or ["grad-cam"]))
    plan = Plan(protocol, methods, args.random_seeds, args.weight_seeds, args.seed)
    # None, not left out: results made with options are none of a call without
    settings = {"model": args.model, "network": said(args.network) or None, "images": args.images, **asdict(plan)}
    out = args.out or Path("results") / f"faithfulness-{_file_name(args.model)}.json"
    check_results(out, settings, args.force)
    analyser = Analyser(network_of(args.model, args.network))
    study = study_of(analyser, plan)
    photographs = in_folder(args.data, analyser.loaded.labels, fewest=2)
    total = len(photographs)
    if args.images > total:
        raise UserError(f"--images must be at most {total}, the number of validation images, got {args.images}")
    settings["data"] = photographs.content
    check_results(out, settings, args.force)
    drawn = draw(total, args.images, args.seed)
    started = time.perf_counter()
    try:
        for number, (_, x) in enumerate(walk(AuditedNetwork(analyser), photographs, batches(drawn, 1)), 1):
            study.add(x)
            if number % 10 == 0:
                say(f"{number} of {args.images} images, {(time.perf_counter() - started) / number:.1f} s each")
    except KeyboardInterrupt:
        say("stopped; the images that have been measured are summed up")
        settings["images"] = len(study.predictions)
        if out.exists():  # what it holds is of more images
            out = out.with_stem(f"{out.stem}-{len(study.predictions)}-images")
    measured = study.summary(say)
    report = {
        **_asked(analyser.loaded, photographs, study.predictions, drawn),
        "recipe": _recipe(plan),
        **measured,
        "run": facts(analyser.device, time.perf_counter() - started),
    }
    write_results(out, _rounded(report), settings, args.force)
    _print(report)
    print(out)


def _asked(
    loaded: Network, photographs: Photographs, predictions: Sequence[int], drawn: Sequence[int]
) -> dict[str, Any]:
    """The network, and on how many of the images that were drawn it was right; a stopped study has not come to all."""
    hits = sum(answer == int(photographs.targets[i]) for answer, i in zip(predictions, drawn, strict=False))
    return {
        "model": loaded.name,
        "sha256": loaded.checkpoint.sha256 if loaded.checkpoint else None,
        "data": {"images": len(predictions), "of": len(photographs), "fingerprint": photographs.content},
        "class": "the predicted one",
        "correct": hits if photographs.labelled else None,
    }


def _recipe(plan: Any) -> dict[str, Any]:
    """The plan, and how to read what it gives."""
    from attnviz.core.intervals import RESAMPLES
    from attnviz.explain.faithfulness.summary import READING

    return {**asdict(plan), "bootstrap": RESAMPLES, "reading": READING}


def _file_name(model: str) -> str:
    return Path(model).stem if "/" in model else model.replace(":", "-")


def _print(report: dict[str, Any]) -> None:
    """Print a table of it."""
    print(f"{'map':34} {'deletion ↓':>17} {'insertion ↑':>17}  against random of the same grain")
    for row in [*report["maps"], *report["baselines"]]:
        cells = f" {'/'.join(str(c[0]) for c in row['cells'])}" if row["map"] == "random" else ""
        numbers = "".join(f" {row[k]['mean']:9.4f} ± {row[k]['sd']:.3f}" for k in ("deletion", "insertion"))
        verdict = row.get("versus", {}).get("random", {}).get("verdict", "")
        print(f"{row['map'] + cells:34}{numbers}  {verdict}")
    for key in ("deletion", "insertion", "random", "intervals", "limits"):
        print(report["recipe"]["reading"][key])


def _rounded(value: Any) -> Any:
    """Six digits after the point; JSON has no use for more."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, (list, tuple)) else value
