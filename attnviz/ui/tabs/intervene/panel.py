"""What the handlers of the Intervene tab share: reading what was sent, and drawing what has changed."""

from __future__ import annotations

from collections.abc import Iterable

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.core.types import Floats
from attnviz.gates.edits.edit_list import EditList
from attnviz.gates.edits.replacements import SWAPS, Given
from attnviz.ui.shared.about_network import alone_html
from attnviz.ui.shared.downloads import Downloads
from attnviz.ui.shared.events import Data, Update, held
from attnviz.ui.shared.gate_html import help_html
from attnviz.ui.shared.page import Chosen, Page
from attnviz.ui.shared.sample_buttons import samples_for
from attnviz.ui.shared.sent_numbers import one_of, whole
from attnviz.ui.shared.strip_and_map import gate_choices, head_html, strip_html
from attnviz.ui.shared.text import note_html, plain, say
from attnviz.ui.tabs.intervene.html import (
    MEASURES,
    bars_html,
    edits_html,
    headline_html,
    paint_html,
    result_html,
)
from attnviz.ui.tabs.intervene.layout import SCOPES, InterveneParts
from attnviz.ui.tabs.intervene.sample_gates import SampleGates
from attnviz.ui.tabs.intervene.state import Bench, factor_of


def swap_choices(bench: Bench) -> list[tuple[str, str]]:
    """What a gate can be replaced by, in words; a mean says over which photographs."""
    language = bench.language
    texts = {name: plain(f"iv_swap_{name}", language) for name in SWAPS}
    if bench.reference is not None:
        texts["mean"] = plain("iv_swap_mean_known", language, images=f"{bench.reference.images:,}")
    return [(text, name) for name, text in texts.items()]


