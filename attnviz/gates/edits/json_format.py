"""A list of edits as JSON, and back: plain values only, checked one by one, with the version of the format.

::

    {"format": "attnviz-edits", "version": 1, "model": "cbam", "weights": "<sha256>",
     "steps": [{"gate": "stage4.1.attention.channel", "action": "knock_out", "channels": [3, 17]},
               {"gate": "stage4.1.attention.spatial", "action": "paint", "value": {"shape": [8, 8], "values": […]}}],
     "recorded": {"input": "<sha256>", "logits": […], "device": "cpu", "torch": "2.12.0"}}

Numbers are float32, written so that they are read back bit for bit.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from attnviz.core.checks import is_number, is_whole
from attnviz.core.errors import UserError, nearest
from attnviz.core.types import Analysis, Edit, Floats, PreparedImage
from attnviz.gates.edit import knock_out, mean, neutral, paint, scale, set_to, shuffle
from attnviz.gates.edits.edit_list import MAX_STEPS, MAX_VALUES, EditList, EditStep

FORMAT, VERSION = "attnviz-edits", 1
MAX_BYTES = 16 * 2**20
MAX_CHANNELS = 65_536
MAX_CLASSES = 100_000
LARGEST = 3.4028235e38
"""The largest float32, as it is written."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """What a model answered under the edits, so that a replay can be compared with it.

    Attributes:
        input: ``fingerprint`` of what the network saw.
        logits: (K,) float32.
        device: Where it ran.
        torch: Version.
    """

    input: str
    logits: Floats
    device: str = ""
    torch: str = ""

    @classmethod
    def of(cls, analysis: Analysis) -> Recorded:
        """From an analysis that was made under the edits."""
        facts = analysis.facts
        machine = str(facts.get("device", "")), str(facts.get("torch", ""))
        return cls(fingerprint(analysis.image), analysis.logits, *machine)

    def compare(self, analysis: Analysis) -> tuple[str, float | None]:
        """Whether a replay gave the same logits: ``equal`` bit for bit, ``differs`` or ``other photograph``.

        The largest difference is given where the photograph is the same.

        Raises:
            UserError: Another number of classes was recorded.
        """
        if self.input != fingerprint(analysis.image):
            return "other photograph", None
        if self.logits.shape != analysis.logits.shape:
            raise UserError(f"the file records {len(self.logits)} logits, the model has {len(analysis.logits)}")
        same = np.array_equal(self.logits, analysis.logits)
        return "equal" if same else "differs", float(np.abs(self.logits - analysis.logits).max())


@dataclass(frozen=True)
class Document:
    """What an edits file holds: the list, and where it is known what it led to."""

    edits: EditList
    recorded: Recorded | None = None


def fingerprint(image: PreparedImage) -> str:
    """sha256 of exactly the pixels that the network saw, hexadecimal."""
    shape = "x".join(map(str, image.network.shape))
    return hashlib.sha256(shape.encode() + image.network.tobytes()).hexdigest()


# writing ------------------------------------------------------------------------------------------------------


def _number(value: np.float32) -> float:
    """The shortest number that is read back as the same float32."""
    short = float(str(value))
    return short if np.float32(short) == value else float(value)


def _plain(values: Floats) -> Any:
    """A number as it is, an array as its shape and its values in order."""
    if not values.ndim:
        return _number(np.float32(values))
    return {"shape": list(values.shape), "values": [_number(value) for value in values.ravel()]}


def _step(step: EditStep) -> dict[str, Any]:
    change = step.edit
    parts: dict[str, Any] = {"gate": step.gate, "action": change.action}
    if change.value is not None:
        parts["value"] = _plain(change.value)
    if change.channels:
        parts["channels"] = list(change.channels)
    if change.action == "shuffle":
        parts |= {"over": change.over, "seed": change.seed}
    return parts


def to_json(document: Document) -> str:
    """The document as JSON text, one step a line."""
    edits, recorded = document.edits, document.recorded
    head = {"format": FORMAT, "version": VERSION, "model": edits.model, "weights": edits.weights}
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    steps = ",\n  ".join(json.dumps(_step(step), ensure_ascii=False) for step in edits.steps)
    lines.append(f'"steps": [{steps}]')
    if recorded is not None:
        logits = [_number(value) for value in recorded.logits]
        facts = {"input": recorded.input, "logits": logits, "device": recorded.device, "torch": recorded.torch}
        lines.append(f'"recorded": {json.dumps(facts)}')
    return "{" + ",\n ".join(lines) + "}\n"


# reading ------------------------------------------------------------------------------------------------------


def _refuse_constant(name: str) -> NoReturn:
    raise UserError(f"edits hold finite numbers only, got {name}")


def _object(values: Any, what: str, needed: tuple[str, ...], allowed: tuple[str, ...] = ()) -> dict[str, Any]:
    """A JSON object with all of ``needed`` and nothing but them and ``allowed``."""
    if not isinstance(values, dict):
        raise UserError(f"{what} must be a JSON object, got {type(values).__name__}")
    for key in needed:
        if key not in values:
            raise UserError(f"{what} lacks {key!r}")
    for key in values:
        if key not in needed + allowed:
            raise UserError(f"{what} has an unknown key {key[:60]!r}; {nearest(key[:60], needed + allowed)}")
    return values


def _text(value: Any, what: str, most: int = 300) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise UserError(f"{what} must be text of at most {most} characters, got {repr(value)[:60]}")
    return value


def _list(value: Any, what: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        given = f"{len(value)} of them" if isinstance(value, list) else type(value).__name__
        raise UserError(f"{what} must be a list of at most {most}, got {given}")
    return value


def _floats(value: Any, what: str, most: int = MAX_VALUES) -> npt.NDArray[np.float64]:
    """(n,) of a list of plain numbers; JSON's ``true`` and ``"1"`` are none."""
    for number in _list(value, what, most):
        if not is_number(number, -LARGEST, LARGEST):
            raise UserError(f"{what} must be numbers that fit float32, got {repr(number)[:60]}")
    return np.array(value, dtype=np.float64)


