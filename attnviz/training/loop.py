"""One training loop on Lightning Fabric, for a CPU, a GPU or several processes."""

from __future__ import annotations

import copy
import dataclasses
import math
import platform
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attnviz.checkpoints import Card, LoadedModel, load, save_checkpoint
from attnviz.errors import UserError
from attnviz.models import build, count_parameters
from attnviz.training.augment import augment
from attnviz.training.data import ImageSet, load_images, prepare_batch
from attnviz.training.recipe import Recipe, TrainPart
from attnviz.training.record import Recorder
from attnviz.training.state import Progress, load_state, save_state
from attnviz.types import InputSpec

EVAL_BATCH = 64
LIMITS = ("It knows {count} classes: anything else is forced into one of them.",)


def learning_rate(part: TrainPart, step: int, steps_per_epoch: int) -> float:
    """Linear warm-up, then a cosine to zero, at a step counted from 0."""
    warmup = part.warmup_epochs * steps_per_epoch
    if step < warmup:
        return part.lr * (step + 1) / (warmup + 1)
    share = (step - warmup) / max(1, part.epochs * steps_per_epoch - warmup)
    return part.lr * 0.5 * (1 + math.cos(math.pi * share))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for weights of more than one axis, none for biases and batch norm."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    spared = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]


@torch.no_grad()
def update_average(ema: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move the average of weights and buffers towards the model; young averages forget faster."""
    decay = min(decay, (1 + step) / (10 + step)) if decay else 0.0
    for mine, theirs in zip(ema.state_dict().values(), model.state_dict().values(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(theirs, 1 - decay)
        else:
            mine.copy_(theirs)


def batches(images: ImageSet, part: TrainPart, epoch: int, rank: int, world: int) -> Iterator[Tensor]:
    """Indices of every batch of an epoch for one process: a function of the seed and the epoch alone."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(part.seed * 100_003 + epoch))
    for start in range(0, len(order) - part.batch_size + 1, part.batch_size):
        yield order[start : start + part.batch_size][rank::world]


@torch.inference_mode()
def evaluate(model: nn.Module, images: ImageSet, spec: InputSpec, device: torch.device) -> Tensor:
    """Predicted classes of all images, (N,) int64, in float32 and eval mode."""
    was_training = model.training
    model.eval()
    try:
        chunks = [
            model(prepare_batch(images.images[i : i + EVAL_BATCH].to(device), spec, first=i)).argmax(1).cpu()
            for i in range(0, len(images), EVAL_BATCH)
        ]
    finally:
        model.train(was_training)
    return torch.cat(chunks)


def _commit() -> str:
    """The commit of the running code, where it is a git checkout."""
    command = ["git", "rev-parse", "HEAD"]
    git = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)  # noqa: S603
    return git.stdout.strip() or "unknown"


def _provenance(recipe: Recipe, progress: Progress, device: torch.device, commit: str) -> dict[str, Any]:
    """What a card says about how its weights came about."""
    hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} CPU threads"
    return {
        "recipe": recipe.to_json(),
        "commit": commit,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "hardware": hardware,
        "seconds": round(progress.seconds),
        "history": progress.history,
    }


