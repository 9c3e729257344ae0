"""Files made for visitors: one ZIP a request, the oldest deleted."""

from __future__ import annotations

import shutil
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnviz.core.colour_maps import CMAP
from attnviz.render.export import file_name, write_exports
from attnviz.render.figures.style import DPI
from attnviz.ui.shared.view import View

KEPT = 8
"""Archives kept; gradio has copied each into its own cache long before it is deleted here."""


@dataclass(frozen=True)
class DownloadLook:
    """How the view draws things; the renderer checks each value.

    Attributes:
        opacity: Of masks.
        cmap: Name of a colour map.
        scale: ``"fixed"`` or ``"stretch"``.
    """

    opacity: Any = 0.55
    cmap: Any = CMAP
    scale: Any = "fixed"

    @classmethod
    def of(cls, sent: Any) -> DownloadLook:
        """From what a browser sent; what is not there is as it is at first."""
        values = sent if isinstance(sent, dict) else {}
        return cls(**{key: values[key] for key in cls.__dataclass_fields__ if key in values})


class Downloads:
    """Writes archives into one temporary folder of the process."""

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="attnviz-")
        self._made: list[Path] = []
        self._guard = threading.Lock()

    def archive(self, view: View, look: DownloadLook, kind: str = "png", dpi: float = DPI) -> Path:
        """All pictures and numbers of a view as ``attnviz-<model>-<photograph>.zip``.

        Args:
            view: What is looked at.
            look: How the view draws it.
            kind: Format of the pictures, of ``render.figures.style.PRINTED``.
            dpi: Their pixels per inch, 10..600.
        """
        folder = Path(tempfile.mkdtemp(dir=self._root.name))
        name = file_name(f"attnviz-{view.analysis.model}-{view.sample or 'photograph'}")
        drawn = {"opacity": look.opacity, "cmap": look.cmap, "scale": look.scale, "kind": kind, "dpi": dpi}
        files = write_exports(view.analysis, folder / name, **drawn)
        path = folder / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, f"{name}/{file.name}")
        shutil.rmtree(folder / name)
        self._keep(folder)
        return path

    def text(self, name: str, text: str) -> Path:
        """A file with a text; ``name`` becomes one that every system takes."""
        return self.data(name, text.encode())

    def data(self, name: str, data: bytes) -> Path:
        """A file with these bytes; ``name`` as in ``text``."""
        folder = Path(tempfile.mkdtemp(dir=self._root.name))
        path = folder / file_name(name)
        path.write_bytes(data)
        self._keep(folder)
        return path

    def _keep(self, folder: Path) -> None:
        with self._guard:
            self._made.append(folder)
            while len(self._made) > KEPT:
                shutil.rmtree(self._made.pop(0), ignore_errors=True)
