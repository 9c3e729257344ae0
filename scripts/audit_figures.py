"""The figures of ``docs/audit.md``, from the audits in ``results/audits``: ``python -m scripts.audit_figures``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from attnviz.render.audit.charts import class_means, gain, through_depth
from attnviz.render.audit.networks import donors, objects

ROOT = Path(__file__).resolve().parents[1]
AUDITS, FOLDER = ROOT / "results" / "audits", ROOT / "docs" / "figures"
DPI = 130
FIGURES: Mapping[str, tuple[str, Callable[[Any], Figure | None]]] = {
    "class-means-se-30": ("se-30", class_means),
    "gain-eca-30": ("eca-30", gain),
    "through-depth-cbam": ("cbam", through_depth),
}
"""Name of the file -> whose audit it is of, and what draws it."""


def summaries() -> dict[str, dict[str, Any]]:
    """The committed audits by the id of the network."""
    audits = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(AUDITS.glob("*.json"))]
    return {summary["model"]["name"]: summary for summary in audits}


def main() -> None:
    """Write every figure."""
    audits = summaries()
    FOLDER.mkdir(exist_ok=True)
    drawn = {name: draw(audits[network]) for name, (network, draw) in FIGURES.items()}
    drawn["donors"] = donors(sorted(audits.values(), key=lambda one: one["together"]["same_class"]["points"]))
    drawn["objects"] = objects(list(audits.values()))
    for name, figure in drawn.items():
        if figure is None:
            raise SystemExit(f"the audit has no numbers for {name}")
        path = FOLDER / f"{name}.png"
        figure.savefig(path, dpi=DPI, metadata={"Software": None})
        print(path.relative_to(ROOT), path.stat().st_size)


if __name__ == "__main__":
    main()
