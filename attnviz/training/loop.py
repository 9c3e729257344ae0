"""One training loop on Lightning Fabric, for a CPU, a GPU or several processes."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from attnviz.core.errors import UserError
from attnviz.models.checkpoints import Card, load_card
from attnviz.models.provenance import commit, facts
from attnviz.models.spec import build
from attnviz.training.augment import augment
from attnviz.training.auxiliary import auxiliary_loss
from attnviz.training.checks import check_card_data, check_run, finished_card
from attnviz.training.data import ImageSet, load_images, prepare_batch
from attnviz.training.device import make_fabric, to_device
from attnviz.training.evaluation import evaluate
from attnviz.training.initial_weights import begin, frozen
from attnviz.training.optim import learning_rate, make_optimizer, share_buffers, update_average
from attnviz.training.recipe import Recipe
from attnviz.training.recipe_fields import TrainPart
from attnviz.training.snapshot_recorder import Recorder
from attnviz.training.state import NAME, load_state, remove_leftovers, save_state
from attnviz.training.write_checkpoint import write_checkpoint

CHECK_EVERY = 20
"""Steps after which a GPU is asked whether the loss is finite, since asking makes it wait; a CPU is asked always."""


def batches(images: ImageSet, part: TrainPart, epoch: int, rank: int, world: int) -> Iterator[Tensor]:
    """Indices of every batch of an epoch for one process: a function of the seed and the epoch alone."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(part.seed * 100_003 + epoch))
    for start in range(0, len(order) - part.batch_size + 1, part.batch_size):
        yield order[start : start + part.batch_size][rank::world]


