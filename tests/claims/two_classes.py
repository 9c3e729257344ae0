"""The page that goes from a drawn folder to an audit."""

from attnviz.models.results import read_results
from tests.claims.shared import Claims

PAGE = "docs/two-classes.md"


def two_classes() -> Claims:
    kept = read_results("two-classes")
    metrics, training, audit = kept["metrics"], kept["training"], kept["run"]
    right = f"{metrics['top1']} % ({metrics['correct']} of {metrics['total']})"
    pictures = kept["settings"]["pictures"]
    yield PAGE, f"{2 * sum(pictures.values())} pictures in leaves"
    yield PAGE, f"densenet-se-15: {right}; checkpoint in runs/densenet-se-15"
    yield PAGE, f"top-1 {right}; the card says {right}, same data"
    yield PAGE, f"sure of {metrics['confidence']} % on average, calibration error {metrics['ece']} %"
    assert metrics["confidence"] < metrics["top1"] and training["hardware"] == audit["hardware"] == "1 CPU thread"
    yield PAGE, f"It took {training['seconds'] / 60:.0f} minutes on one thread of a busy machine"
    yield PAGE, f"and {audit['seconds'] / 60:.0f} minutes there"
    for sentence in kept["sentences"]:
        yield PAGE, sentence["en"]
    assert [sentence["rule"] for sentence in kept["sentences"]] == ["constant_open", "follows"]
    mean, same, other = (kept["together"][key] for key in ("mean", "same_class", "other_class"))
    yield (
        PAGE,
        f"are lost where all {kept['gates']} gates are replaced by their mean: {mean['lost']} answers of {kept['data']['tested']}",
    )
    yield PAGE, f"against {mean['won']} won (p = {mean['p']:.2f})"
    yield PAGE, f"{same['lost']} lost and {same['won']} won (p = {same['p']:.4f})"
    yield PAGE, f"of the other class, {other['lost']} and {other['won']}"
    assert mean["p"] > 0.05 > same["p"] and other["p"] > 0.05
