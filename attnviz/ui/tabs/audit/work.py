"""An audit that is asked for on the page: run on a copy of the network, told step by step, ended when nobody waits."""

from __future__ import annotations

import copy
import io
import tempfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from attnviz.audit.compare import Summary
from attnviz.audit.photographs import Photographs
from attnviz.audit.progress import ProgressCounter
from attnviz.audit.result import Audit
from attnviz.audit.run import Unreadable, audit
from attnviz.audit.settings import Settings
from attnviz.audit.summaries import effects_of, verdicts_of
from attnviz.core.errors import Cancelled, UserError
from attnviz.models.network import Network
from attnviz.render.audit.photographs import ReportView, opened_photographs, shown_photographs
from attnviz.render.audit.report import report_html
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.jobs import Report
from attnviz.ui.shared.text import plain
from attnviz.ui.tabs.audit.photographs import of_folder, of_zip
from attnviz.viewer.page import embedded

BATCH = 16
"""Photographs of a batch: between two of them the audit can be cancelled, and photographs may be large."""
PATIENCE = 3.0
"""Seconds after which it is said how long a step will take."""


@dataclass(frozen=True)
class AuditRequest:
    """What a visitor wants audited.

    Attributes:
        model: Id of the network.
        folder: Path of a folder as it was sent; used where there is no ``archive``.
        archive: A ZIP that was sent.
        thorough: Whether each gate is replaced alone too, and channels are knocked out.
        skip: Whether photographs that cannot be read are left out.
    """

    model: str
    folder: object = None
    archive: Path | None = None
    thorough: bool = False
    skip: bool = False


@dataclass(frozen=True)
class Finished:
    """An audit that was made for a visitor.

    Attributes:
        summary: Its numbers.
        page: The report, an HTML file.
        archive: A ZIP of its numbers and tables.
    """

    summary: Summary
    page: bytes
    archive: bytes


def make(store: Store, wanted: AuditRequest, language: str, report: Report) -> Finished:
    """Audit a network on a visitor's photographs.

    Raises:
        UserError: The photographs or the network cannot be used.
        Cancelled: ``report.stop`` was set.
    """
    _tell(report, plain("audit_loading", language), 0)
    network = copied(store, wanted.model, language)
    with tempfile.TemporaryDirectory(prefix="attnviz-audit-") as root:
        photographs = _photographs(wanted, Path(root), network, language, report)
        settings = Settings(
            quick=not wanted.thorough,
            skip_unreadable=wanted.skip,
            workers=0,  # a process that is started from a visitor's own script would run that script again
            batch=BATCH,
        )

        def watch(progress: ProgressCounter) -> None:
            _say(progress, language, report)

        try:
            done = audit(network, photographs, out=Path(root) / "audit", settings=settings, watch=watch)
        except Unreadable as error:
            raise UserError(plain("audit_unreadable", language, what=error.what)) from error
        report.say(plain("audit_writing", language), 1)
        return _finished(done, language)


def copied(store: Store, name: str, language: str) -> Network:
    """A network of its own for an audit, so that nobody waits for it meanwhile.

    Raises:
        UserError: It cannot be had, or is somebody's own and cannot be copied.
    """
    with store.lease(name) as analyser:
        try:
            return replace(analyser.loaded, module=copy.deepcopy(analyser.loaded.module))
        except Exception as error:  # whatever the modules of somebody's own network raise
            raise UserError(plain("audit_no_copy", language, name=name)) from error


def _photographs(wanted: AuditRequest, root: Path, network: Network, language: str, report: Report) -> Photographs:
    if wanted.archive is None:
        return of_folder(wanted.folder, network.labels, language)
    folder = root / "photographs"
    folder.mkdir()

    def unpacked(done: int, total: int) -> None:
        _tell(report, plain("audit_unpacking", language, done=f"{done:,}", total=f"{total:,}"), done / total)

    return of_zip(wanted.archive, folder, network.labels, language, unpacked)


def _say(progress: ProgressCounter, language: str, report: Report) -> None:
    """One step of the audit."""
    share = progress.done / max(progress.total, 1)
    text = plain(f"audit_step_{progress.what}", language, done=f"{progress.done:,}", total=f"{progress.total:,}")
    left = progress.left()
    if progress.elapsed() >= PATIENCE and left >= 1:
        key = "audit_seconds" if left < 90 else "audit_minutes"
        text += plain(key, language, seconds=f"{left:.0f}", minutes=f"{left / 60:.0f}")
    _tell(report, text, share)


def _tell(report: Report, text: str, share: float) -> None:
    if report.stop.is_set():
        raise Cancelled("the audit was cancelled")
    report.say(text, share)


def _finished(done: Audit, language: str) -> Finished:
    summary = done.summary
    views = embedded(done.analyses(opened_photographs(summary)), effects_of(summary), verdicts_of(summary))
    page = report_html(summary, done.pictures(shown_photographs(summary)), language, ReportView(*views))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in done.write():
            archive.write(path, path.name)
    return Finished(summary, page.encode(), buffer.getvalue())
