"""An audit from beginning to end: plan, read, test, sum up."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import attnviz
from attnviz.analysis.analyser import Analyser
from attnviz.audit.cluster import Cluster
from attnviz.audit.network import check_scores
from attnviz.audit.photographs import Photographs, given, in_folder
from attnviz.audit.progress import ProgressCounter
from attnviz.audit.result import Audit
from attnviz.audit.settings import Say, Settings
from attnviz.audit.store import AuditFiles
from attnviz.audit.summary import SCHEMA, summarise
from attnviz.audit.walk import unreadable
from attnviz.audit.work import Work
from attnviz.core.errors import UserError
from attnviz.models.locator import network_of
from attnviz.models.network import Network
from attnviz.models.provenance import facts, fingerprint

OUTPUTS = ("summary.json", "report.html", "images.parquet", "gates.parquet", "figures", "work")
"""What an audit writes into its folder, and what ``--force`` takes away from an earlier one."""


def audit(
    model: Any,
    images: str | os.PathLike[str] | Sequence[Any] | Photographs,
    labels: Sequence[Any] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    split: str = "val",
    settings: Settings | None = None,
    resume: bool = False,
    force: bool = False,
    ray: str = "",
    say: Say | None = None,
    watch: Callable[[ProgressCounter], None] | None = None,
) -> Audit:
    """Measure on many photographs what the gates of a network do, and whether it matters.

    Args:
        model: What ``attnviz.load`` or ``attnviz.wrap`` gives, or takes.
        images: A folder of class folders or of photographs, photographs as ``open_photograph`` takes them, or what
            ``attnviz.audit.photographs`` made of them.
        labels: Name or index of the class of each photograph of a sequence; a folder says it by its folders.
        out: Folder for what comes out; ``None`` keeps it in a temporary one.
        split: Part of the folder.
        settings: What is chosen.
        resume: Go on with an interrupted audit in ``out``.
        force: Replace an audit in ``out``.
        ray: ``"local"`` computes on Ray here, an address on a cluster; see ``attnviz.audit.cluster``.
        say: Takes lines that tell how far it is.
        watch: Called at every step with how far it is; what it raises ends the audit.

    Raises:
        UserError: The network has no gates, or the photographs, the folder or the settings cannot be used.
    """
    started, chosen = time.perf_counter(), settings or Settings()
    analyser = Analyser(network_of(model))
    check_scores(analyser.loaded)
    if not analyser.sites:
        raise UserError(f"{analyser.loaded.name} has no attention gates: there is nothing to audit")
    photographs = _photographs(images, labels, analyser.loaded.labels, split)
    folder = _folder(out, resume)
    store = AuditFiles(folder / "work")
    work = Work(analyser, photographs, chosen, store)
    plan = plan_of(analyser.loaded, photographs, chosen)
    _begin(folder, store, plan, resume, force)
    where = closing(Cluster(ray, _locator(model))) if ray else nullcontext()
    with where as cluster, analyser.in_use():
        _do(work, say, cluster, watch)
    report = summarise(work)
    report["run"] = facts(analyser.device, time.perf_counter() - started)
    report["plan"] = plan
    return Audit(report, work, folder)


def plan_of(network: Network, photographs: Photographs, settings: Settings) -> dict[str, Any]:
    """Everything that decides the numbers of an audit."""
    return {
        "schema": SCHEMA,
        "attnviz": attnviz.__version__,
        "model": network.name,
        "weights": fingerprint(network),
        "meaning": dataclasses.asdict(network.meaning),
        "data": photographs.fingerprint,
        **settings.decisive,
    }


def _locator(model: Any) -> str:
    """What processes elsewhere load the network by."""
    if isinstance(model, (str, os.PathLike)):
        path = os.fspath(model)
        return os.fspath(Path(path).resolve()) if Path(f"{path}.json").is_file() or Path(path).exists() else path
    raise UserError("on Ray a network is given by its name or path, since every process loads it anew")


def _photographs(images: Any, labels: Sequence[Any] | None, of_network: Sequence[str], split: str) -> Photographs:
    if isinstance(images, (str, os.PathLike, Photographs)):
        if labels is not None:
            raise UserError(
                "the folders say the classes of photographs in a folder; give labels with a list of photographs"
            )
        return images if isinstance(images, Photographs) else in_folder(Path(images), of_network, split)
    return given(images, of_network, labels)


def _folder(out: str | os.PathLike[str] | None, resume: bool) -> Path:
    if out is None:
        if resume:
            raise UserError("only an audit with a folder of its own (out) can be gone on with")
        return Path(tempfile.mkdtemp(prefix="attnviz-audit-"))
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; --out must be a folder")
    return folder


def _begin(folder: Path, store: AuditFiles, plan: dict[str, Any], resume: bool, force: bool) -> None:
    """Make the folder, once everything else has been checked: nothing that is there is lost without ``force``."""
    there = [name for name in OUTPUTS if (folder / name).exists()]
    if there and not (resume or force):
        raise UserError(
            f"{folder} holds another audit ({', '.join(there)}): --resume goes on with it, --force replaces it"
        )
    if not resume:
        for name in there:
            shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()
    folder.mkdir(parents=True, exist_ok=True)
    store.open(plan, resume)


STAGES = (("read", "reading", "readings"), ("pool", "donors", "pools"), ("test", "testing", "trials"))
"""What is done one after the other: methods of ``Work``, what they are called, and the numbers of their blocks."""
FILES = {"read": "reading", "pool": "pool", "test": "trial"}


def _do(work: Work, say: Say | None, cluster: Cluster | None, watch: Callable[[ProgressCounter], None] | None) -> None:
    """All blocks that are not finished yet, here or on a cluster."""
    for kind, what, numbers in STAGES:
        every = getattr(work, numbers)
        progress = ProgressCounter(what, sum(work.size(kind, number) for number in every), say, watch)
        left = [number for number in every if not work.store.has(FILES[kind], number)]
        progress.skip(progress.total - sum(work.size(kind, number) for number in left))
        if left:
            here = getattr(work, kind)
            blocks = here(left, progress.add) if cluster is None else cluster.run(work, kind, left, progress.add)
            for number, arrays in blocks:
                work.store.save(FILES[kind], number, arrays)
        if kind == "read":
            _refuse_unreadable(work)


class Unreadable(UserError):
    """Photographs that cannot be read, and which; the audit goes on once it is said that they are left out.

    Args:
        what: How many, which and why.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} (--resume --skip-unreadable goes on without them)")
        self.what = what


def _refuse_unreadable(work: Work) -> None:
    problems, names = work.problems, work.photographs.names
    if problems and not work.settings.skip_unreadable:
        raise Unreadable(unreadable(problems, names))
    if len(problems) == len(names):
        raise UserError(f"none of {len(names)} photographs can be read: {problems[0][1]}")
    lost = {number for number, _ in problems}
    if work.photographs.labelled and len({t for n, t in enumerate(work.photographs.targets) if n not in lost}) < 2:
        raise UserError(
            f"without the {len(problems)} files that cannot be read there is one class only ({problems[0][1]}); repair "
            "them, or give the photographs without classes"
        )
