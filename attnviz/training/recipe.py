"""Recipes: everything that decides a training run, read from TOML and validated before anything starts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from attnviz.core.checks import is_number, is_whole
from attnviz.core.errors import UserError, nearest
from attnviz.core.keys import check_keys
from attnviz.models.spec import ModelSpec
from attnviz.training.recipe_fields import LATER, AugmentPart, ModelPart, NoisePart, StartPart, TrainPart, require

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BUNDLED = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """A whole training run.

    Attributes:
        id: Name of the run and of its checkpoint: lower-case letters, digits and hyphens.
        title: What people see.
        data: What the recipe is meant for; printed, never enforced, so that it runs on any folder of class folders.
        model: What is trained.
        augment: What is done to a batch.
        noise: What the network gets beside the picture.
        start: What it begins with.
        train: How it is trained.
    """

    id: str
    title: str
    model: ModelPart
    data: str = "any folder of class folders"
    augment: AugmentPart = field(default_factory=AugmentPart)
    noise: NoisePart = field(default_factory=NoisePart)
    start: StartPart = field(default_factory=StartPart, metadata=LATER)
    train: TrainPart = field(default_factory=TrainPart)

    def __post_init__(self) -> None:
        good = self.id and all(c.islower() or c.isdigit() or c == "-" for c in self.id) and self.id.isascii()
        require(bool(good), "id must be lower-case letters, digits and hyphens", self.id)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the values that decide the result, hexadecimal."""
        return hashlib.sha256(json.dumps(_deciding(self), sort_keys=True).encode()).hexdigest()

    def with_seed(self, seed: int) -> Recipe:
        """The same with another seed."""
        return dataclasses.replace(self, train=dataclasses.replace(self.train, seed=seed))

    def model_spec(self, num_classes: int) -> ModelSpec:
        """The network that this recipe trains on data of ``num_classes`` classes."""
        part, extra = self.model, self.noise.channels
        return ModelSpec(
            part.backbone,
            part.attention,
            num_classes,
            {
                **part.backbone_options,
                **({"in_channels": 3 + extra} if extra else {}),
                **({"places": part.places} if part.places else {}),
            },
            part.attention_options,
            part.input(self.noise.to_spec()),
        )


def _deciding(part: Any) -> dict[str, Any]:
    """The values of a dataclass, but those marked ``ASIDE``, and those marked ``LATER`` that are at their default."""
    values = {}
    for f in dataclasses.fields(part):
        value = getattr(part, f.name)
        default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
        if not (f.metadata.get("aside") or (f.metadata.get("later") and value == default)):
            values[f.name] = _deciding(value) if dataclasses.is_dataclass(value) else value
    return values


def _fits(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is list:
        return isinstance(value, list) and all(_fits(v, get_args(hint)[0]) for v in value)
    if origin is dict:
        return isinstance(value, dict)
    if hint is float:
        return is_number(value)
    if hint is int:
        return is_whole(value)
    return isinstance(value, hint)


def _fill(kind: type[Any], values: Any, where: str) -> Any:
    """Make the dataclass ``kind`` from a TOML table, checking names and types on the way."""
    check_keys(kind, values, "recipe", where)
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{where}.{key}" if where else key
        if dataclasses.is_dataclass(hints[key]):
            fields[key] = _fill(hints[key], value, path)  # type: ignore[arg-type]
            continue
        require(_fits(value, hints[key]), f"{path} must be {getattr(hints[key], '__name__', hints[key])}", value)
        fields[key] = float(value) if hints[key] is float else value
    return kind(**fields)


def _find(source: str | Path) -> Path:
    path, bundled = Path(source), {p.stem: p for p in BUNDLED.glob("*.toml")}
    if path.is_file():
        return path
    if str(source) not in bundled:
        raise UserError(f"no recipe {str(source)!r}: neither a file nor a bundled recipe; {nearest(source, bundled)}")
    return bundled[str(source)]


def _toml(text: str) -> dict[str, Any]:
    """The values of a text; ``ValueError`` or ``RecursionError`` also where they are too large for any message."""
    values = tomllib.loads(text)
    json.dumps(values, default=str)  # hexadecimal numbers may have more digits than Python writes
    return values


def _read(source: str | Path, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of a recipe laid over those of the bundled recipe that it extends."""
    path = _find(source)
    try:
        values = _toml(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise UserError(f"{path.name} cannot be read as a recipe (TOML): {error}") from error
    base = values.pop("extends", None)
    if base is None:
        return values
    require(isinstance(base, str) and base not in (*seen, path.stem), "extends must name another recipe", base)
    return _laid_over(_read(base, (*seen, path.stem)), values)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two tables of values; where both hold a table, these are laid over each other as well."""
    both = {key for key in below.keys() & above.keys() if isinstance(below[key], dict) and isinstance(above[key], dict)}
    return below | above | {key: _laid_over(below[key], above[key]) for key in both}


def recipe_from_json(values: Any) -> Recipe:
    """The reverse of ``Recipe.to_json``, for recipes kept in cards; ``UserError`` where it is none."""
    recipe: Recipe = _fill(Recipe, values, "")
    return recipe


def load_recipe(source: str | Path, values: Sequence[tuple[str, Any]] = ()) -> Recipe:
    """Read a recipe from a TOML file, or one of the bundled recipes by its name.

    ``extends = "name"`` takes everything that a file does not say from a bundled recipe, so that the networks of one
    family are trained alike.

    Args:
        source: A file, or the name of a bundled recipe.
        values: Instead of what the recipe says: ``("train.epochs", 3)``.

    Raises:
        UserError: There is no such recipe, it is no TOML, or a key or value is not allowed.
    """
    table = _read(source)
    for path, value in values:
        table = _laid_over(table, _nested(path, value))
    return recipe_from_json(table)


def _nested(path: str, value: Any) -> dict[str, Any]:
    """``("train.epochs", 3)`` -> ``{"train": {"epochs": 3}}``."""
    first, dot, rest = path.partition(".")
    return {first: _nested(rest, value) if dot else value}


def read_value(text: str) -> tuple[str, Any]:
    """``"train.epochs=3"`` -> ``("train.epochs", 3)``: a value of TOML, or a word.

    Raises:
        UserError: It has no ``=``, or no key in front of it.
    """
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise UserError(f"--set takes KEY=VALUE, such as train.epochs=3, got {text!r}")
    try:
        return path.strip(), _toml(f"value = {value}")["value"]
    except (ValueError, RecursionError):  # also of too many digits, or nested too deep
        return path.strip(), value