class Panel:
    """Gathers and renders for the tab's handlers.

    Args:
        page: What all tabs share.
        parts: The components.
    """

    def __init__(self, page: Page, parts: InterveneParts) -> None:
        self.page, self.store, self.parts = page, page.store, parts
        self.means, self.downloads = SampleGates(page.store), Downloads()

    # gather ---------------------------------------------------------------------------------------------------

    def bench(self, data: Data) -> Bench:
        """What the visitor works on; ``UserError`` when it was let go."""
        return held(data, self.parts.state, Bench)

    def factor(self, data: Data, language: str) -> float:
        """What a click does to a channel."""
        return factor_of(data[self.parts.action], data[self.parts.factor], language)

    def count(self, bench: Bench, data: Data) -> int:
        """How many channels are meant."""
        return whole(data[self.parts.k], 1, bench.scores.size, plain("iv_k", bench.language), bench.language)

    def given(self, bench: Bench, gate: str, name: str, data: Data) -> Given:
        """What a replacement of a gate may be made of."""
        model, language = bench.before.model, bench.language
        seed = 0
        if name.startswith("shuffle"):
            seed = whole(data[self.parts.seed], 0, 2**31 - 1, plain("iv_seed", language), language)
        return Given(
            bench.before.gate(gate).values,
            self.reference(bench, gate) if name == "mean" else None,
            self.means.other(model, gate, data[self.parts.other]) if name == "other" else None,
            seed,
        )

    def looked_at(self, bench: Bench, data: Data) -> str:
        """What other tabs shall take up; a channel stays chosen as long as its gate does."""
        old = Chosen.of(data[self.page.chosen])
        same = (old.model, old.gate) == (bench.before.model, bench.gate)
        return Chosen(bench.before.model, bench.gate, old.channel if same else None).sent()

    def reference(self, bench: Bench, gate: str) -> Floats:
        """(R, …) the gate for other photographs: its mean over the validation set, else for the samples."""
        mean = bench.mean(gate)
        return self.means.reference(bench.before.model, gate) if mean is None else mean[None]

    def replaced(self, bench: Bench, data: Data) -> EditList:
        """The chosen gate, or every gate that it fits, replaced."""
        name = one_of(data[self.parts.swap], SWAPS, "unknown replacement {}")
        scope = one_of(data[self.parts.scope], SCOPES, "unknown scope {}")
        records = [bench.record] if scope == "one" else bench.before.gates
        fitting = [record.site.name for record in records if record is not None and SWAPS[name].fits(record.site)]
        if not fitting:
            kind = bench.record.site.kind if bench.record is not None else "–"
            what = plain(f"iv_swap_{name}", bench.language)
            raise UserError(plain("iv_no_fit", bench.language, gate=bench.gate, kind=kind, what=what))
        return self.swapped(bench, name, fitting, data)

    def swapped(self, bench: Bench, name: str, gates: Iterable[str], data: Data) -> EditList:
        """Gates replaced by what a name of ``SWAPS`` makes of them."""
        edits = bench.edits
        for gate in gates:
            edits = edits.then(gate, SWAPS[name].make(self.given(bench, gate, name, data)))
        return edits

    # render ---------------------------------------------------------------------------------------------------

    def opened(self, bench: Bench, data: Data) -> Update:
        """Everything."""
        parts, language = self.parts, bench.language
        return {
            **self.chosen(bench, data),
            **{part: head_html(key, language) for key, part in parts.titles.items()},
            self.page.photo: bench.photo,
            parts.photo: bench.photo.shown,
            parts.samples: samples_for(bench.before.labels, language, bench.photo.sample),
            parts.model: bench.before.model,
            parts.gate: gr.Dropdown(choices=gate_choices(bench.before, bench.language), value=bench.gate),
            parts.editor: gr.Column(visible=True),
            parts.help: note_html("iv_picks_note", language)
            + help_html("strip", language)
            + help_html("intervene", language),
            parts.swap: gr.Dropdown(choices=swap_choices(bench)),
        }

    def emptied(self, language: str) -> Update:
        """Nothing: the photograph was removed, and with it all that was computed from it."""
        parts = self.parts
        return {
            parts.state: None,
            self.page.photo: self.page.opening,
            parts.headline: f'<p aria-live="polite">{say("iv_no_photo", language)}</p>',
            **{part: "" for part in (parts.result, parts.gates, parts.alone, parts.bars, parts.paint, parts.edits)},
            parts.searched: "",
            **{part: gr.Column(visible=False) for part in (parts.editor, parts.matter)},
            **{part: gr.Button(interactive=False) for part in (parts.undo, parts.redo, parts.reset)},
            parts.found: None,
            parts.worst: gr.Button(visible=False),
        }

    def chosen(self, bench: Bench, data: Data) -> Update:
        """What depends on the gate; what was found for another one is taken away."""
        parts = self.parts
        return {
            **self.changed(bench, data),
            self.page.chosen: self.looked_at(bench, data),
            parts.gate: bench.gate,
            parts.value: bench.brush,
            parts.average: gr.Button(visible=bench.record is not None and SWAPS["mean"].fits(bench.record.site)),
            parts.alone: alone_html(self.store.audit(bench.before.model), bench.gate, bench.language),
            parts.channels: gr.Column(visible=bench.scored),
            parts.matter: gr.Column(visible=bench.scored),
            parts.painting: gr.Column(visible=bench.record is not None and bench.record.site.traits.per_place),
            parts.searched: "",
            parts.found: None,
            parts.worst: gr.Button(visible=False),
            parts.search: gr.Button(interactive=True),
            parts.stop: gr.Button(interactive=False),
        }

    def changed(self, bench: Bench, data: Data) -> Update:
        """What depends on the edits."""
        parts = self.parts
        return {
            **self.drawn(bench, data),
            parts.state: bench,
            parts.gates: strip_html(bench.after, bench.gate, bench.language),
            parts.paint: paint_html(bench),
            parts.edits: edits_html(bench, self.store),
            parts.undo: gr.Button(interactive=bool(bench.past)),
            parts.redo: gr.Button(interactive=bool(bench.future)),
            parts.reset: gr.Button(interactive=bool(bench.edits.steps)),
        }

    def drawn(self, bench: Bench, data: Data) -> Update:
        """What depends on how things are drawn."""
        measure = one_of(data[self.parts.measure], MEASURES, "unknown measure {}")
        order = one_of(data[self.parts.order], ("index", "sorted"), "unknown order {}")
        parts = self.parts
        return {
            parts.headline: headline_html(bench),
            parts.result: result_html(bench, measure),
            parts.bars: bars_html(bench, order),
        }
