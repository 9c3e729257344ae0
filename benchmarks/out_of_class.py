"""Which simple score tells photographs of other classes from those that a network was trained on.

``python -m benchmarks.out_of_class --data IMAGENETTE --foreign CIFAR --foreign-classes bird,cat,deer,frog,horse`` takes
about a minute a network on two CPU cores; ``--models`` says which ones, and networks that are already in the file of
results are kept as they are. For every network, every score and every kind of picture it prints the AUROC and how many
of the pictures pass where 95 % of the validation photographs do.

The pictures: photographs of other classes; the app's own sample photographs, which are few but sharp; noise; one
colour; validation photographs in negative; and, as a control, validation photographs reduced to 32 pixels and
enlarged, as pictures of CIFAR-10 are: they show classes that are known, and a score that calls these unlike sees
blur. ``equal blur`` is the AUROC of other classes against those instead of against the sharp ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from attnviz.analysis.analyser import Analyser
from attnviz.audit.foreign import foreign_photographs, spread
from attnviz.audit.network import AuditedNetwork
from attnviz.audit.photographs import Photographs, given, in_folder
from attnviz.audit.walk import walk
from attnviz.core.likeness import Subspace, unit
from attnviz.core.scores import probabilities
from attnviz.gates.pooled import pooled
from attnviz.images.sample_table import RENDERED, SAMPLES
from attnviz.images.samples import load_sample
from attnviz.models.checkpoints import load
from attnviz.models.provenance import facts
from attnviz.models.results import FOLDER, add_force, check_results, write_results

Doubles = NDArray[np.float64]
PASS = 0.95
"""Share of the validation photographs that pass."""
NEIGHBOURS = 10
SMALL = 32
CONTROL = "known, 32 pixels"


class Fitted:
    """What the scores over features, or over logits, need of training photographs.

    Args:
        features: (N, D) of training photographs.
        targets: (N,) their classes.
    """

    def __init__(self, features: Doubles, targets: NDArray[np.int64]) -> None:
        classes = np.unique(targets)
        self.means = np.stack([features[targets == k].mean(0) for k in classes])
        within = features - self.means[np.searchsorted(classes, targets)]
        floor = 0.01 * max(float(within.var(0).mean()), 1e-12)
        self.variance = within.var(0) + floor
        self.precision = np.linalg.inv(within.T @ within / len(within) + floor * np.eye(within.shape[1]))
        self.units = unit(features)
        self.subspace = Subspace.of(features)

    def distance(self, features: Doubles) -> Doubles:
        """To the nearest class mean, in standard deviations that all classes share (Lee et al. 2018, diagonal)."""
        return -np.min([(np.square(features - mean) / self.variance).sum(1) for mean in self.means], 0)

    def covariance(self, features: Doubles) -> Doubles:
        """The same with all covariances, D² numbers (Lee et al. 2018)."""
        apart = [features - mean for mean in self.means]
        return -np.min([((each @ self.precision) * each).sum(1) for each in apart], 0)

    def angle(self, features: Doubles) -> Doubles:
        """Cosine with the nearest class mean."""
        return (unit(features) @ unit(self.means).T).max(1)

    def neighbours(self, features: Doubles) -> Doubles:
        """Cosine with the k-th nearest training photograph, N · D numbers (Sun et al. 2022)."""
        near = np.sort(unit(features) @ self.units.T, 1)
        return near[:, -min(NEIGHBOURS, near.shape[1])]

    def remainder(self, features: Doubles) -> Doubles:
        """What is left of the features outside of the directions in which those of training photographs vary most."""
        return -self.subspace.remainder(features)


Score = Callable[[Doubles, Doubles, Fitted, Fitted], Doubles]
SCORES: Mapping[str, Score] = {
    "largest probability": lambda logits, *_: probabilities(logits.astype(np.float32)).max(1).astype(np.float64),
    "largest logit": lambda logits, *_: logits.max(1),
    "energy": lambda logits, *_: np.logaddexp.reduce(logits, 1),
    "distance of logits": lambda logits, _, fitted, __: fitted.distance(logits),
    "distance": lambda _, features, __, fitted: fitted.distance(features),
    "covariance": lambda _, features, __, fitted: fitted.covariance(features),
    "angle": lambda _, features, __, fitted: fitted.angle(features),
    "neighbours": lambda _, features, __, fitted: fitted.neighbours(features),
    "remainder": lambda _, features, __, fitted: fitted.remainder(features),
}
"""Each is higher for what is more like the training data: Hendrycks and Gimpel 2017, Hendrycks et al. 2022, Liu et al.
2020, Lee et al. 2018, Sun et al. 2022, and the residual of Wang et al. 2022 (ViM) on features of length 1."""


def auroc(known: Doubles, other: Doubles) -> float:
    """Chance that one of the known has a higher score than one of the others; equal ones count half."""
    order = np.sort(known)
    below = np.searchsorted(order, other, "left")
    equal = np.searchsorted(order, other, "right") - below
    return float((len(known) - below - equal / 2).mean() / len(known))


def passing(known: Doubles, other: Doubles) -> float:
    """Share of the others that pass where ``PASS`` of the known do (FPR at 95 % TPR)."""
    return float((other >= np.quantile(known, 1 - PASS)).mean())


def made(known: Photographs, size: tuple[int, int], count: int) -> dict[str, Photographs]:
    """The pictures that are made: of validation photographs, and of nothing."""
    chance = np.random.default_rng(0)
    photos = [Image.open(path).convert("RGB") for path in spread(known, count).sources]
    high, wide = size
    noise = [Image.fromarray(chance.integers(0, 256, (high, wide, 3), np.uint8)) for _ in range(count)]
    colours = [Image.new("RGB", (wide, high), tuple(chance.integers(0, 256, 3).tolist())) for _ in range(count)]
    small = [photo.resize((SMALL, SMALL), Image.Resampling.BICUBIC) for photo in photos]
    sharp = [load_sample(sample.name) for sample in SAMPLES if sample.source != RENDERED]
    pictures = {
        "samples": sharp,
        "noise": noise,
        "one colour": colours,
        "negatives": [ImageOps.invert(photo) for photo in photos],
        CONTROL: small,
    }
    return {name: given(images, ()) for name, images in pictures.items()}


def read(network: AuditedNetwork, photographs: Photographs) -> tuple[Doubles, Doubles]:
    """Logits (N, K) and pooled features (N, D), what the last linear layer is given."""
    with pooled(network.loaded.module) as passes:
        logits = [network.logits(x) for _, x in walk(network, photographs)]
    return np.concatenate(logits).astype(np.float64), torch.cat(passes).cpu().numpy().astype(np.float64)


def measure(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """One network: for each score and kind of picture AUROC and what passes, and how sure the network is of them."""
    started, loaded = time.perf_counter(), load(name)
    network = AuditedNetwork(Analyser(loaded))
    known = spread(in_folder(args.data, loaded.labels), args.images)
    train = spread(in_folder(args.data, loaded.labels, "train"), args.fit)
    foreign, _ = foreign_photographs(args.foreign, args.foreign_classes, loaded.labels)
    kinds = {"other classes": spread(foreign, args.images), **made(known, loaded.input.size, args.made)}
    fitted = [Fitted(values, train.targets) for values in read(network, train)]
    at_home = read(network, known)
    row: dict[str, Any] = {"name": name, "sure": {"known": _sure(at_home[0])}, "scores": {}}
    scored = {score: rule(*at_home, *fitted) for score, rule in SCORES.items()}
    outputs = {kind: read(network, photographs) for kind, photographs in kinds.items()}
    row["sure"] |= {kind: _sure(logits) for kind, (logits, _) in outputs.items()}
    for score, rule in SCORES.items():
        values = {kind: rule(*output, *fitted) for kind, output in outputs.items()}
        row["scores"][score] = {
            kind: {"auroc": round(auroc(scored[score], of), 4), "passing": round(passing(scored[score], of), 4)}
            for kind, of in values.items()
        }
        row["scores"][score]["other classes"]["equal blur"] = round(auroc(values[CONTROL], values["other classes"]), 4)
    row["images"] = {"known": len(known), "fit": len(train), **{kind: len(some) for kind, some in kinds.items()}}
    return row | {"measured": facts(network.analyser.device, time.perf_counter() - started)}


def _sure(logits: Doubles) -> float:
    return round(float(probabilities(logits.astype(np.float32)).max(1).mean()), 4)


def report(row: Mapping[str, Any]) -> str:
    """A table as text."""
    kinds = list(next(iter(row["scores"].values())))
    head = (
        f"{row['name']}: AUROC / passing where 95 % of the known do\n" + " " * 22 + "".join(f"{k:>19}" for k in kinds)
    )
    lines = [
        f"{score:22}" + "".join(f"{told[kind]['auroc']:>11.3f} / {told[kind]['passing']:.3f}" for kind in kinds)
        for score, told in row["scores"].items()
    ]
    blur = ", ".join(f"{score} {told['other classes']['equal blur']:.3f}" for score, told in row["scores"].items())
    lines.append(f"AUROC of other classes at equal blur: {blur}")
    return "\n".join([head, *lines, f"{'sure on average':22}" + "".join(f"{row['sure'][k]:>19.3f}" for k in kinds)])


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what is not in the file yet; print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and val/ of the known classes")
    parser.add_argument("--foreign", type=Path, required=True, help="folder of class folders of other classes")
    parser.add_argument("--foreign-classes", type=lambda text: text.split(","), required=True, help="which of them")
    parser.add_argument("--models", nargs="+", required=True)
    parser.add_argument("--images", type=int, default=1000, help="known photographs, and as many of other classes")
    parser.add_argument("--fit", type=int, default=1000, help="training photographs for scores over features")
    parser.add_argument("--made", type=int, default=200, help="of each kind of picture that is made")
    parser.add_argument("--out", type=Path, default=FOLDER / "out-of-class.json")
    add_force(parser)
    args = parser.parse_args(argv)
    settings = {"images": args.images, "fit": args.fit, "made": args.made}
    check_results(args.out, settings, args.force)
    command = (
        f"python -m benchmarks.out_of_class --data {args.data.name} --foreign {args.foreign.name} "
        f"--foreign-classes {','.join(args.foreign_classes)}"
    )
    rows = [] if args.force or not args.out.exists() else _rows(args.out)
    for name in args.models:
        row = {**measure(name, args), "command": f"{command} --models {name}"}
        rows = [*(each for each in rows if each["name"] != name), row]
        write_results(args.out, {"pass": PASS, "rows": rows}, settings, force=True)
        print(report(row), flush=True)


def _rows(file: Path) -> list[dict[str, Any]]:
    import json

    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["rows"]
    return rows


if __name__ == "__main__":
    main()
