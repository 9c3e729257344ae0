"""The components of the Audit tab and where they stand: the network, its audit, and what an own one needs."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared.page import Page
from attnviz.ui.shared.text import label, note_html
from attnviz.ui.tabs.audit.state import SOURCES

DEPTHS = ("quick", "thorough")


@dataclass(frozen=True)
class OwnAudit:
    """What an audit of a visitor's own is asked for with."""

    limits: gr.HTML
    folder: gr.Textbox
    archive: gr.File
    depth: gr.Radio
    skip: gr.Checkbox
    run: gr.Button
    stop: gr.Button
    progress: gr.HTML
    report: gr.DownloadButton
    numbers: gr.DownloadButton


@dataclass(frozen=True)
class AuditParts:
    """What events read or write; ``own`` is ``None`` on a public page."""

    state: gr.State
    intro: gr.HTML
    model: gr.Dropdown
    source: gr.Radio
    audit: gr.HTML
    own: OwnAudit | None


def layout(page: Page) -> AuditParts:
    """Lay the tab out; what it shows comes when it is opened."""
    state = gr.State(None, time_to_live=KEEP_SECONDS)
    with gr.Row(equal_height=False, elem_id="audit"):
        with gr.Column(scale=3, min_width=260, elem_id="audit-input"):
            choices = [(page.store.title(name), name) for name in page.store.choices]
            model = gr.Dropdown(choices, value=page.store.ids[0], label=label("model"), elem_id="audit-model")
            source = gr.Radio(
                [(label(f"choice_audit_{name}"), name) for name in SOURCES],
                value=SOURCES[0],
                label=label("audit_source"),
                visible=False,
                elem_id="audit-source",
            )
            intro = gr.HTML(note_html("audit_intro", "en"), elem_id="audit-intro")
            own = None if page.store.public else _own()
        with gr.Column(scale=10, min_width=300, elem_id="audit-result"):
            audit = gr.HTML("", elem_id="audit-report")
    return AuditParts(state, intro, model, source, audit, own)


def _own() -> OwnAudit:
    with gr.Accordion(label("audit_own"), open=False, elem_id="audit-own"):
        limits = gr.HTML("", elem_id="audit-limits")
        folder = gr.Textbox(
            label=label("audit_folder"),
            placeholder="~/photographs",
            max_lines=1,
            max_length=4096,
            elem_id="audit-folder",
        )
        archive = gr.File(file_types=[".zip"], label=label("audit_zip"), height=110, elem_id="audit-zip")
        depth = gr.Radio(
            [(label(f"choice_audit_{name}"), name) for name in DEPTHS],
            value=DEPTHS[0],
            label=label("audit_depths"),
            elem_id="audit-depth",
        )
        skip = gr.Checkbox(False, label=label("audit_skip"), elem_id="audit-skip")
        with gr.Row(elem_classes="av-buttons"):
            run = gr.Button(label("audit_run"), variant="primary", size="md", elem_id="audit-run")
            stop = gr.Button(label("audit_stop"), size="md", interactive=False, elem_id="audit-stop")
        progress = gr.HTML("", elem_id="audit-progress")
        report = gr.DownloadButton(label("audit_report"), visible=False, size="md", elem_id="audit-file")
        numbers = gr.DownloadButton(label("audit_numbers"), visible=False, size="md", elem_id="audit-numbers")
    return OwnAudit(limits, folder, archive, depth, skip, run, stop, progress, report, numbers)
