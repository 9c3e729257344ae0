"""Reading gates during a forward pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.errors import UserError, nearest
from attnviz.gates.discover import site_name
from attnviz.types import GateSite


@dataclass(frozen=True)
class Captured:
    """What a hook saw at one gate, cloned.

    Attributes:
        values: The gate, (N, …).
        features: The features it meets, (N, C, …), where they were asked for.
    """

    values: Tensor
    features: Tensor | None


def _check_names(names: Collection[str], known: Collection[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise UserError(f"unknown {what} {name!r}; {nearest(name, known)}")


@contextmanager
def capture(
    model: nn.Module, sites: Sequence[GateSite], features: Collection[str] = ()
) -> Iterator[dict[str, Captured]]:
    """Record gates while the model runs, as in ``with capture(model, sites) as tape: model(x)``.

    Args:
        model: The model in which ``sites`` were found.
        sites: What to record.
        features: Names of the sites whose features shall be recorded too.

    Yields:
        A dict from the site's name to what was seen, filled by the forward pass.

    Raises:
        UserError: A site is not in the model; nothing has been hooked then.
    """
    gates = {path: module for path, module in model.named_modules() if isinstance(module, Gate)}
    paths = {site_name(path, 1): path for path in gates}
    wanted = {site.name for site in sites}
    _check_names([name.partition("#")[0] for name in wanted], paths, "gate")
    _check_names(features, wanted, "gate to read features at")
    tape: dict[str, Captured] = {}
    calls: dict[str, int] = {}

    def note(path: str) -> Any:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            calls[path] = calls.get(path, 0) + 1
            name = site_name(path, calls[path])
            if name in wanted:
                seen = inputs[1].detach().clone() if name in features else None
                tape[name] = Captured(output.detach().clone(), seen)

        return hook

    with ExitStack() as stack:
        for path in sorted({paths[name.partition("#")[0]] for name in wanted}):
            stack.callback(gates[path].register_forward_hook(note(path)).remove)
        yield tape
