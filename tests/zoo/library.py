"""One library's architectures, and what its sources say about its classes."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from tests.zoo import awake

Kinds = Sequence[str] | Callable[[nn.Module], Sequence[str]]


def words(text: str) -> list[str]:
    """Names that are written with spaces between them."""
    return text.split()


@dataclass(frozen=True)
class Library:
    """The architectures of one library.

    Attributes:
        name: Of the package that is imported.
        gates: ``"file.Class"`` below the package -> the kinds of the gates in one call of the class's ``forward``, as
            read there, or a function of the module that says so. A gate stands with the class that multiplies.
        none: ``"file.Class"`` -> why a ``forward`` that says sigmoid, softmax or the like holds no gate.
        architectures: Name -> a function that builds the module and its example, with random weights.
    """

    name: str
    gates: Mapping[str, Kinds]
    none: Mapping[str, str]
    architectures: Mapping[str, Callable[[], tuple[nn.Module, Any]]]

    @property
    def missing(self) -> str | None:
        """Why the library cannot be used here, ``None`` if it can."""
        try:
            importlib.import_module(self.name)
        except ImportError as error:
            return f"{self.name} is not installed (requirements-zoo.txt): {error}"
        return None

    def build(self, name: str) -> tuple[nn.Module, Any]:
        """A network in eval mode, every layer of it awake, and what it is called with."""
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, example = self.architectures[name]()
        return awake(model), example
