"""Do masks lie on objects? Boxes or masks of objects beside the spatial gates of their photographs."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from attnviz.audit.network import AuditedNetwork
from attnviz.audit.statistics.base import Array, Whole
from attnviz.audit.statistics.hashing import key_of
from attnviz.audit.statistics.moments import Moments
from attnviz.core.errors import UserError
from attnviz.core.gate_map import place_masks
from attnviz.core.input_spec import InputSpec
from attnviz.core.sites import GateSite
from attnviz.core.types import Floats
from attnviz.explain.faithfulness.maps import centre_map
from attnviz.gates.capture import Captured
from attnviz.images.channels import read_channels
from attnviz.images.decode import open_photograph
from attnviz.images.folders import SUFFIXES
from attnviz.images.prepare import prepare

MEASURES = ("energy", "pointing", "centre", "centre_pointing", "random", "random_pointing")
"""Share of a mask's energy on the object over the object's share of the area, and whether its largest weight lies on
the object (Zhang et al. 2018, the pointing game); the same of a centre map and of a random one."""
POINTING = tuple(name for name in MEASURES if name.endswith("pointing"))
"""Those that are yes or no for a photograph."""
Box = tuple[float, float, float, float]
"""left, top, right, bottom of the upright photograph: pixels, or fractions of its width and height (none above 1)."""
COLUMNS = (("path", "file", "image"), ("left", "x0"), ("top", "y0"), ("right", "x1"), ("bottom", "y1"))
"""Names of the columns of a CSV of boxes; one of each group."""


def _from_coco(path: Path) -> dict[str, list[Box]]:
    values = json.loads(path.read_text(encoding="utf-8"))
    files = {image["id"]: str(image["file_name"]) for image in values["images"]}
    boxes: dict[str, list[Box]] = {}
    for item in values["annotations"]:
        x, y, w, h = (float(v) for v in item["bbox"])
        boxes.setdefault(files[item["image_id"]], []).append((x, y, x + w, y + h))
    return boxes


def _from_csv(path: Path) -> dict[str, list[Box]]:
    boxes: dict[str, list[Box]] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        names = [next((n for n in group if n in (table.fieldnames or ())), None) for group in COLUMNS]
        if None in names:
            wanted = ", ".join(" or ".join(group) for group in COLUMNS)
            raise ValueError(f"its first line must name the columns {wanted}, got {table.fieldnames}")
        for row in table:
            photograph, *corners = (row[name] for name in names if name)
            left, top, right, bottom = (float(corner) for corner in corners)
            boxes.setdefault(photograph, []).append((left, top, right, bottom))
    return boxes


READERS: Mapping[str, Callable[[Path], dict[str, list[Box]]]] = MappingProxyType(
    {".json": _from_coco, ".csv": _from_csv}
)
"""By suffix: COCO's JSON, or a table with the columns ``COLUMNS``."""


T = TypeVar("T")


def _endings(path: str) -> list[str]:
    """``a/b/c`` -> ``a/b/c``, ``b/c``, ``c``."""
    parts = path.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]


class ByPath(Generic[T]):
    """A table by path, in which a path is found that names more folders above, or fewer.

    ``val/cat/1.png`` and ``cat/1.png`` are the same; ``dog/1.png`` is another, and ``1.png`` where there is one only.
    """

    def __init__(self, table: Mapping[str, T]) -> None:
        owners = Counter(end for path in table for end in _endings(path))
        self.whole = dict(table)
        self.by_ending = {end: of for path, of in table.items() for end in _endings(path) if owners[end] == 1}
        self.by_ending.update(table)

    def get(self, name: str) -> T | None:
        """What the table has for a path; ``None`` where it has nothing, or several."""
        ends = (self.whole[end] for end in _endings(name) if end in self.whole)
        return self.by_ending[name] if name in self.by_ending else next(ends, None)


