"""Every checkpoint's spatial masks on the sample pictures: ``python -m scripts.contact_sheet [--out FILE]``.

One row for the last mask of each grid in each stage of every checkpoint whose gates have a weight for every place.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from PIL import Image

from attnviz.analysis.analyser import Analyser
from attnviz.core.errors import UserError
from attnviz.core.gate_map import place_masks
from attnviz.core.sites import GateSite
from attnviz.core.types import Analysis, Floats, PreparedImage
from attnviz.images.prepare import prepare
from attnviz.images.samples import load_sample, sample_names
from attnviz.models.checkpoints import FOLDER, checkpoint_ids, load
from attnviz.render.figures.contact_sheet import Row, contact_sheet
from attnviz.render.figures.style import to_png

ASSET = Path(__file__).resolve().parent.parent / "assets" / "contact-sheet.jpg"


def rows_of(stem: str | Path, folder: Path, names: list[str]) -> tuple[list[Row], list[PreparedImage]]:
    """The rows of one checkpoint, none where it has no spatial gate, and the pictures as it sees them."""
    analyser = Analyser(load(stem, folder))
    images = [prepare(load_sample(name), analyser.loaded.spec.input) for name in names]
    seen = [analyser.analyse(image) for image in images] if any(map(_weighs_places, analyser.sites)) else []
    masks = {
        s: of for s in analyser.sites if _weighs_places(s) and (of := [_mask(s, each) for each in seen])[0] is not None
    }
    last = {(site.name.partition(".")[0], site.shape): site for site in masks}
    rows = []
    for site in last.values():
        height, width = masks[site][0].shape
        cells = f"{height} × {width} cells" + (", 1 = largest share" if site.traits.even else "")
        rows.append((analyser.loaded.name, f"{site.name}\n{cells}", masks[site]))
    return rows, images


def _weighs_places(site: GateSite) -> bool:
    return site.has_mask or site.traits.has_pairs


def _mask(site: GateSite, analysis: Analysis) -> Floats | None:
    """(h, w) in 0..1; shares, which sum to 1, over the largest of them."""
    maps = place_masks(site, analysis.gate(site.name).values)
    return None if maps is None else maps[0] / maps[0].max() if site.traits.even else maps[0]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", nargs="*", help="ids or paths (default: all of the folder)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of checkpoints (default: the bundled ones)")
    parser.add_argument("--out", type=Path, default=ASSET, help="picture file (default: assets/contact-sheet.jpg)")
    args = parser.parse_args()
    names, rows, images = list(sample_names()), [], []
    try:
        for stem in args.checkpoints or checkpoint_ids(args.folder):
            more, pictures = rows_of(stem, args.folder, names)
            if more:
                rows, images = [*rows, *more], images or pictures
        sheet = contact_sheet(images, names, rows)
    except UserError as error:
        sys.exit(f"{error}")
    Image.open(io.BytesIO(to_png(sheet))).convert("RGB").save(args.out, quality=88)
    print(f"{args.out}: {len(rows)} rows, {len(names)} pictures")


if __name__ == "__main__":
    main()
