"""What attention costs: parameters, multiplications, activation memory and time, against the same network without.

Parameters, multiplications and memory are counted on torch's ``meta`` device: exactly, without computing anything.
"""

from __future__ import annotations

import dataclasses
import math
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from attnviz.attention import ATTENTION
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.spec import ModelSpec, build, count_parameters, input_shape

BASELINE = "none"


@dataclass(frozen=True)
class CostRow:
    """Cost of a backbone with one attention type.

    Attributes:
        attention: A key of ``ATTENTION``.
        parameters: Trainable parameters.
        macs: Multiply-accumulates of convolutions and matrix products for one input; pools, activations and
            element-wise products are not counted.
        activation_bytes: Memory that a forward pass in training keeps for the backward pass, per input, float32.
        milliseconds: Shortest time of a forward pass of one input in eval mode; ``None`` where not measured.
        parameters_ratio: To the same backbone without attention; so the other ratios.
        macs_ratio: As above.
        activation_ratio: As above.
        latency_ratio: Of shortest times, passes of both networks taking turns; ``None`` where not measured.
    """

    attention: str
    parameters: int
    macs: int
    activation_bytes: int
    milliseconds: float | None
    parameters_ratio: float
    macs_ratio: float
    activation_ratio: float
    latency_ratio: float | None


@dataclass(frozen=True)
class CostTable:
    """Costs of a backbone with several attention types.

    Attributes:
        backbone: A key of ``BACKBONES``.
        size: Side of the input in pixels.
        num_classes: K.
        options: Keyword arguments of the backbone.
        rows: The baseline first.
        refused: ``(attention type, reason)`` of the types that the backbone does not take.
        facts: Version of torch, number of threads, number of timed passes.
    """

    backbone: str
    size: int
    num_classes: int
    options: Mapping[str, Any]
    rows: tuple[CostRow, ...]
    refused: tuple[tuple[str, str], ...]
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    def cells(self) -> list[list[str]]:
        """The table as people read it, header first."""
        head = ["attention", "parameters", "", "MACs", "", "activations", "", "latency"]
        return [head] + [
            [
                row.attention,
                f"{row.parameters:,}",
                _percent(row.parameters_ratio),
                f"{row.macs:,}",
                _percent(row.macs_ratio),
                f"{row.activation_bytes / 2**20:.1f} MiB",
                _percent(row.activation_ratio),
                "–" if row.latency_ratio is None else f"× {row.latency_ratio:.2f}",
            ]
            for row in self.rows
        ]

    def as_text(self) -> str:
        """Aligned columns for a terminal."""
        cells = self.cells()
        wide = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
        lines = [
            "  ".join([line[0].ljust(wide[0]), *(c.rjust(w) for c, w in zip(line[1:], wide[1:], strict=True))])
            for line in cells
        ]
        return "\n".join([f"{self.backbone}, {self.size}×{self.size}", *lines, *self._refusals("")])

    def as_markdown(self) -> str:
        """A table for a README."""
        head, *body = (f"| {' | '.join(line)} |" for line in self.cells())
        rule = "| --- |" + " ---: |" * (len(self.cells()[0]) - 1)
        return "\n".join([head, rule, *body, *self._refusals("\n")])

    def _refusals(self, before: str) -> list[str]:
        return [f"{before}{attention}: not here. {reason}" for attention, reason in self.refused]


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.2f} %"


class LiveStorage(TorchDispatchMode):
    """Sums the storage that operations made and that is still alive, whoever keeps it.

    Args:
        model: Its parameters and buffers do not count.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._own = {t.untyped_storage()._cdata for t in (*model.parameters(), *model.buffers())}
        self._made: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would load its compiler, see _Flops

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and note the storage of its results."""
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in self._own:
                self._made[tensor.untyped_storage()._cdata] = weakref.ref(tensor.untyped_storage())
        return out

    def bytes_alive(self) -> int:
        """Bytes of all storage that is still referenced."""
        storages = [reference() for reference in self._made.values()]
        return sum(storage.nbytes() for storage in storages if storage is not None)


class _Flops(TorchDispatchMode):
    """Sums the operations of convolutions and matrix products by torch's own table.

    Torch's own counter does the same, but loads torch's compiler at the first operation, which takes seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation, in its parts where the table does not know it, and count it."""
        given, formula = kwargs or {}, flop_registry.get(func._overloadpacket)
        if formula is None:
            with self:
                parts = func.decompose(*args, **given)
            if parts is not NotImplemented:
                return parts
        out = func(*args, **given)
        if formula is not None:
            self.total += int(formula(*args, **given, out_val=out))
        return out


