"""What tabs share: the models, and the photograph that is looked at."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from PIL import Image

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.images.channels import prepared, preview
from attnviz.images.sample_table import IMAGENETTE
from attnviz.images.samples import find_sample, load_sample, sample_names, sample_source
from attnviz.ui.settings import STATIC
from attnviz.ui.shared.sample_buttons import samples_html
from attnviz.ui.shared.text import label, plain, sample_title

if TYPE_CHECKING:
    from attnviz.ui.networks.store import Store


_ARRIVALS = itertools.count()
UNDRAWN = (".npy", ".tif", ".tiff")
"""Endings of pictures that browsers do not draw."""
MOST_CHOSEN = 2000
"""Longest value of the field with what is chosen, in characters."""


@dataclass(frozen=True)
class Photo:
    """Which photograph is looked at: a sample, or a visitor's own.

    Attributes:
        sample: Name of a sample; used where there is no ``path``.
        path: File that a visitor sent.
    """

    sample: str | None = None
    path: str | None = None

    def source(self, language: str = "en") -> Path | Image.Image:
        """What a network prepares: a file, or a picture that comes with the page; ``UserError`` where it is gone."""
        if self.path is not None and not Path(self.path).is_file():
            raise UserError(plain("lost_photo", language))
        return Path(self.path) if self.path is not None else sample_source(self.sample or "")

    def open(self, language: str = "en") -> Image.Image:
        """A picture of it for people, mode RGB; ``UserError`` where it is gone, unknown or cannot be used."""
        source = self.source(language)
        return preview(source) if isinstance(source, Path) else source

    @property
    def shown(self) -> str | Image.Image:
        """The value of an image component that shows it; a browser draws no TIFF and no array."""
        if self.path is None:
            return load_sample(self.sample or "")
        return preview(Path(self.path)) if Path(self.path).suffix.lower() in UNDRAWN else self.path

    @property
    def title(self) -> str:
        """What to call it: the sample's title, or nothing."""
        return self.called("en")

    def called(self, language: str) -> str:
        """What to call it in a language: the sample's title, or nothing."""
        return "" if self.path is not None else sample_title(self.sample or "", language=language) or self._own_title

    @property
    def _own_title(self) -> str:
        return find_sample(self.sample or "").title


def suited(photo: Photo, spec: InputSpec) -> Photo:
    """A photograph that a network can be given: this one, or where it has other channels the first sample that has not.

    Raises:
        UserError: No sample can be given either, or it is a visitor's own file.
    """
    if not spec.raw and (photo.path or isinstance(photo.source(), Image.Image)):
        return photo
    names = [] if photo.path else [name for name in sample_names() if name != photo.sample]
    for each in (photo, *map(Photo, names)):
        try:
            prepared(each.source(), spec, 16)
        except UserError as error:
            refused = error
        else:
            return each
    raise refused


@dataclass(frozen=True)
class Chosen:
    """What is looked at besides the photograph, whatever tab it was chosen in; ``None`` where nobody has chosen yet.

    It lives in a hidden field of the page, where the interactive view puts its choices without a request: anybody may
    send anything, so a tab looks each name up before it uses it.

    Attributes:
        model: Id of a network.
        gate: Name of one of its gates.
        channel: Of that gate.
    """

    model: str | None = None
    gate: str | None = None
    channel: int | None = None

    @classmethod
    def of(cls, sent: Any) -> Chosen:
        """From the value of the field; what cannot be read counts as nothing chosen."""
        try:
            values = json.loads(sent) if isinstance(sent, str) and len(sent) < MOST_CHOSEN else None
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            return cls()
        model, gate, channel = values.get("model"), values.get("gate"), values.get("channel")
        return cls(
            model if isinstance(model, str) else None,
            gate if isinstance(gate, str) else None,
            channel if type(channel) is int and 0 <= channel < 10**6 else None,
        )

    def sent(self) -> str:
        """The value of the field."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Page:
    """What a tab is built into.

    Attributes:
        demo: The page.
        store: The models.
        tab: The tab itself; its ``select`` tells that it was opened.
        photo: State with the ``Photo`` that was chosen last, in any tab (``None`` until then): a tab that chooses
            writes it, and every other one takes it up when it is opened.
        opening: The photograph that a visitor sees first.
        name: Of the tab, as in the table of tabs and in addresses.
        chosen: Hidden field with the ``Chosen`` of all tabs, as ``Chosen.sent`` writes it.
        head: The page's header; its event ``language`` tells that another language was chosen.
        address: Sends an address that is to be opened; its event ``go_<name>`` belongs to the tab of that name.
    """

    demo: gr.Blocks
    store: Store
    tab: gr.Tab
    photo: gr.State
    opening: Photo
    name: str = "explore"
    chosen: gr.Textbox = field(default_factory=lambda: chosen_field())
    head: gr.HTML = field(default_factory=lambda: gr.HTML(js_on_load=script("head")))
    address: gr.HTML = field(default_factory=lambda: address_component(("explore",)))

    def arrived(self) -> dict[Any, str]:
        """The update by which this tab says that it shows what an address asked for; the browser then opens it."""
        return {self.address: arrival(self.name)}

    @property
    def go(self) -> Any:
        """The event that an address was opened which belongs to this tab."""
        return getattr(self.address, f"go_{self.name}")


def arrival(tab: str) -> str:
    """What the address component is told when a tab shows what was asked for: it then opens the tab."""
    return f"{tab} {next(_ARRIVALS)}"  # another value each time: the same would say nothing


@dataclass(frozen=True)
class Picker:
    """Where a photograph is chosen: ``image`` takes an upload, ``samples`` has a button for each sample."""

    image: gr.Image
    samples: gr.HTML


def script(name: str, /, **constants: Any) -> str:
    """A script of the folder ``static`` behind constants that it reads.

    What stays the same is told this way: gradio forgets a component's own properties when the tab that it lies in is
    opened by an address and has not been seen before.
    """
    declarations = "".join(f"const {constant} = {json.dumps(value)};\n" for constant, value in constants.items())
    return declarations + (STATIC / f"{name}.js").read_text(encoding="utf-8")


def chosen_field() -> gr.Textbox:
    """The hidden field that ``Chosen`` lives in."""
    return gr.Textbox(Chosen().sent(), elem_id="chosen", elem_classes="av-hidden", show_label=False)


def address_component(names: Iterable[str]) -> gr.HTML:
    """The component that keeps the browser's address, for tabs of these names."""
    events = [f"go_{name}" for name in names]
    return gr.HTML(js_on_load=script("address", events=events), elem_id="address", padding=False)


def picker(photo: Photo, prefix: str = "", height: int = 260, data: str = IMAGENETTE) -> Picker:
    """Add a picker to the page; ``prefix`` goes in front of the components' ids, samples of ``data`` stand first."""
    image = gr.Image(
        photo.shown,
        type="filepath",
        image_mode=None,
        format="jpeg",
        sources=["upload", "webcam", "clipboard"],
        label=label("photo_label"),
        height=height,
        buttons=[],
        elem_id=f"{prefix}photo",
    )
    # a tab that is not open yet fills them in when it is opened: each thumbnail stands in the page once
    tiles = "" if prefix else samples_html(data=data, shown=photo.sample)
    samples = gr.HTML(tiles, js_on_load=script("pick"), elem_id=f"{prefix}samples")
    return Picker(image, samples)
