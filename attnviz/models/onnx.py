"""``FILE.onnx`` as a torch module, by onnx2torch (extra ``onnx``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from attnviz.core.errors import UserError


def module_from(file: Path) -> tuple[nn.Module, tuple[int, int] | None]:
    """The network in a file, and the size of its input where the file fixes it.

    Raises:
        UserError: The file is missing or no ONNX graph of one picture, holds an operation that is not read, or the
            extra is not installed.
    """
    if not file.is_file():
        raise UserError(f"there is no file {str(file)[:200]!r}")
    try:
        import onnx
        import onnx2torch
    except ImportError as error:
        raise UserError("an ONNX file is read by onnx2torch: pip install 'attnviz[onnx]'") from error
    try:
        graph = onnx.load(str(file))
        onnx.checker.check_model(graph)
    except Exception as error:  # protobuf raises its own errors
        raise UserError(f"{file.name} cannot be read as ONNX: {_line(error)}") from error
    weights = {tensor.name for tensor in graph.graph.initializer}
    inputs = [value for value in graph.graph.input if value.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs)
        raise UserError(f"{file.name} takes {len(inputs)} inputs ({names}); one picture (N, C, H, W) is given")
    try:
        module: nn.Module = onnx2torch.convert(graph)
    except Exception as error:  # operations that are not known raise NotImplementedError, others anything
        raise UserError(f"{file.name} cannot be turned into a torch network: {_line(error)}") from error
    shape = [_side(side) for side in inputs[0].type.tensor_type.shape.dim]
    if len(shape) != 4:
        raise UserError(f"{file.name} takes an input of {len(shape)} axes; a picture has 4, (N, C, H, W)")
    size = None if shape[2] is None or shape[3] is None else (shape[2], shape[3])
    return module, size


def _side(dim: Any) -> int | None:
    return int(dim.dim_value) if dim.HasField("dim_value") and dim.dim_value > 0 else None


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
