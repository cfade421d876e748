"""Detects whether a modality's module writes into its arguments."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from fascore.contract.kinds import Arrays, Loaded, ModalityModule
from fascore.contract.kinds.protocols import Draws
from fascore.contract.record import Record
from fascore.data.modules import Modules
from fascore.spec.plan import NodePlan


@contextmanager
def watched(name: str) -> Iterator[list[str]]:
    """Collect, while the block runs, one sentence for each argument that the modality of this name writes into."""
    written: list[str] = []
    original = Modules.of

    def of(modules: Modules, node: NodePlan) -> ModalityModule:
        module = original(modules, node)
        return _Watched(module, written) if node.name == name else module

    with mock.patch.object(Modules, "of", of):
        yield written


class _Watched(ModalityModule):
    """A module that compares its arguments before and after each call."""

    def __init__(self, module: ModalityModule, written: list[str]) -> None:
        self._module, self._written = module, written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        before = copy.deepcopy(list(inputs))
        arrays = self._module.extract(record, inputs)
        self._note("extract()", {"the stored arrays of its inputs": (before, inputs)})
        return arrays

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        before = copy.deepcopy((dict(stored), draws, list(inputs)))
        loaded = self._module.load(stored, draws, inputs)
        names = ("its stored arrays", "the draws", "its inputs")
        self._note("load()", dict(zip(names, zip(before, (stored, draws, inputs)))))
        return loaded

    def _note(self, method: str, arguments: Mapping[str, tuple[Any, Any]]) -> None:
        self._written += [
            f"{method} writes into {name}" for name, (before, after) in arguments.items() if not _same(before, after)
        ]


def _same(one: Any, two: Any) -> bool:
    """Whether two nested structures of arrays and tensors are equal bit for bit, including NaN."""
    if isinstance(one, Tensor):
        return (
            isinstance(two, Tensor) and one.shape == two.shape and bool(torch.eq(one, two).logical_or(one != one).all())
        )
    if isinstance(one, np.ndarray):
        return np.array_equal(one, two, equal_nan=one.dtype.kind == "f")
    if isinstance(one, Mapping):
        return set(one) == set(two) and all(_same(value, two[name]) for name, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(_same(a, b) for a, b in zip(one, two))
    if is_dataclass(one):
        return all(_same(getattr(one, field.name), getattr(two, field.name)) for field in fields(one))
    return bool(one == two)
