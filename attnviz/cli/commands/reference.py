"""Measure what the gates of checkpoints say over their validation set."""

from __future__ import annotations

from dataclasses import dataclass

from attnviz.cli.checkpoint_options import CheckpointOptions, chosen
from attnviz.core.errors import UserError


@dataclass(frozen=True, kw_only=True)
class ReferenceOptions(CheckpointOptions):
    pass


def run(args: ReferenceOptions) -> None:
    from attnviz.models.checkpoints import best_device, load, locate
    from attnviz.models.gate_reference import save_reference
    from attnviz.training.evaluation import other_data
    from attnviz.training.gate_statistics import measure_reference

    folder, names, others, images_for = chosen(args)
    for name in names:
        loaded = load(name, folder, best_device())
        images = images_for(loaded.spec.input)
        if reason := other_data(loaded.card, images):
            raise UserError(f"{loaded.name} {reason}; a reference is measured on the data that the card names")
        made = measure_reference(loaded, images)
        if not made.gates:
            print(f"{loaded.name}: has no gates")
            continue
        path = save_reference(locate(name, folder).parent, loaded.name, made)
        print(f"{path}: {len(made.gates)} gates over {made.images:,} images, {path.stat().st_size:,} bytes", flush=True)
    print("".join(f"{name}: left out, {reason}\n" for name, reason in others.items()), end="")
