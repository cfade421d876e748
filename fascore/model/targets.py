"""The targets of heads and objectives, as tensors, and the rows that match their `where`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor

from fascore.contract.errors import FascoreError
from fascore.contract.kinds import Labels
from fascore.contract.kinds.head import Scalar, Where
from fascore.contract.kinds.protocols import Batch, NodePlan


def matching(where: Where, batch: Batch, device: torch.device) -> Tensor | None:
    """(N,) bool: rows whose record has, in every column of `where`, the value or one of the values. None: no condition."""
    if not where:
        return None
    fits = [
        all(_fits(_value(batch, column, i), allowed) for column, allowed in where.items()) for i in range(len(batch))
    ]
    return torch.tensor(fits, device=device).repeat_interleave(batch.views)


def target_of(node: NodePlan, batch: Batch, values: Mapping[str, Any], rows: Tensor) -> Tensor:
    """The target of these rows: class indices (R,) int64, or the tensor of a modality or port. Raises FascoreError."""
    if not isinstance(node.target, Labels):
        return cast(Tensor, values[node.component.target])[rows]
    column = node.target.column
    classes = node.component.classes_of(column)
    if column == "label" and classes is None:
        return batch.label.repeat_interleave(batch.views)[rows]
    codes = [_code(node, batch, column, classes, row // batch.views) for row in rows.tolist()]
    return torch.tensor(codes, dtype=torch.long, device=rows.device)


def _code(node: NodePlan, batch: Batch, column: str, classes: tuple[Scalar | None, ...] | None, record: int) -> int:
    """Index of the class; without classes, a number that equal values share on every process."""
    value = _value(batch, column, record)
    if classes is None:
        return int.from_bytes(hashlib.sha256(str(value).encode()).digest()[:8], "little", signed=True)
    # Compared as text, because 3 in a manifest and "3" in a spec mean the same value.
    names = [str(name) for name in classes]
    if str(value) not in names:
        shown = "no value" if value is None else f"'{value}'"
        raise FascoreError(
            f"{node.path}: record '{batch.ids[record]}' has {shown} in the column '{column}', which is not one of the classes {', '.join(names)}; "
            "add it to 'classes', or exclude such records with 'where'"
        )
    return names.index(str(value))


def _value(batch: Batch, column: str, record: int) -> Scalar | None:
    values = batch.columns.get(column)
    if values is None:
        raise FascoreError(f"the records have no column '{column}'; they have {', '.join(batch.columns)}")
    return values[record]


def _fits(value: Scalar | None, allowed: Scalar | tuple[Scalar, ...]) -> bool:
    return str(value) in map(str, allowed) if isinstance(allowed, tuple) else str(value) == str(allowed)
