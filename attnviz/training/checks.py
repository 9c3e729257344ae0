"""What is looked at before a run starts, so that bad input costs a second and overwrites nothing."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from attnviz.core.errors import UserError
from attnviz.images.folders import list_images, split_folder
from attnviz.models.checkpoints import Card, load_card
from attnviz.models.spec import build
from attnviz.training.initial_weights import begin
from attnviz.training.recipe import Recipe, recipe_from_json
from attnviz.training.state import check_state

MAX_DEVICES = 1024


def check_run(recipe: Recipe, data: Path, folder: Path, devices: int, device: str = "auto") -> None:
    """Everything that can be said without decoding an image.

    Raises:
        UserError: The recipe, the data, the folder of the run or the number of devices cannot be used.
    """
    check_devices(recipe, devices, device)
    classes = check_data(data)
    check_network(recipe, len(classes))
    check_folder(folder)
    check_state(folder, recipe.fingerprint)
    finished_card(folder, recipe)


def check_devices(recipe: Recipe, devices: int, device: str = "auto") -> None:
    """Refuse a number of devices that does not exist or does not divide the batch; on a CPU they are processes."""
    most = MAX_DEVICES if device == "cpu" else torch.cuda.device_count() or MAX_DEVICES
    if not 1 <= devices <= most:
        raise UserError(f"--devices must be in 1..{most} here, got {devices}")
    if recipe.train.batch_size % devices:
        raise UserError(f"batch_size {recipe.train.batch_size} cannot be shared evenly by {devices} devices")


def check_data(data: Path) -> tuple[str, ...]:
    """Names of the class folders, which must be the same in both splits."""
    train, val = (list_images(split_folder(Path(data), split))[0] for split in ("train", "val"))
    if train != val:
        only = "; ".join(
            f"only {split} has {', '.join(sorted(names))}"
            for split, names in (("train", set(train) - set(val)), ("val", set(val) - set(train)))
            if names
        )
        raise UserError(f"train and val must hold the same classes; {only}")
    return train


def check_network(recipe: Recipe, classes: int) -> None:
    """Build the network and let every image size of the recipe pass through it once."""
    spec = recipe.model_spec(classes)
    network = build(spec, published_weights=False).eval()
    begin(network, recipe.start)
    for size in sorted({recipe.model.size, *(pixels for _, pixels in recipe.train.sizes)}):
        try:
            with torch.inference_mode():
                network(torch.zeros(1, 3 + recipe.noise.channels, size, size))
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"recipe: {spec.backbone} cannot take images of {size}×{size} pixels: {reason}") from error


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written; nothing is made here."""
    near = next(p for p in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(p))
    if not near.is_dir():
        raise UserError(f"the run folder {folder} cannot be made: {near} is no folder")
    if not os.access(near, os.W_OK | os.X_OK):
        raise UserError(f"the run folder {folder} cannot be written: no permission in {near}")


def finished_card(folder: Path, recipe: Recipe) -> Card | None:
    """The card of a run that has been finished in this folder, or ``None``.

    Raises:
        UserError: The folder has a checkpoint of this name that another recipe made.
    """
    if not (folder / f"{recipe.id}.json").is_file():
        return None
    card = load_card(folder / f"{recipe.id}.json")
    try:
        same = recipe_from_json(card.training.get("recipe")).fingerprint == recipe.fingerprint
    except UserError:  # the card is older than this version's recipes
        same = False
    if not same:
        raise UserError(
            f"{folder} holds a checkpoint {recipe.id} of another recipe; give another --run folder, or remove it"
        )
    return card


def check_card_data(folder: Path, card: Card, fingerprints: dict[str, str]) -> None:
    """Refuse to go on in the folder of a run that was finished with other data."""
    if any(card.data.get(split, {}).get("fingerprint") != fingerprint for split, fingerprint in fingerprints.items()):
        raise UserError(f"{folder} holds a checkpoint {card.id} of other data; give another --run folder, or remove it")
