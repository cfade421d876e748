"""Rows of node outputs: a tensor, a list of tensors (Pyramid), or any nesting of tuples, lists, and dicts of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from fascore.contract.signals import Pyramid, Signal


def _each(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each(change, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        changed = [_each(change, item) for item in value]
        return type(value)(*changed) if hasattr(value, "_fields") else type(value)(changed)
    return value


def take(value: Any, rows: Tensor | None) -> Any:
    """These rows of every tensor; None: all, without a copy."""
    return value if rows is None else _each(lambda tensor: tensor[rows], value)


def as_float32(value: Any) -> Any:
    """Every floating tensor as float32."""
    return _each(lambda tensor: tensor.float() if tensor.is_floating_point() else tensor, value)


def spread(value: Any, rows: Tensor | None, present: Tensor, signal: Signal) -> Any:
    """Put the rows of `value` at their positions among all rows, with zeros elsewhere; None becomes all zeros."""
    if rows is None:
        return value
    tensors = value if isinstance(value, list | tuple) else [value] * len(signal.shapes)
    spread_tensors = [
        _placed(tensor, rows, present, shape) for tensor, shape in zip(tensors, signal.shapes, strict=True)
    ]
    return spread_tensors if isinstance(signal, Pyramid) else spread_tensors[0]


def _placed(tensor: Tensor | None, rows: Tensor, present: Tensor, shape: tuple[int, ...]) -> Tensor:
    if tensor is None:
        return torch.zeros(len(present), *shape, device=present.device)
    return tensor.new_zeros(len(present), *tensor.shape[1:]).index_copy(0, rows, tensor)
