"""What must be said beside an answer: where it rests on an assumption, or on a photograph that does not suit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NOTES: Mapping[str, str] = {
    "unlike": (
        "This photograph looks unlike those that the network learned from: its answer may mean nothing. The same is "
        "said of {known} of 100 photographs of classes that it knows, and of {caught} of 100 of other classes."
    ),
    "unlike_enlarged": (
        "This photograph looks unlike those that the network learned from: its answer may mean nothing. The same is "
        "said of {known} of 100 photographs of classes that it knows, and of {caught} of 100 small ones of other "
        "classes, enlarged; but also of {blurred} of 100 of known classes made as small: blur is part of what is seen."
    ),
    "squeezed": (
        "The photograph is squeezed to {ratio} times its proportions before the network sees it. Cut out the part "
        "that matters and give that."
    ),
    "part": (
        "The network sees only the middle {share} % of this photograph. Cut out the part that matters and give that."
    ),
    "tiny": (
        "The network sees {width}×{height} pixels blown up to {wide}×{high}: too few to show anything. Give a "
        "larger photograph."
    ),
    "softmax": (
        "Assumed: the network gives logits of classes that exclude each other (softmax). If each class is a yes or "
        'no of its own, give scores="sigmoid".'
    ),
    "unseen": (
        "Assumed: the network's numbers are shown as they are, since it cannot be seen how they are made. Give scores= "
        "(--scores) for probabilities: softmax, sigmoid or probabilities."
    ),
    "number": (
        "Assumed: the network gives one number, shown as it is. If it is the logit of a yes or no, give "
        'scores="sigmoid".'
    ),
    "several": (
        "Assumed: the answer is the output {name!r}, one of {count}. Give output= (--output) for another: {others}."
    ),
    "averaged": (
        "The network answers at every place of the picture; shown is the mean over the picture. Give at=(down, across) "
        "(--at 0.5,0.5) for one place."
    ),
    "normalisation": (
        "Assumed: values are normalised as for ImageNet (mean 0.485, 0.456, 0.406 and std 0.229, 0.224, 0.225). Give "
        "mean= and std= (--mean, --std) for another."
    ),
    "left_out": "The file also holds {count} tensors that are no part of the network and were left out: {keys}.",
    "read": "Read from {file}: {fields}. Options say otherwise.",
    "window": (
        "The picture's values, {least} to {most}, lie outside of the window {low} to {high} or at its edge: the "
        "network sees nearly one colour. Give the window of such pictures, window=(low, high) (--window LOW,HIGH)."
    ),
    "twelve_bits": (
        "Assumed: values up to {most} in a 16-bit picture are 12-bit values, so 4095 is shown as white. Give "
        "window=(low, high) (--window 0,65535) for another range."
    ),
}
"""English sentences by key; values are put in by name."""

SQUEEZED = 2.0
"""Change of proportions beyond which it is said: photographs are mostly 4:3 or 3:2, and training changes some more."""
PART = 50
"""Share of the photograph in per cent below which it is said that the rest is not seen."""
TINY = 1 / 8
"""Pixels of the photograph for one of the network's, along a side, below which it is said."""


@dataclass(frozen=True)
class Note:
    """One sentence.

    Attributes:
        key: Of ``NOTES``.
        values: What is put into it.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence in English."""
        return NOTES[self.key].format(**self.values)


ASSUMED = "attnviz-assumed"
"""Key of a Pillow image's ``info`` under which stand the notes on how it was decoded."""
FULL_12_BITS = 4095
"""The largest value of 12 bits, in which medical and scientific cameras write into 16-bit files."""


def notes_on(seen: tuple[int, int], whole: tuple[int, int], given: tuple[int, int]) -> tuple[Note, ...]:
    """What is to be said about a photograph, given how much of it a network sees, and at what size.

    Args:
        seen: (width, height) in pixels of the photograph.
        whole: The same of all of it.
        given: (width, height) of the network's input.
    """
    notes = []
    across, down = seen[0] / given[0], seen[1] / given[1]
    if (ratio := max(across / down, down / across)) > SQUEEZED:
        notes.append(Note("squeezed", {"ratio": f"{ratio:.1f}"}))
    share = 100 * seen[0] * seen[1] / (whole[0] * whole[1])
    if share < PART:
        notes.append(Note("part", {"share": f"{share:.2g}"}))
    if min(across, down) < TINY:
        notes.append(Note("tiny", dict(zip(("width", "height", "wide", "high"), (*seen, *given), strict=True))))
    return tuple(notes)
