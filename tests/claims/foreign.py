"""Sentences about photographs of classes that a network never learned."""

from attnviz.core.likeness import DIRECTIONS
from attnviz.models.checkpoints import checkpoint_ids, load_card
from attnviz.models.results import read_results
from tests.claims.shared import RESULTS, WORDS, Claims

SHOWN = ("cbam", "none", "densenet-15", "eca", "vgg-15", "noise-rgb", "noise-attention")


def sure() -> Claims:
    """What cards say, each measured with ``attnviz evaluate --foreign … --write``."""
    cbam, digits = (load_card(name).metrics for name in ("cbam", "digits"))
    foreign = cbam["foreign"]
    assert foreign["classes"] == ["bird", "cat", "deer", "frog", "horse"] == digits["foreign"]["classes"]
    yield (
        RESULTS,
        f"`cbam` is right for {cbam['top1']} % of its validation photographs and sure of {cbam['confidence']} % on average",
    )
    yield RESULTS, f"(it learned with smoothed labels; ECE {cbam['ece']} %)"
    yield (
        RESULTS,
        f"Of {foreign['images']:,} enlarged animals of CIFAR-10, none of which it knows, it is sure of {foreign['confidence']} % on",
    )
    yield RESULTS, f"average, and above one half for {foreign['above_half']} % of them"
    yield RESULTS, f"`digits` takes the same animals for digits and is sure of {digits['foreign']['confidence']} %"
    yield RESULTS, "calibration error (ECE, 15 bins)"


def told_apart() -> Claims:
    """Which score tells them apart."""
    kept = read_results("out-of-class")
    rows = {row["name"]: row["scores"] for row in kept["rows"]}
    assert set(SHOWN) <= set(rows) and kept["pass"] == 0.95
    counts = kept["rows"][0]["images"]
    yield (
        RESULTS,
        f"{counts['known']:,} validation photographs, as many of other classes; {counts['fit']:,} training photographs",
    )
    yield RESULTS, "where 95 % of the validation photographs pass"
    for score in rows["cbam"]:
        cells = (rows[name][score]["other classes"] for name in SHOWN)
        yield (
            RESULTS,
            f"| {score} | " + " | ".join(f"{c['auroc']:.2f} ({100 * c['passing']:.0f})" for c in cells) + " |",
        )
    enlarged = [name for name in SHOWN if not name.startswith("noise")]
    rest = [rows[name]["remainder"] for name in enlarged]
    for name in enlarged:
        best = max(rows[name], key=lambda score: rows[name][score]["other classes"]["auroc"])
        assert best == "remainder", name
    low, high = (end(row["other classes"]["auroc"] for row in rest) for end in (min, max))
    yield RESULTS, f"is best in all {WORDS[len(enlarged)]} networks of Imagenette (AUROC {low:.2f} to {high:.2f})"
    yield RESULTS, f"in its {DIRECTIONS} strongest directions"
    blur = [row["other classes"]["equal blur"] for row in rest]
    called = [100 - 100 * row["known, 32 pixels"]["passing"] for row in rest]
    yield RESULTS, f"of known classes reduced to 32 pixels {min(called):.0f} to {max(called):.0f} % are called unlike"
    yield RESULTS, f"against these the AUROC is {min(blur):.2f} to {max(blur):.2f}"
    sharp = {name: round(counts["samples"] * (1 - rows[name]["remainder"]["samples"]["passing"])) for name in enlarged}
    yield (
        RESULTS,
        f"of the app's {WORDS[counts['samples']]} sharp sample photographs `cbam` calls {WORDS[sharp['cbam']]}",
    )
    own = [rows[name] for name in SHOWN if name.startswith("noise")]
    best = [max(scores["other classes"]["auroc"] for scores in row.values()) for row in own]
    assert max(best) < 0.8
    caught = [100 - 100 * row["remainder"]["other classes"]["passing"] for row in own]
    yield RESULTS, f"no score reaches 0.8, and the remainder notices {min(caught):.0f} to {max(caught):.0f} %"


def said() -> Claims:
    """What the page's sentence counts, of the cards that tell it."""
    told = {name: load_card(name).metrics.get("unlike") for name in checkpoint_ids()}
    assert {unlike["known"] for unlike in told.values() if unlike} == {5.0}
    yield RESULTS, f"5 of 100 known photographs are called so, and {told['cbam']['caught']:.0f} of 100 enlarged animals"
    yield RESULTS, f"{told['cbam']['blurred']:.0f} of 100 known ones made as small"