class Trainer:
    """A run of one recipe on one data set.

    Args:
        recipe: What to do.
        data: Folder with ``train/<class>/…`` and ``val/<class>/…``.
        folder: Of the run; its state and its checkpoint are written there.
        devices: Number of processes (GPUs, or CPU processes).
        skip_unreadable: Leave out images that cannot be read.
        device: ``"cpu"``, ``"cuda"``, ``"mps"``, or ``"auto"``.

    Raises:
        UserError: The recipe or the data cannot be used, the folder holds another run or cannot be written, or
            Lightning is not installed.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Path,
        folder: Path,
        devices: int = 1,
        skip_unreadable: bool = False,
        device: str = "auto",
    ) -> None:
        check_run(recipe, data, folder, devices, device)
        self.recipe, self.folder, self.commit = recipe, folder, commit()
        self.fabric = make_fabric(recipe.train.precision, devices, device)
        self.fabric.launch()
        stored = max(recipe.model.size, *(pixels for _, pixels in recipe.train.sizes))
        wanted = recipe.model.input()
        larger = dataclasses.replace(wanted, size=(stored, stored))
        self.train_set = load_images(data, "train", larger, skip_unreadable=skip_unreadable)
        self.val_set = load_images(data, "val", wanted, skip_unreadable=skip_unreadable)
        for problem in (*self.train_set.skipped, *self.val_set.skipped):
            self.fabric.print(f"left out: {problem}")
        if len(self.train_set) < recipe.train.batch_size:
            raise UserError(f"batch_size {recipe.train.batch_size} is more than the {len(self.train_set)} images")
        self.spec = recipe.model_spec(len(self.train_set.labels))
        self.key = f"{recipe.fingerprint}:{self.train_set.fingerprint}"
        self._build()

    def _build(self) -> None:
        """The network, its average and its optimizer, as the state in the folder has them if there is one."""
        part = self.recipe.train
        torch.manual_seed(part.seed)
        plain = build(self.spec)
        self.started = begin(plain, self.recipe.start)
        if part.channels_last:
            plain = plain.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = make_optimizer(plain, part)
        compiled = part.compile and self.fabric.device.type == "cuda"
        self.model, self.optimizer = self.fabric.setup(torch.compile(plain) if compiled else plain, optimizer)
        self.plain = plain
        self.ema = copy.deepcopy(plain).requires_grad_(False).eval()
        self.card = finished_card(self.folder, self.recipe)
        if self.card is not None:
            fingerprints = {"train": self.train_set.fingerprint, "val": self.val_set.fingerprint}
            check_card_data(self.folder, self.card, fingerprints)
        self.progress = load_state(self.folder, self.key, plain, self.ema, optimizer)
        self.saved = self.progress.epoch
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.fabric.is_global_zero:
                remove_leftovers(self.folder, self.recipe.id)

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in an epoch."""
        return len(self.train_set) // self.recipe.train.batch_size

    def kept(self) -> str:
        """What can be gone on from, in words."""
        if self.saved == 0:
            return "no epoch had been finished"
        return f"the last good state is epoch {self.saved} in {self.folder / NAME}"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A write that fails becomes one sentence; what was saved before is still there."""
        try:
            yield
        except OSError as error:
            raise UserError(
                f"{self.folder} cannot be written ({error.strerror or error}); {self.kept()}; once there is room, the "
                "same command goes on from there"
            ) from error

    def train_epoch(self, epoch: int, bar: Any) -> dict[str, Any]:
        """Train one epoch; everything random in it follows from the seed, the epoch and the process."""
        part, fabric, device = self.recipe.train, self.fabric, self.fabric.device
        torch.manual_seed(part.seed * 100_003 + epoch + 1_000_003 * fabric.global_rank)
        generator = torch.Generator(device).manual_seed(part.seed * 100_003 + epoch * 101 + fabric.global_rank)
        self.model.train()
        for module in frozen(self.plain, self.recipe.start.freeze):
            module.eval()
        total, started = torch.zeros((), device=device), time.perf_counter()
        broken = torch.full((), -1.0, device=device)
        chosen = batches(self.train_set, part, epoch, fabric.global_rank, fabric.world_size)
        for step, index in enumerate(chosen, epoch * self.steps_per_epoch):
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(part, step, self.steps_per_epoch)
            loss = self.loss(index, part.size_at(epoch), generator)
            broken = torch.where((broken < 0) & ~loss.detach().isfinite(), step, broken)
            if step % CHECK_EVERY == 0 or device.type == "cpu":
                self._check(broken, epoch)
            fabric.backward(loss)
            self.optimizer.step()
            self.optimizer.zero_grad()
            share_buffers(self.plain, fabric)
            update_average(self.ema, self.plain, part.ema_decay, step)
            total += loss.detach()
            if step % CHECK_EVERY == 0:
                bar.set_postfix_str(f"loss {float(loss.detach()):.3f}{self._accuracy_so_far()}", refresh=False)
            bar.update(part.batch_size)
        self._check(broken, epoch, last=True)
        seconds = time.perf_counter() - started
        return {
            "epoch": epoch + 1,
            "size": part.size_at(epoch),
            "loss": round(float(fabric.all_reduce(total, reduce_op="mean")) / self.steps_per_epoch, 4),
            "lr": round(self.optimizer.param_groups[0]["lr"], 6),
            "images_per_second": round(self.steps_per_epoch * part.batch_size / seconds),
        }

    def loss(self, index: Tensor, size: int, generator: torch.Generator) -> Tensor:
        """Loss of this process's share of a batch, augmented to ``size`` pixels."""
        part, device = self.recipe.train, self.fabric.device
        images = to_device(self.train_set.images[index], device)
        targets = F.one_hot(to_device(self.train_set.targets[index], device), self.spec.num_classes).float()
        crops, targets = augment(images, targets, size, self.recipe.augment, generator)
        x = prepare_batch(crops, self.spec.input, generator)
        if part.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        own = F.cross_entropy(self.model(x), targets, label_smoothing=part.label_smoothing)
        return own + auxiliary_loss(self.plain, targets)

    def _check(self, broken: Tensor, epoch: int, last: bool = False) -> None:
        """Stop where a loss, or at the end of an epoch a weight, is no finite number.

        Args:
            broken: The first step whose loss was not, or -1.
            epoch: Counted from 0.
            last: Whether the epoch is over, and about to be saved.
        """
        step = int(self.fabric.all_reduce(broken, reduce_op="max"))
        where = f"(epoch {epoch + 1}) is no finite number; {self.kept()}"
        if step >= 0:
            raise UserError(f"the loss at step {step} {where}")
        if last and not all(bool(p.isfinite().all()) for p in self.ema.state_dict().values()):
            raise UserError(f"a weight after step {(epoch + 1) * self.steps_per_epoch - 1} {where}")

    def _accuracy_so_far(self) -> str:
        accuracies = [entry["accuracy"] for entry in self.progress.history if "accuracy" in entry]
        return f" accuracy {accuracies[-1]:.1f} %" if accuracies else ""

    def accuracy(self) -> float:
        """Top-1 accuracy of the moving average on the validation split, in percent."""
        predicted = evaluate(self.ema, self.val_set, self.spec.input, self.fabric.device)
        return 100 * float((predicted == self.val_set.targets).float().mean())

    def run(self) -> Card:
        """Train what is left to train, then write the checkpoint of the final moving average.

        A run that has been finished before is left as it is.
        """
        recorder = self._recorder()
        if self.card is not None:
            return self.card
        part, fabric = self.recipe.train, self.fabric
        if (later := part.sizes[-1][0]) >= part.epochs:  # as in a trial of a few epochs of another recipe
            fabric.print(f"train.sizes up to epoch {later} are not all reached: there are {part.epochs} epochs")
        if rest := len(self.train_set) % part.batch_size:
            fabric.print(
                f"every epoch leaves out {rest} of {len(self.train_set)} images, others each time: they fill no batch "
                f"of {part.batch_size} (--set train.batch_size=N for another)"
            )
        while self.progress.epoch < part.epochs:
            entry = self._epoch()
            fabric.print("  ".join(f"{k} {v}" for k, v in entry.items()) + self._time_left(entry))
            with self._writing():
                # before the state: a run that is cut off between the two records this epoch once more
                if recorder is not None and self.progress.epoch in (*part.snapshots, part.epochs):
                    recorder.record(self.progress.epoch)
                if fabric.is_global_zero:
                    save_state(self.folder, self.key, self.progress, self.plain, self.ema, self.optimizer)
                self.saved = self.progress.epoch
            fabric.barrier()
        if fabric.is_global_zero:
            with self._writing():
                self.finish()
        fabric.barrier()
        return load_card(self.folder / f"{self.recipe.id}.json")

    def _epoch(self) -> dict[str, Any]:
        """Train and, where it is time, evaluate one epoch; returns and notes what came out."""
        from tqdm import tqdm

        part, fabric, epoch, started = self.recipe.train, self.fabric, self.progress.epoch, time.perf_counter()
        with tqdm(
            total=self.steps_per_epoch * part.batch_size,
            unit="img",
            desc=f"epoch {epoch + 1}/{part.epochs}",
            leave=False,
            disable=not fabric.is_global_zero,
            mininterval=1,
        ) as bar:
            entry = self.train_epoch(epoch, bar)
        if fabric.is_global_zero and ((epoch + 1) % part.eval_every == 0 or epoch + 1 == part.epochs):
            entry["accuracy"] = round(self.accuracy(), 2)
        self.progress.epoch += 1
        self.progress.seconds += time.perf_counter() - started
        self.progress.history.append(entry)
        return entry

    def _time_left(self, entry: dict[str, Any]) -> str:
        """How long the rest will take if a pixel goes on to take as long as in the epoch of ``entry``."""
        part = self.recipe.train
        pixels = sum(part.size_at(e) ** 2 for e in range(self.progress.epoch, part.epochs)) * len(self.train_set)
        minutes = pixels / entry["size"] ** 2 / max(1, entry["images_per_second"]) / 60
        return f"  about {minutes:.0f} min left" if pixels else ""

    def _recorder(self) -> Recorder | None:
        """What records the gates, in process 0 and where the recipe wants it; records those of before training."""
        part = self.recipe.train
        if not part.snapshots or not self.fabric.is_global_zero:
            return None
        done = part.epochs if self.card is not None else self.progress.epoch
        with self._writing():
            recorder = Recorder(self.folder, self.recipe.id, self.ema, self.spec.input, done)
            if done == 0 and 0 in part.snapshots:
                recorder.record(0)
        over = {*part.snapshots, part.epochs} & {*range(done + 1)}
        if recorder.sites and (missing := sorted(over - {*recorder.taken.epochs})):
            raise UserError(
                f"{self.folder} holds {done} finished epochs, and the gates of epochs {', '.join(map(str, missing))} "
                "were not recorded (train.snapshots): they are gone; give another --run folder, or leave snapshots out"
            )
        return recorder

    def finish(self) -> Card:
        """Measure the final moving average as it will be stored, and write the checkpoint."""
        training = {
            **facts(self.fabric.device, self.progress.seconds),
            "commit": self.commit,
            "history": self.progress.history,
            **self.started,
        }
        return write_checkpoint(self.folder, self.recipe, self.ema, self.train_set, self.val_set, training)
