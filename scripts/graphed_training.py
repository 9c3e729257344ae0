"""A recipe trained with steps that a GPU replays as one CUDA graph; on a CPU the same steps run one by one.

It is for small batches, whose kernels take less time than starting them: ``attnviz.training`` without what a graph does
not allow (augmentation, averages, growing pictures). The reference recipe of CIFAR-10 uses none of it; others
are refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.models.spec import ModelSpec, build
from attnviz.training.data import ImageSet, prepare_batch
from attnviz.training.evaluation import evaluate
from attnviz.training.optim import learning_rate, parameter_groups
from attnviz.training.recipe import Recipe

WARM = 3
"""Steps before a graph is recorded, as torch asks; what they change is put back."""


def check(recipe: Recipe) -> None:
    """Whether a recipe can be trained like this; ``UserError`` where it wants more."""
    part, augment = recipe.train, recipe.augment
    plain = (augment.min_area, augment.aspect, augment.flip, augment.colour) == (1.0, 1.0, False, 0.0)
    if not plain or part.ema_decay or part.label_smoothing or len(part.sizes) > 1:
        raise UserError(f"{recipe.id} augments, averages or smooths, which a graphed step does not: attnviz train does")


def stepper(
    model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, graphed: bool
) -> Callable[[], Tensor]:
    """A training step on whatever ``x`` and ``y`` hold then; its loss."""

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=not graphed)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    if not graphed:
        return lambda: step().detach()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()
    model.load_state_dict(before)
    for state in optimizer.state.values():  # in place: the graph knows these very tensors
        state["momentum_buffer"].zero_()

    def replay() -> Tensor:
        graph.replay()
        return loss.detach()

    return replay


def train(
    recipe: Recipe,
    train_set: ImageSet,
    val_set: ImageSet,
    folder: Path,
    device: torch.device,
    until: float,
    epochs: int,
) -> dict[str, Any]:
    """Train a recipe, or go on where it stopped; what is known of it afterwards.

    Args:
        recipe: What to do.
        train_set: Images, moved to the device whole.
        val_set: On which it is measured at the end.
        folder: For the state after each epoch.
        device: Where it computes.
        until: ``time.monotonic()`` at which it stops, between two epochs.
        epochs: How many there are.

    Raises:
        UserError: The recipe wants more than a graphed step does, or a loss is no finite number.
    """
    check(recipe)
    part, state_file = recipe.train, folder / f"{recipe.id}.state"
    spec: ModelSpec = recipe.model_spec(len(train_set.labels))
    torch.manual_seed(part.seed)
    model = build(spec).to(device)
    if part.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rate = torch.tensor(part.lr, device=device)
    groups = parameter_groups(model, part.weight_decay)
    optimizer = torch.optim.SGD(groups, lr=rate, momentum=part.momentum, foreach=True)
    images, targets = train_set.images.to(device), train_set.targets.to(device)
    size, steps = part.batch_size, len(train_set) // part.batch_size
    drawn = torch.Generator(device).manual_seed(part.seed * 100_003)
    x = prepare_batch(images[:size], spec.input, drawn).clone()
    y = targets[:size].clone()
    model.train()
    step = stepper(model, optimizer, x, y, device.type == "cuda")
    done, history, seconds = _resume(state_file, model, optimizer)
    while done < epochs and time.monotonic() < until:
        started, total = time.perf_counter(), torch.zeros((), device=device)
        order = torch.randperm(len(targets), generator=torch.Generator().manual_seed(part.seed * 100_003 + done))
        drawn = torch.Generator(device).manual_seed(part.seed * 100_003 + done * 101)
        torch.manual_seed(part.seed * 100_003 + done + 1)  # dropout
        for number in range(steps):
            index = order[number * size : (number + 1) * size].to(device)
            rate.fill_(learning_rate(part, done * steps + number, steps))
            x.copy_(prepare_batch(images[index], spec.input, drawn))
            y.copy_(targets[index])
            total += step()
        done, loss = done + 1, float(total) / steps
        seconds += time.perf_counter() - started
        if loss != loss:
            raise UserError(f"the loss of {recipe.id} in epoch {done} is no finite number")
        history.append(round(loss, 4))
        _save(state_file, model, optimizer, done, history, seconds)
    predicted = evaluate(model, val_set, spec.input, device)
    return {
        "recipe": recipe.id,
        "epochs": done,
        "of": epochs,
        "loss": history,
        "top1": round(100 * float((predicted == val_set.targets).float().mean()), 2),
        "steps_per_second": round(done * steps / seconds, 1) if seconds else None,
        "parameters": sum(p.numel() for p in model.parameters()),
        "graphed": device.type == "cuda",
    }


def _save(
    file: Path, model: nn.Module, optimizer: torch.optim.Optimizer, done: int, history: list[float], seconds: float
) -> None:
    moments = [optimizer.state[p]["momentum_buffer"] for group in optimizer.param_groups for p in group["params"]]
    state = {"model": model.state_dict(), "moments": moments, "done": done, "history": history, "seconds": seconds}
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


def _resume(file: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, list[float], float]:
    """What the folder holds of a run: epochs, their losses and seconds; weights and moments are put in place."""
    if not file.is_file():
        return 0, [], 0.0
    state = torch.load(file, weights_only=True, map_location="cpu")
    model.load_state_dict(state["model"])
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for p, moment in zip(parameters, state["moments"], strict=True):
        if "momentum_buffer" in optimizer.state[p]:
            optimizer.state[p]["momentum_buffer"].copy_(moment)
        else:
            optimizer.state[p]["momentum_buffer"] = moment.to(p.device)
    return state["done"], state["history"], state["seconds"]