def count_macs(model: nn.Module, x: Tensor) -> int:
    """Multiply-accumulates of one forward pass: half of the operations that torch's table counts."""
    counter = _Flops()
    with torch.no_grad(), counter:
        model(x)
    return counter.total // 2


def activation_bytes(model: nn.Module, x: Tensor) -> int:
    """Bytes that a forward pass with gradients keeps alive for the backward pass, its result included."""
    live = LiveStorage(model)
    with torch.enable_grad(), live:
        result = model(x)
        kept = live.bytes_alive()
    del result
    return kept


def macs_of(spec: ModelSpec) -> int:
    """Multiply-accumulates of one input of a network that is described; nothing is computed."""
    with torch.device("meta"):
        return count_macs(build(spec, published_weights=False).eval(), torch.empty(input_shape(spec)))


def _counts(spec: ModelSpec) -> tuple[int, int, int]:
    """Parameters, MACs of one input, and activation bytes per input."""
    with torch.device("meta"):
        model = build(spec, published_weights=False)
        macs = count_macs(model.eval(), torch.empty(input_shape(spec)))
        # two inputs, because batch norm cannot train on one
        kept = activation_bytes(model.train(), torch.empty(input_shape(spec, batch=2))) // 2
    return count_parameters(model), macs, kept


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@torch.inference_mode()
def shortest_seconds(
    passes: Sequence[Callable[[], object]], rounds: int, budget_s: float = math.inf
) -> tuple[float, ...]:
    """Time forward passes in turns, so that a busy machine slows all; the shortest of each is the least disturbed.

    Args:
        passes: Each runs one network once, and waits for its result.
        rounds: Most timed rounds, at least 1, after one that warms up.
        budget_s: Seconds after which no further round begins; one is timed in any case.
    """
    times: list[list[float]] = []
    started = time.perf_counter()
    while len(times) < 2 or (len(times) <= rounds and time.perf_counter() - started < budget_s):
        times.append([_seconds(run) for run in passes])
    return tuple(min(own) for own in zip(*times[1:], strict=True))


def _timed(spec: ModelSpec, plain: nn.Module, repeats: int) -> tuple[float, float]:
    """Milliseconds of a network, and their ratio to those of the one without attention."""
    model = plain if spec.attention == BASELINE else build(spec, published_weights=False)
    model.eval(), plain.eval()
    x = torch.randn(input_shape(spec))
    own, base = shortest_seconds((lambda: model(x), lambda: plain(x)), repeats)
    return 1000 * own, 1.0 if model is plain else own / base


def measure(
    backbone: str,
    attentions: Sequence[str] = (),
    size: int = 224,
    num_classes: int = 1000,
    options: Mapping[str, Any] | None = None,
    repeats: int = 10,
) -> CostTable:
    """Measure a backbone with several attention types.

    Args:
        backbone: A key of ``BACKBONES``.
        attentions: Keys of ``ATTENTION``; all of them if empty. The baseline is always measured.
        size: Side of the input in pixels.
        num_classes: K, at least 2.
        options: Keyword arguments of the backbone.
        repeats: Timed passes; 0 leaves the time out.

    Raises:
        UserError: A name is not known, or the backbone cannot be built even without attention.
    """
    if not isinstance(repeats, int) or repeats < 0:
        raise UserError(f"repeats must be a whole number of at least 0, got {repeats!r}")
    names = tuple(dict.fromkeys((BASELINE, *(attentions or ATTENTION))))
    for name in names:
        ATTENTION[name]  # a wrong name is reported before anything is measured
    specs = {
        name: ModelSpec(backbone, name, num_classes, dict(options or {}), {}, InputSpec((size, size))) for name in names
    }
    base = _counts(specs[BASELINE])
    plain = build(specs[BASELINE], published_weights=False) if repeats else None
    rows, refused = [], []
    for name, spec in specs.items():
        try:
            counts = base if name == BASELINE else _counts(spec)
        except UserError as error:
            refused.append((name, str(error)))
            continue
        milliseconds, ratio = (None, None) if plain is None else _timed(spec, plain, repeats)
        parameters, macs, kept = (own / of for own, of in zip(counts, base, strict=True))
        rows.append(CostRow(name, *counts, milliseconds, parameters, macs, kept, ratio))
    facts = {"torch": torch.__version__, "threads": torch.get_num_threads(), "repeats": repeats, "batch": 1}
    return CostTable(backbone, size, num_classes, dict(options or {}), tuple(rows), tuple(refused), facts)
