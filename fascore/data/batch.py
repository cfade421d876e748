"""Batch: the input of one step of training or evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from fascore.contract.kinds.head import Scalar

TASKS = ("spoof", "forgery")
"""Codes of `record.task` in a batch: the index into this tuple."""


@dataclass(frozen=True)
class Batch:
    """Tensors of B records, and the plain values of these records.

    `tensors` maps a Ref (`face`, `face.points`) to (B * views, …), record-major: row `b * views + v`. Training has one
    view; evaluation folds all views into the rows. `present` maps a modality to (B,) bool; absent rows contain
    zeros, which no encoder ever sees. `columns` contains plain values, one per record.
    """

    ids: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    present: Mapping[str, Tensor]
    columns: Mapping[str, tuple[Scalar | None, ...]] = field(default_factory=dict)
    views: int = 1

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def device(self) -> torch.device:
        """The device of the tensors."""
        return next(iter(self.present.values())).device

    @property
    def label(self) -> Tensor:
        """(B,) int64: 1 bona fide, 0 attack."""
        return torch.tensor([int(value or 0) for value in self.columns["label"]], device=self.device)

    @property
    def task(self) -> Tensor:
        """(B,) int64 index into TASKS; -1 if the task is unknown."""
        return torch.tensor(
            [TASKS.index(str(v)) if v in TASKS else -1 for v in self.columns["task"]], device=self.device
        )

    def take(self, rows: Tensor | Sequence[int]) -> Batch:
        """The records at these indices, in this order."""
        index = torch.as_tensor(rows, device=self.device, dtype=torch.long)
        spread = (index[:, None] * self.views + torch.arange(self.views, device=self.device)).flatten()
        order = index.tolist()
        return Batch(
            tuple(self.ids[i] for i in order),
            {name: tensor[spread] for name, tensor in self.tensors.items()},
            {name: tensor[index] for name, tensor in self.present.items()},
            {name: tuple(values[i] for i in order) for name, values in self.columns.items()},
            self.views,
        )

    def replace(self, **tensors: Tensor) -> Batch:
        """The same records with other tensors under these names, such as `replace(face=synthetic)`."""
        return replace(self, tensors={**self.tensors, **tensors})

    def to(self, device: torch.device | str) -> Batch:
        """The batch on another device."""
        # Non-blocking only toward a GPU: a copy from a GPU could be read before it is complete.
        move: Any = {"device": device, "non_blocking": torch.device(device).type == "cuda"}
        return replace(
            self,
            tensors={n: t.to(**move) for n, t in self.tensors.items()},
            present={n: t.to(**move) for n, t in self.present.items()},
        )
