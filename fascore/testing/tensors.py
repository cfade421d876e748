"""Random tensors for a Signal, and a check of tensors against a Signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from fascore.contract.signals import Clip, Image, Plane, Points, Pyramid, Signal

Value: TypeAlias = Tensor | list[Tensor]
"""The data on one edge: a tensor, or a list of tensors for a Pyramid."""


def draw(signal: Signal, rows: int, generator: torch.Generator) -> Value:
    """`rows` random records of a signal, float32: uniform in [0, 1] for pictures, planes, and points, otherwise normal."""
    uniform = isinstance(signal, Image | Clip | Plane | Points)
    sample = torch.rand if uniform else torch.randn
    tensors = [sample(rows, *shape, generator=generator) for shape in signal.shapes]
    return tensors if isinstance(signal, Pyramid) else tensors[0]


def listed(value: Value) -> list[Tensor]:
    """The tensors of one edge."""
    return [value] if isinstance(value, Tensor) else list(value)


def take(value: Value, rows: Tensor) -> Value:
    """Some rows of the data on one edge."""
    return value[rows] if isinstance(value, Tensor) else [tensor[rows] for tensor in value]


def copied(value: Value) -> Value:
    """A copy of the data on one edge, through which gradients pass."""
    return value.clone() if isinstance(value, Tensor) else [tensor.clone() for tensor in value]


def by_port(value: Any) -> Mapping[str, Any]:
    """A module's output by port; `""` is the main output."""
    return value if isinstance(value, Mapping) else {"": value}


def mismatch(signal: Signal, value: object, rows: int) -> str | None:
    """The first error in `rows` records of a signal, as the end of a sentence; None if there is none."""
    if isinstance(signal, Pyramid) and not isinstance(value, list | tuple):
        return f"is a {type(value).__name__}; a Pyramid must be a list of tensors"
    tensors: Sequence[object] = value if isinstance(value, list | tuple) else [value]
    if len(tensors) != len(signal.shapes):
        return f"has {len(tensors)} tensors; {signal} has {len(signal.shapes)}"
    for tensor, shape in zip(tensors, signal.shapes):
        if not isinstance(tensor, Tensor):
            return f"is a {type(tensor).__name__}, not a tensor"
        if tuple(tensor.shape) != (rows, *shape):
            return f"has shape {tuple(tensor.shape)}; {signal} of {rows} records has {(rows, *shape)}"
        if tensor.dtype != torch.float32:
            return f"is {tensor.dtype}; a signal must be float32"
        if not bool(torch.isfinite(tensor).all()):
            return "is not finite everywhere"
    return None
