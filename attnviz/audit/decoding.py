"""Decoding in worker processes, which import no torch; a worker that dies is replaced and its work done again."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from attnviz.audit.statistics.base import Whole
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.types import Bytes, Floats
from attnviz.images.channels import is_raw, prepare_channels
from attnviz.images.decode import open_photograph
from attnviz.images.prepare import network_input, prepare

TRIES = 3
"""How often a batch is given to new workers after they have died."""
AHEAD = 2
"""Batches that are decoded before they are asked for, for each worker."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A batch of photographs.

    Attributes:
        numbers: (n,) int64, of those that could be read.
        pixels: (n, H, W, 3) uint8, what the network sees of them; of pictures with other channels or values
            (n, C, H, W) float32, what it is given.
        problems: Number and reason of those that could not.
    """

    numbers: Whole
    pixels: Bytes | Floats
    problems: tuple[tuple[int, str], ...] = ()


def decode(numbers: Sequence[int], sources: Sequence[Any], spec: InputSpec) -> Decoded:
    """Open and prepare photographs."""
    kept: list[int] = []
    pixels: list[Bytes | Floats] = []
    problems: list[tuple[int, str]] = []
    for number, source in zip(numbers, sources, strict=True):
        try:
            one = _given(source, spec)
            if pixels and (one.shape, one.dtype) != (pixels[0].shape, pixels[0].dtype):
                raise UserError(f"this picture is read as {_form(one)}, and others before it as {_form(pixels[0])}")
            pixels.append(one)
            kept.append(number)
        except (UserError, OSError) as error:
            problems.append((number, str(error)))
    stacked: Any = np.stack(pixels) if pixels else np.zeros((0, *spec.size, 3), np.uint8)
    return Decoded(np.array(kept, np.int64), stacked, tuple(problems))


def _form(pixels: Bytes | Floats) -> str:
    return f"{'×'.join(map(str, pixels.shape))} {pixels.dtype}"


def _given(source: Any, spec: InputSpec) -> Bytes | Floats:
    if is_raw(source, spec):
        return network_input(prepare_channels(source, spec, 1), spec)
    image = prepare(open_photograph(source), spec, display_side=1)
    return image.network if spec.colours == 3 else network_input(image, spec)


class Decoder:
    """Decodes batches in the order in which they are asked for; a context.

    Args:
        sources: Files or pictures by number.
        spec: What the network wants.
        workers: Processes; with 0 the calling one decodes.
    """

    def __init__(self, sources: Sequence[Any], spec: InputSpec, workers: int) -> None:
        self.sources, self.spec, self.workers = sources, spec, workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=kind is None, cancel_futures=True)
            self._pool = None

    def batches(self, parts: Iterable[Sequence[int]]) -> Iterator[Decoded]:
        """Decode batches of numbers, some of them ahead of time.

        Raises:
            UserError: Workers died again and again on one batch.
        """
        if not self.workers:
            yield from (decode(part, [self.sources[i] for i in part], self.spec) for part in parts)
            return
        waiting: deque[tuple[Sequence[int], Future[Decoded]]] = deque()
        rest = iter(parts)
        while True:
            while len(waiting) < AHEAD * self.workers and (part := next(rest, None)) is not None:
                waiting.append((part, self._submit(part)))
            if not waiting:
                return
            part, future = waiting.popleft()
            yield self._result(part, future, waiting)

    def _result(
        self, part: Sequence[int], future: Future[Decoded], waiting: deque[tuple[Sequence[int], Future[Decoded]]]
    ) -> Decoded:
        for _ in range(TRIES):
            try:
                return future.result()
            except BrokenProcessPool:
                self._pool = None
                future = self._submit(part)
                again = [(other, self._submit(other)) for other, _ in waiting]
                waiting.clear()
                waiting.extend(again)
        raise UserError(
            f"worker processes died {TRIES} times while they decoded {self.sources[part[0]]} and those after it"
        )

    def _submit(self, part: Sequence[int]) -> Future[Decoded]:
        sources = [self.sources[i] for i in part]
        if self._pool is None:
            self._pool = _pool(self.workers)
        with _without_main():
            try:
                return self._pool.submit(decode, list(part), sources, self.spec)
            except BrokenProcessPool:
                self._pool = _pool(self.workers)
                return self._pool.submit(decode, list(part), sources, self.spec)


@contextmanager
def _without_main() -> Iterator[None]:
    """Begin workers that need nothing of the caller's script: a new process would run it once more otherwise.

    A script whose ``audit(...)`` does not stand under ``if __name__ == "__main__"`` would audit in every worker.
    """
    own, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = own


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _end_with_parent)


def _end_with_parent() -> None:
    """End this worker as soon as the process that began it has, which cannot say so where it is killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
