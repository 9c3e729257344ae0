"""A state dict into a network: prefixes are taken off, and what does not fit is said in a short table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from attnviz.backbones.imagenet import OLD_DENSENET_KEY
from attnviz.core.errors import UserError
from attnviz.core.notes import Note
from attnviz.models.weights import cast, with_versions

MOST_LINES = 10
"""Of a table of what does not fit."""
COUNTERS = ("num_batches_tracked", "n_averaged", "total_ops", "total_params")
"""Last parts of keys that decide nothing in eval mode: batches counted, averages counted, costs counted by thop."""


@dataclass(frozen=True)
class Misfit:
    """One key that does not fit: ``missing`` from the file, ``surplus`` in it, or of another ``shape``."""

    key: str
    what: str
    given: tuple[int, ...] | None
    wanted: tuple[int, ...] | None


def fill(module: nn.Module, state: Mapping[str, Tensor], file: str) -> tuple[Note, ...]:
    """Copy weights into a network.

    Args:
        module: The network.
        state: Name -> tensor, as a file has them; a common prefix may be there, or lack.
        file: What the file is called in messages.

    Returns:
        What is to be said: which tensors are no part of the network and were left out.

    Raises:
        UserError: Keys are missing or surplus, or shapes differ; the text is a table of at most ten lines with the
            likely reason.
    """
    every = module.state_dict()
    own = {key: value for key, value in every.items() if isinstance(value, Tensor)}
    matched, others, said = match(state, own)
    misfits = compare({key: tuple(v.shape) for key, v in matched.items()}, {k: tuple(v.shape) for k, v in own.items()})
    if misfits:
        raise UserError(f"{file} does not fit the network: {table(misfits, len(own), len(state), said)}")
    full = {key: matched.get(key, own[key]) for key in own}
    try:
        # what is no tensor (get_extra_state) stays as it is
        module.load_state_dict(with_versions({**every, **cast(full, own)}, every))
    except UserError as error:
        raise UserError(f"{file}: {error}") from error
    if not others:
        return ()
    shown = ", ".join(others[:4]) + (" …" if len(others) > 4 else "")
    return (Note("left_out", {"count": len(others), "keys": shown}),)


def plain_path(path: str) -> str:
    """A path, of a module or a tensor, without the part that ``torch.compile`` puts anywhere into it."""
    return ".".join(part for part in path.split(".") if part != "_orig_mod")


def match(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], tuple[str, ...], str]:
    """The tensors of a file under the network's own names.

    The prefix that brings most keys of the file onto the network's is taken off (``module.model.``), or put in front.

    Returns:
        Tensors by the network's names as far as they go, keys of the file outside the prefix, and what was done to the
        prefix in words.
    """
    plain = {plain_path(key): value for key, value in state.items() if key.rpartition(".")[2] not in COUNTERS[1:]}
    if not any(OLD_DENSENET_KEY.search(key) for key in own):
        plain = {OLD_DENSENET_KEY.sub(r"\1", key): value for key, value in plain.items()}
    off = _prefix(plain, own)
    on = "" if off else _prefix(own, plain)
    hits = sum(key in own for key in plain)
    if off and sum(key.startswith(off) and key[len(off) :] in own for key in plain) > hits:
        inside = {key[len(off) :]: value for key, value in plain.items() if key.startswith(off)}
        outside = tuple(key for key in plain if not key.startswith(off))
        return inside, outside, f"every key of it began with {off!r}, which was taken off"
    if on and sum(on + key in own for key in plain) > hits:
        return {on + key: value for key, value in plain.items()}, (), f"{on!r} was put in front of every key"
    return plain, (), ""


def channels_in(state: Mapping[str, Tensor], module: nn.Module) -> int | None:
    """How many channels the first convolution of a file's network takes; ``None`` where the network has none."""
    return first_channels({key: tuple(v.shape) for key, v in match(state, module.state_dict())[0].items()}, module)