class ObjectTests:
    """Where objects are, by the photograph's path as far as it is told, without suffix for masks.

    Args:
        where: A COCO JSON, a CSV of boxes or a folder of masks (not 0 on the object); ``None`` without any.
        names: Of all photographs.
        sources: Their files.
        spec: What the network sees of a photograph.

    Raises:
        UserError: The file cannot be read, or is about none of the photographs.
    """

    def __init__(self, where: Path | None, names: tuple[str, ...], sources: tuple[Any, ...], spec: InputSpec) -> None:
        self.names, self.sources, self.spec = names, sources, spec
        self.boxes = ByPath[list[Box]]({})
        self.masks = ByPath[Path]({})
        if where is not None:
            self._open(where)

    def _open(self, where: Path) -> None:
        if where.is_dir():
            files = [p for p in where.rglob("*") if p.suffix.lower() in SUFFIXES]
            self.masks = ByPath({p.relative_to(where).with_suffix("").as_posix(): p for p in files})
        elif where.suffix.lower() in READERS and where.is_file():
            try:
                boxes = READERS[where.suffix.lower()](where)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UserError(f"{where} cannot be read as boxes ({type(error).__name__}: {error})") from error
            self.boxes = ByPath(boxes)
        else:
            raise UserError(f"--boxes must be a COCO .json, a .csv of boxes or a folder of masks, got {str(where)!r}")
        if not any(self._known(name) for name in self.names):
            raise UserError(f"{where} has no object for any of the {len(self.names)} photographs; paths must be theirs")

    def _known(self, name: str) -> bool:
        return bool(self.boxes.get(name)) or self.masks.get(str(Path(name).with_suffix(""))) is not None

    def _cover(self, number: int) -> Floats | None:
        """(H, W) in 0..1, how much of each pixel that the network sees is the object; ``None`` where unknown."""
        name = self.names[number]
        mask = self.masks.get(str(Path(name).with_suffix("")))
        if mask is not None:
            drawn = Image.fromarray(np.where(_marked(mask), 255, 0).astype(np.uint8))
        elif boxes := self.boxes.get(name):
            drawn = Image.new("L", open_photograph(self.sources[number]).size)
            for left, top, right, bottom in boxes:
                across, down = drawn.size if max(left, top, right, bottom) <= 1 else (1, 1)
                first, last = (left * across, top * down), (right * across - 1, bottom * down - 1)
                last = max(first[0], last[0]), max(first[1], last[1])  # what is thinner than a pixel is one
                ImageDraw.Draw(drawn).rectangle((*first, *last), fill=255)
        else:
            return None
        cover = cover_of(drawn, self.spec)
        return cover if 0 < cover.mean() < 1 else None

    def measure(self, network: AuditedNetwork, tape: Mapping[str, Captured], numbers: Whole) -> dict[int, Moments]:
        """Of ``MEASURES`` over the photographs of a batch whose objects are known, for each gate with a mask."""
        if not (self.boxes.whole or self.masks.whole):
            return {}
        masks = dict(masks_of(network.sites, tape, self.spec))
        covers = {row: cover for row, n in enumerate(numbers) if masks and (cover := self._cover(int(n))) is not None}
        measured = {}
        for i, of in masks.items() if covers else ():
            rows = [_measures(of[row], cover, self.names[numbers[row]]) for row, cover in covers.items()]
            measured[i] = Moments.of(np.array(rows, np.float64))
        return measured


def masks_of(sites: Sequence[GateSite], tape: Mapping[str, Captured], spec: InputSpec) -> Iterator[tuple[int, Floats]]:
    """Of each gate that is one map over places for whoever asks: its number, and its maps (N, h, w)."""
    for number, site in enumerate(sites):
        if site.has_mask or site.traits.has_pairs:
            masks = place_masks(site, tape[site.name].values.float().cpu().numpy(), spec.size[0] / spec.size[1])
            if masks is not None:
                yield number, masks


def _marked(file: Path) -> npt.NDArray[np.bool_]:
    """(H, W), where a mask is not 0 in any colour, nor clear."""
    values = read_channels(file)
    colours = values[..., :-1] if values.shape[2] in (2, 4) else values  # the last one is how opaque it is
    marked: npt.NDArray[np.bool_] = (colours != 0).any(2) & (values[..., -1] != 0 if colours is not values else True)
    return marked


def cover_of(drawn: Image.Image, spec: InputSpec) -> Floats:
    """(H, W) in 0..1, how much of each pixel that a network sees is an object, drawn white on black."""
    cover: Floats = prepare(drawn.convert("RGB"), spec, display_side=1).network[..., 0].astype(np.float32)
    return cover / np.float32(255)


def pooled(cover: Floats, grid: tuple[int, ...]) -> Floats:
    """(H, W) -> (h, w), how much of each cell is the object."""
    area: Floats = F.adaptive_avg_pool2d(torch.from_numpy(np.array(cover))[None], (grid[0], grid[1]))[0].numpy()
    return area


def energy_ratio(mask: Array, area: Floats) -> float:
    """Share of a mask's energy on the object over the object's share of the area; 1 for an even mask.

    Args:
        mask: (h, w); a weight below 0 counts by its size.
        area: (h, w) in 0..1, see ``pooled``.
    """
    mask = np.abs(mask)
    energy = max(float(mask.sum(dtype=np.float64)), 1e-30)  # 0 where a network has shut every place
    return float((mask * area).sum(dtype=np.float64) / energy / area.mean(dtype=np.float64))


def _measures(mask: Floats, cover: Floats, name: str) -> list[float]:
    area = pooled(cover, mask.shape)
    noise = np.random.default_rng(key_of(name, "map")).random(mask.shape)
    measures = []
    for one in (mask.astype(np.float64), centre_map((mask.shape[0], mask.shape[1])), noise):
        measures += [energy_ratio(one, area), float(area.flat[int(np.argmax(one))] > 0.5)]
    return measures