def _array(value: Any, what: str) -> Any:
    """A number, or an object with ``shape`` and ``values``."""
    if not isinstance(value, dict):
        return _floats([value], what)[0]
    parts = _object(value, what, ("shape", "values"))
    shape = _list(parts["shape"], f"the shape of {what}", 8)
    if not all(is_whole(n, 1, MAX_VALUES) for n in shape):
        raise UserError(f"the shape of {what} must be whole numbers of at least 1, got {repr(shape)[:60]}")
    values = _floats(parts["values"], what)
    if math.prod(shape) != values.size:
        raise UserError(f"{what} of shape {shape} must hold {math.prod(shape)} numbers, got {values.size}")
    return values.reshape(shape)


def _channels(values: Mapping[str, Any]) -> list[Any]:
    channels = _list(values.get("channels", []), "channels", MAX_CHANNELS)
    if "channels" in values and not channels:
        raise UserError("channels must name at least one; leave the key out for all of them")
    return channels


def _shuffle(values: Mapping[str, Any]) -> Edit:
    return shuffle(_text(values["over"], "over"), values["seed"])


_READ: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Mapping[str, Any]], Edit]]] = {
    "neutral": ((), (), lambda v: neutral()),
    "set_to": (("value",), (), lambda v: set_to(_array(v["value"], "a value"))),
    "scale": (("value",), ("channels",), lambda v: scale(_array(v["value"], "a factor"), *_channels(v))),
    "knock_out": (("channels",), (), lambda v: knock_out(*_channels(v))),
    "mean": (("value",), (), lambda v: mean(_array(v["value"], "a reference"))),
    "shuffle": (("over", "seed"), (), _shuffle),
    "paint": (("value",), (), lambda v: paint(_array(v["value"], "a mask"))),
}
"""For each action the keys it needs, those it may have, and what makes the edit."""


def _read_step(number: int, given: Any) -> EditStep:
    what = f"edit {number}"
    keys = ("gate", "action", "value", "channels", "over", "seed")
    values = _object(given, what, ("gate", "action"), keys)
    action = _text(values["action"], f"the action of {what}")
    if action not in _READ:
        raise UserError(f"{what}: unknown action {action!r}; {nearest(action, _READ)}")
    needed, allowed, make = _READ[action]
    _object(values, f"{what} ({action})", ("gate", "action", *needed), allowed)
    try:
        return EditStep(_text(values["gate"], "a gate"), make(values))
    except UserError as error:
        raise UserError(f"{what}: {error}") from error


def _read_recorded(given: Any) -> Recorded:
    values = _object(given, "recorded", ("input", "logits"), ("device", "torch"))
    logits = _floats(values["logits"], "recorded logits", MAX_CLASSES).astype(np.float32)
    logits.setflags(write=False)
    texts = {key: _text(values.get(key, ""), f"recorded {key}") for key in ("input", "device", "torch")}
    return Recorded(logits=logits, **texts)


def from_json(data: str | bytes) -> Document:
    """Read a document; whether it fits a model is checked by ``EditList.check``.

    Raises:
        UserError: It is no edits file of a version this attnviz reads, or a value is outside its limits.
    """
    if len(data) > MAX_BYTES:
        raise UserError(f"edits have at most {MAX_BYTES // 2**20} MiB, got {len(data):,} bytes")
    try:
        values = json.loads(data, parse_constant=_refuse_constant)
    except UserError:
        raise
    except (ValueError, RecursionError) as error:
        raise UserError(f"edits must be JSON as attnviz writes it: {str(error)[:120]}") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise UserError(f'edits must be a JSON object with "format": "{FORMAT}", as attnviz writes it')
    if values.get("version") != VERSION or isinstance(values["version"], bool):
        raise UserError(f"this attnviz reads version {VERSION} of edits, got {repr(values.get('version'))[:60]}")
    _object(values, "the file", ("format", "version", "model", "steps"), ("weights", "recorded"))
    steps = _list(values["steps"], "steps", MAX_STEPS)
    edit_steps = tuple(_read_step(number, step) for number, step in enumerate(steps, 1))
    edits = EditList(_text(values["model"], "model"), edit_steps, _text(values.get("weights", ""), "weights"))
    return Document(edits, _read_recorded(values["recorded"]) if "recorded" in values else None)