def first_channels(shapes: Mapping[str, tuple[int, ...]], module: nn.Module) -> int | None:
    """The same by shapes, under the network's own names."""
    named = ((path, m) for path, m in module.named_modules() if isinstance(m, nn.Conv2d))
    path, first = next(named, ("", None))
    if first is None:
        return None
    shape = shapes.get(f"{path}.weight", ())
    return shape[1] * first.groups if len(shape) == 4 else first.in_channels


def _prefix(longer: Mapping[str, Tensor], shorter: Mapping[str, Tensor]) -> str:
    """The commonest beginning, dot at its end, that keys of one have in front of keys of the other."""
    ends = sorted(shorter)
    begins: Counter[str] = Counter()
    last = {end.rpartition(".")[2] for end in ends}
    for key in longer:
        parts = key.split(".")
        if parts[-1] not in last:
            continue
        for cut in range(1, len(parts)):
            if ".".join(parts[cut:]) in shorter:
                begins[".".join(parts[:cut]) + "."] += 1
    return max(begins, key=lambda begin: (begins[begin], -len(begin))) if begins else ""


def compare(given: Mapping[str, tuple[int, ...]], own: Mapping[str, tuple[int, ...]]) -> list[Misfit]:
    """What does not fit, misshapen keys first, in the network's order."""
    shapes = [Misfit(k, "shape", given[k], own[k]) for k in own if k in given and given[k] != own[k]]
    missing = [Misfit(k, "missing", None, own[k]) for k in own if k not in given and not k.endswith(COUNTERS[0])]
    surplus = [Misfit(k, "surplus", given[k], None) for k in given if k not in own and not k.endswith(COUNTERS[0])]
    return [*shapes, *missing, *surplus]


def table(misfits: Sequence[Misfit], own: int, state: int, said: str = "") -> str:
    """The likely reason, and a table of at most ten lines."""
    counts = Counter(misfit.what for misfit in misfits)
    numbers = ", ".join(
        f"{counts[what]} {word}"
        for what, word in (("shape", "of another shape"), ("missing", "missing"), ("surplus", "surplus"))
        if counts[what]
    )
    rows = [_row(misfit) for misfit in misfits]
    lines = (
        rows if len(rows) <= MOST_LINES - 1 else [*rows[: MOST_LINES - 2], f"  … and {len(rows) - MOST_LINES + 2} more"]
    )
    prefix = f"; {said}" if said else ""
    return f"{numbers} of {own} keys{prefix}. {reason(misfits, own, state)}\n" + "\n".join(lines)


def _row(misfit: Misfit) -> str:
    sides = [str(list(shape)) if shape is not None else "–" for shape in (misfit.given, misfit.wanted)]
    return f"  {misfit.what:8} {misfit.key[:60]:60} file {sides[0]}, network {sides[1]}"


def reason(misfits: Sequence[Misfit], own: int, state: int) -> str:
    """Why it probably does not fit, and what to do."""
    shapes = [m for m in misfits if m.what == "shape" and m.given and m.wanted]
    heads = [m for m in shapes if m.given and m.wanted and m.given[1:] == m.wanted[1:] and m.given[0] != m.wanted[0]]
    if shapes and len(heads) == len(misfits) and len({m.given[0] for m in heads if m.given}) == 1 and len(heads) <= 2:
        classes = heads[0].given[0] if heads[0].given else 0
        return f"Likely: the head has {classes} classes: give --classes {classes} (classes={classes})."
    inputs = [m for m in shapes if m.given and m.wanted and len(m.given) == 4 and m.given[1] != m.wanted[1]]
    if len(shapes) == len(misfits) and len(inputs) == 1 and inputs[0].given and inputs[0].wanted:
        return f"Likely: the file's network takes {inputs[0].given[1]} channels, this one {inputs[0].wanted[1]}."
    missing = sum(m.what == "missing" for m in misfits)
    surplus = sum(m.what == "surplus" for m in misfits)
    if missing >= 0.75 * own and surplus:
        return "Likely: the weights are of another architecture: hardly a name is the same."
    if missing and not surplus and not shapes:
        return "Likely: the file holds only a part of the network, or that of a smaller one."
    if surplus and not missing and not shapes:
        return "Likely: the file is of a larger network, or of one with more heads."
    return "Likely: the file is of another version or size of the network."
