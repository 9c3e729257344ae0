"""Run by a test as ``python -m``: trains with two processes, each of which keeps what it saw and has in the end."""

import sys
from pathlib import Path

import safetensors.torch

from attnviz.training import loop
from attnviz.training.recipe import load_recipe

seen = []


def noted(*args, **kwargs):
    x = original(*args, **kwargs)
    seen.append(x.detach().clone())
    return x


original, loop.prepare_batch = loop.prepare_batch, noted

if __name__ == "__main__":
    recipe, data, run = sys.argv[1:]
    trainer = loop.Trainer(load_recipe(recipe), Path(data), Path(run), devices=2)
    trainer.run()
    kept = {f"ema.{k}": v.clone() for k, v in trainer.ema.state_dict().items()}
    safetensors.torch.save_file(
        {k: v.contiguous() for k, v in {**kept, "seen": seen[0]}.items()},
        Path(run) / f"rank{trainer.fabric.global_rank}",
    )