class Trainer:
    """A run of one recipe on one data set.

    Args:
        recipe: What to do.
        data: Folder with ``train/<class>/…`` and ``val/<class>/…``.
        folder: Of the run; its state and its checkpoint are written there.
        devices: Number of processes (GPUs, or CPU processes).

    Raises:
        UserError: The data cannot be used, the folder holds another run, or Lightning is not installed.
    """

    def __init__(self, recipe: Recipe, data: Path, folder: Path, devices: int = 1) -> None:
        try:
            from lightning.fabric import Fabric
        except ImportError as error:
            raise UserError("training needs Lightning: pip install -r requirements-dev.txt") from error
        self.recipe, self.folder, self.commit = recipe, folder, _commit()
        self.fabric = Fabric(accelerator="auto", devices=devices, precision=recipe.train.precision)  # type: ignore[arg-type]
        self.fabric.launch()
        stored = max(recipe.model.size, *(pixels for _, pixels in recipe.train.sizes))
        self.train_set = load_images(data, "train", stored)
        self.val_set = load_images(data, "val", recipe.model.size)
        if self.train_set.labels != self.val_set.labels:
            raise UserError(
                f"train and val must hold the same classes; only one of them has "
                f"{', '.join(sorted(set(self.train_set.labels) ^ set(self.val_set.labels)))}"
            )
        if len(self.train_set) < recipe.train.batch_size:
            raise UserError(f"batch_size {recipe.train.batch_size} is more than the {len(self.train_set)} images")
        self.spec = recipe.model_spec(len(self.train_set.labels))
        torch.manual_seed(recipe.train.seed)
        plain = build(self.spec)
        if recipe.train.channels_last:
            plain = plain.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        groups = parameter_groups(plain, recipe.train.weight_decay)
        optimizer = torch.optim.SGD(
            groups, lr=recipe.train.lr, momentum=recipe.train.momentum, nesterov=recipe.train.momentum > 0
        )
        self.model, self.optimizer = self.fabric.setup(plain, optimizer)
        self.plain = plain
        self.ema = copy.deepcopy(plain).requires_grad_(False).eval()
        self.key = f"{recipe.fingerprint}:{self.train_set.fingerprint}"
        folder.mkdir(parents=True, exist_ok=True)
        self.progress = load_state(folder, self.key, plain, self.ema, optimizer)

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in an epoch."""
        return len(self.train_set) // self.recipe.train.batch_size

    def train_epoch(self, epoch: int, bar: Any) -> dict[str, Any]:
        """Train one epoch; everything random in it follows from the seed and the epoch."""
        part, device = self.recipe.train, self.fabric.device
        torch.manual_seed(part.seed * 100_003 + epoch)
        generator = torch.Generator(device).manual_seed(part.seed * 100_003 + epoch * 101 + self.fabric.global_rank)
        classes, size = self.spec.num_classes, part.size_at(epoch)
        self.model.train()
        total, started = torch.zeros((), device=device), time.perf_counter()
        chosen = batches(self.train_set, part, epoch, self.fabric.global_rank, self.fabric.world_size)
        for step, index in enumerate(chosen, epoch * self.steps_per_epoch):
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(part, step, self.steps_per_epoch)
            images = self.train_set.images[index].to(device, non_blocking=True)
            targets = F.one_hot(self.train_set.targets[index].to(device), classes).float()
            crops, targets = augment(images, targets, size, self.recipe.augment, generator)
            x = prepare_batch(crops, self.spec.input, generator)
            if part.channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(self.model(x), targets, label_smoothing=part.label_smoothing)
            if (step % 20 == 0 or device.type == "cpu") and not bool(torch.isfinite(loss)):
                raise UserError(
                    f"the loss is {float(loss.detach())} at step {step} (epoch {epoch}); "
                    f"the last good state is epoch {self.progress.epoch} in {self.folder}"
                )
            self.fabric.backward(loss)
            self.optimizer.step()
            self.optimizer.zero_grad()
            update_average(self.ema, self.plain, part.ema_decay, step)
            total += loss.detach()
            bar.update(part.batch_size)
        seconds = time.perf_counter() - started
        return {
            "epoch": epoch + 1,
            "size": size,
            "loss": round(float(total) / self.steps_per_epoch, 4),
            "lr": round(self.optimizer.param_groups[0]["lr"], 6),
            "images_per_second": round(self.steps_per_epoch * part.batch_size / seconds),
        }

    def accuracy(self) -> float:
        """Top-1 accuracy of the moving average on the validation split, in percent."""
        predicted = evaluate(self.ema, self.val_set, self.spec.input, self.fabric.device)
        return 100 * float((predicted == self.val_set.targets).float().mean())

    def run(self) -> Card:
        """Train what is left to train, then write the checkpoint of the final moving average."""
        from tqdm import tqdm

        part, fabric = self.recipe.train, self.fabric
        recorder, wanted = None, {*part.snapshots, part.epochs}
        if part.snapshots and fabric.global_rank == 0:
            recorder = Recorder(self.folder, self.recipe.id, self.ema, self.spec.input, self.progress.epoch)
            if self.progress.epoch == 0 and 0 in wanted:
                recorder.record(0)
        while self.progress.epoch < part.epochs:
            epoch, started = self.progress.epoch, time.perf_counter()
            images = self.steps_per_epoch * part.batch_size
            with tqdm(
                total=images,
                unit="img",
                desc=f"epoch {epoch + 1}/{part.epochs}",
                leave=False,
                disable=fabric.global_rank > 0,
                mininterval=1,
            ) as bar:
                entry = self.train_epoch(epoch, bar)
            if (epoch + 1) % part.eval_every == 0 or epoch + 1 == part.epochs:
                entry["accuracy"] = round(self.accuracy(), 2)
            self.progress.epoch += 1
            self.progress.seconds += time.perf_counter() - started
            self.progress.history.append(entry)
            fabric.print("  ".join(f"{k} {v}" for k, v in entry.items()))
            # before the state: a run that is cut off between the two records this epoch once more
            if recorder is not None and self.progress.epoch in wanted:
                recorder.record(self.progress.epoch)
            if fabric.global_rank == 0:
                save_state(self.folder, self.key, self.progress, self.plain, self.ema, self.optimizer)
            fabric.barrier()
        return self.finish()

    def finish(self) -> Card:
        """Write the checkpoint, read it back and put what it measures into its card."""
        labels = self.train_set.labels
        card = Card(
            id=self.recipe.id,
            title=self.recipe.title,
            spec=self.spec,
            labels=labels,
            metrics={},
            data={
                "name": self.recipe.data,
                "train": {"images": len(self.train_set), "fingerprint": self.train_set.fingerprint},
                "val": {"images": len(self.val_set), "fingerprint": self.val_set.fingerprint},
            },
            training=_provenance(self.recipe, self.progress, self.fabric.device, self.commit),
            limits=tuple(text.format(count=len(labels)) for text in LIMITS),
        )
        save_checkpoint(self.folder, card, self.ema)
        path = self.folder / f"{card.id}.json"
        stored = evaluate_checkpoint(load(path, device=self.fabric.device), self.val_set)
        full = evaluate(self.ema, self.val_set, self.spec.input, self.fabric.device)
        half = evaluate(load(path).module.to(self.fabric.device), self.val_set, self.spec.input, self.fabric.device)
        metrics = {
            **stored,
            "predictions_changed_by_fp16": int((full != half).sum()),
            "parameters": count_parameters(self.plain),
        }
        return save_checkpoint(self.folder, dataclasses.replace(card, metrics=metrics), self.ema)


def evaluate_checkpoint(loaded: LoadedModel, images: ImageSet) -> dict[str, Any]:
    """Accuracy of a checkpoint on a validation split.

    Returns:
        ``top1`` in percent, ``correct``, ``total``, ``per_class`` in percent, and ``comparable``: whether
        the data are the ones that the card names.

    Raises:
        UserError: The classes are not those of the checkpoint.
    """
    if images.labels != loaded.labels:
        raise UserError(f"{loaded.name} knows {', '.join(loaded.labels)}; the data hold {', '.join(images.labels)}")
    device = next(loaded.module.parameters()).device
    right = evaluate(loaded.module, images, loaded.spec.input, device) == images.targets
    per_class = {
        label: round(100 * float(right[images.targets == i].float().mean()), 2) for i, label in enumerate(images.labels)
    }
    return {
        "top1": round(100 * float(right.float().mean()), 2),
        "correct": int(right.sum()),
        "total": len(images),
        "per_class": per_class,
        "comparable": images.fingerprint == loaded.card.data["val"]["fingerprint"],
    }
