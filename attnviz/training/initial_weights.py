"""What a run begins with: weights of another checkpoint, and layers that keep them (transfer)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from attnviz.core.errors import UserError, nearest
from attnviz.models.checkpoints import load
from attnviz.models.fit_state import match
from attnviz.models.state_files import SUFFIXES, read_state
from attnviz.models.weights import cast
from attnviz.training.recipe_fields import StartPart


def begin(network: nn.Module, part: StartPart) -> dict[str, Any]:
    """Take over weights and freeze layers, in place.

    Args:
        network: Freshly built.
        part: What the recipe asks for.

    Returns:
        What the card says about it; empty where the run begins with random weights.

    Raises:
        UserError: There is no such checkpoint or module, the checkpoint is of another network, or nothing is left to
            be trained.
    """
    facts = take_over(network, part.weights) if part.weights else {}
    for module in frozen(network, part.freeze):
        module.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError(f"recipe: start.freeze leaves nothing to train, got {part.freeze!r}")
    return facts


def take_over(network: nn.Module, weights: str) -> dict[str, Any]:
    """Copy every weight of a checkpoint, or of a file of weights, but those of a classifier of other classes."""
    file = Path(weights)
    alone = file.suffix in SUFFIXES and file.is_file() and not file.with_suffix(".json").is_file()
    mine = network.state_dict()
    if alone:
        theirs, _, _ = match(read_state(file), mine)
        said = {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    else:
        loaded = load(weights)
        theirs, said = loaded.module.state_dict(), {"checkpoint": loaded.card.id, "sha256": loaded.card.sha256}
    taken = {name: theirs[name] for name in mine if name in theirs and theirs[name].shape == mine[name].shape}
    other = sorted(name for name in (mine.keys() | theirs.keys()) - taken.keys() if not _added(name))
    owners = {name.rpartition(".")[0] for name in other}
    heads = {path for path, module in network.named_modules() if isinstance(module, nn.Linear)}
    if not taken or len(owners) > 1 or not owners <= heads:
        raise UserError(
            f"recipe: {weights!r} is another network ({len(other)} tensors differ, {other[0]} among them); "
            "model must be as in that checkpoint's recipe, the number of classes apart"
        )
    network.load_state_dict(cast(taken, mine), strict=False)
    return {"start": {**said, "fresh": other}}


def _added(name: str) -> bool:
    """Whether a tensor belongs to attention that was put into a network of somebody else."""
    return (
        ".attention.module." in f".{name}" or name.endswith("attention.scale") or name.endswith("num_batches_tracked")
    )


def frozen(network: nn.Module, paths: Sequence[str]) -> list[nn.Module]:
    """The modules at these paths; ``UserError`` where one is missing."""
    modules = dict(network.named_modules())
    for path in paths:
        if not path or path not in modules:
            raise UserError(f"recipe: start.freeze has no module {path!r} to freeze; {nearest(path, modules)}")
    return [modules[path] for path in paths]
