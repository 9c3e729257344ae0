"""What refusing costs: ``python -m benchmarks.refusals`` prints time and memory for each hostile file of the corpus."""

from __future__ import annotations

import contextlib
import json
import resource
import time
import tracemalloc
from typing import Any

from attnviz.core.errors import UserError
from attnviz.images.decode import open_photograph
from benchmarks import corpus


def refusals() -> dict[str, Any]:
    """What refusing costs: time and memory for each hostile file of the corpus, decoded alone."""
    open_photograph(corpus.good()["png"])
    rows = {}
    for name, data in corpus.refused().items():
        times, spent, base = [], [], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(5):
            started, busy = time.perf_counter(), time.process_time()
            with contextlib.suppress(UserError):
                open_photograph(data)
                raise RuntimeError(f"{name} was opened")
            times.append(1000 * (time.perf_counter() - started))
            spent.append(1000 * (time.process_time() - busy))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
        tracemalloc.start()
        with contextlib.suppress(UserError):
            open_photograph(data)
        traced = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        rows[name] = {"bytes": len(data), "ms": round(min(times), 2), "worst cpu ms": round(max(spent), 2)}
        rows[name] |= {"process grew MB": round(grown, 1), "python MB": round(traced, 2)}
    worst = {
        key: max(row[key] for row in rows.values()) for key in ("ms", "worst cpu ms", "process grew MB", "python MB")
    }
    return {"files": len(rows), "most": worst, "each": rows}


if __name__ == "__main__":
    print(json.dumps(refusals(), indent=1))
