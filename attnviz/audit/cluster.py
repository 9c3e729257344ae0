"""The blocks of an audit on Ray Data: processes here, or the machines of a cluster. Ray is imported when it is needed.

A block is a row; actors hold the network, compute blocks and give arrays back as bytes. Ray hands the blocks of an
actor that dies to another one, and since a block depends on nothing but its number, no number changes. Photographs
are read where the actors are: the paths must be theirs too.
"""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from attnviz.audit.photographs import Photographs
from attnviz.audit.settings import Settings
from attnviz.audit.statistics.base import Array
from attnviz.core.errors import UserError

LOCAL = "local"
PATIENCE = 10
"""Seconds in which a cluster must answer."""
CPUS = 0.5
"""CPUs that an actor reserves: with one each, two actors on two cores leave none for Ray Data's own tasks, and hang."""


class BlockActor:
    """Computes blocks in a process of its own.

    Args:
        model: Locator of the network.
        photographs: The data.
        settings: What was chosen.
        kind: Which of the blocks of ``Work``.
        prepared: What blocks of this kind need of those before: name of the property of ``Work`` -> value.
    """

    def __init__(
        self, model: str, photographs: Photographs, settings: Settings, kind: str, prepared: dict[str, Any]
    ) -> None:
        from attnviz.analysis.analyser import Analyser
        from attnviz.audit.store import AuditFiles
        from attnviz.audit.work import Work
        from attnviz.models.checkpoints import best_device
        from attnviz.models.locator import load

        analyser = Analyser(load(model, device=best_device()))
        work = Work(analyser, photographs, replace(settings, workers=0), AuditFiles(Path()))
        vars(work).update(prepared)
        self.compute = getattr(work, kind)

    def __call__(self, batch: dict[str, Array]) -> dict[str, Any]:
        """Blocks by number -> their arrays as the bytes of an npz file."""
        numbers, files = [], []
        for number, arrays in self.compute([int(n) for n in batch["block"]]):
            buffer = io.BytesIO()
            np.savez(buffer, **arrays)
            numbers.append(number)
            files.append(buffer.getvalue())
        return {"block": np.array(numbers), "data": np.array(files, object)}


def _knock(address: str) -> None:
    """Raise ``OSError`` where nobody answers at HOST:PORT; Ray itself tries for minutes."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()


class Cluster:
    """Where blocks are computed on Ray.

    Args:
        address: ``local`` starts Ray here; else the address of a cluster.
        model: Locator of the network, which every actor loads.
        actors: How many at once; ``None`` for one a GPU, or one a CPU where there is none.

    Raises:
        UserError: Ray is not installed, or there is no cluster at the address.
    """

    def __init__(self, address: str, model: str, actors: int | None = None) -> None:
        try:
            import ray
            import ray.data
        except ImportError as error:
            raise UserError(f"--ray needs Ray ({error}): pip install 'attnviz[cluster]'") from error
        self.ray, self.model = ray, model
        quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False, "ignore_reinit_error": True}
        try:
            if address == LOCAL:
                ray.init(include_dashboard=False, **quiet)
            else:
                _knock(address)
                ray.init(address=address, **quiet)
        except Exception as error:  # Ray raises many types where there is no cluster; each means the same
            raise UserError(f"there is no Ray cluster at {address!r}: {str(error).splitlines()[0][:200]}") from error
        resources = ray.cluster_resources()
        self.gpus = int(resources.get("GPU", 0))
        self.actors = actors or self.gpus or max(1, int(resources.get("CPU", 1)))

    def run(
        self, work: Any, kind: str, numbers: Sequence[int], progress: Callable[[int], None]
    ) -> Iterator[tuple[int, dict[str, Array]]]:
        """Blocks of one kind in the order in which they are finished."""
        data = self.ray.data
        data.DataContext.get_current().enable_progress_bars = False
        given = (self.model, work.photographs, work.settings, kind, work.prepared(kind))
        rows = data.from_items([{"block": number} for number in numbers], override_num_blocks=len(numbers))
        computed = rows.map_batches(
            BlockActor,
            fn_constructor_args=given,
            batch_size=1,
            concurrency=min(self.actors, len(numbers)),
            num_cpus=CPUS,
            num_gpus=1 if self.gpus else 0,
        )
        for row in computed.iter_rows():
            with np.load(io.BytesIO(row["data"]), allow_pickle=False) as file:
                yield int(row["block"]), {name: file[name] for name in file.files}
            progress(work.size(kind, int(row["block"])))

    def close(self) -> None:
        """Let go of Ray."""
        self.ray.shutdown()
