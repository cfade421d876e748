"""Trained: a model with its best weights and its records, for analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fascore.contract.errors import FascoreError
from fascore.contract.kinds.modality import Arrays
from fascore.contract.record import Record
from fascore.contract.refs import Ref
from fascore.data.batch import Batch
from fascore.data.loading import Loader
from fascore.data.prepare import Prepared
from fascore.data.store import Store
from fascore.evaluation.table import ScoreTable
from fascore.model import ModelGraph
from fascore.running.score_tables import scored_table
from fascore.spec.documents import RunSpec
from fascore.spec.plan import Plan
from fascore.training.scoring import score

Reduce: TypeAlias = Callable[[str, Any], Tensor]
"""(Ref text, its value for N rows) to a tensor (N, …)."""


@dataclass(frozen=True)
class Trained:
    """A trained model and the records on which it can be run.

    `splits` contains the usable records by split: `train`, `dev`, and the test sets of a run, or `files`. `shown` names
    the splits whose faces may be shown in a report. The graph is in evaluation mode.
    """

    plan: Plan
    graph: ModelGraph
    prepared: Prepared
    store: Store
    device: torch.device
    precision: str
    splits: Mapping[str, tuple[Record, ...]]
    shown: frozenset[str] = frozenset()

    @property
    def spec(self) -> RunSpec:
        """The run's spec."""
        return self.plan.spec

    @property
    def tests(self) -> dict[str, tuple[Record, ...]]:
        """The splits that are neither train nor dev."""
        return {name: records for name, records in self.splits.items() if name not in ("train", "dev")}

    def untrained(self) -> Trained:
        """The same model before training, with the weights drawn from the seed and the pretrained weights."""
        return replace(self, graph=ModelGraph.build(self.plan, self.spec.seed).to(self.device).eval())

    def batches(
        self, records: Sequence[Record], also: Sequence[str] = (), without: Sequence[str] = ()
    ) -> Iterator[Batch]:
        """Evaluation batches of some records, in order, all views.

        `also` names additional modalities that the model does not read; `without` names those treated as absent from
        every record.
        """
        loader = Loader(self.plan, self.prepared, self.store, seed=self.spec.seed, device=self.device, also=also)
        return loader.evaluation_batches(self.spec.compute.eval_batch, [record.id for record in records], without)

    def table(self, records: Sequence[Record], weights: Mapping[str, float], without: Sequence[str] = ()) -> ScoreTable:
        """Scores of some records, one row each; quarantined records are non-responses. `without` is as in `batches`.

        `weights` are those of a weighted score rule, as in the run's `threshold.json`; otherwise they are empty.
        """
        usable = {record.id: record for record in self.prepared.records}
        ids = [record.id for record in records if record.id in usable]
        scores = score(
            self.graph,
            ids,
            lambda batch_ids: self.batches([usable[id] for id in batch_ids], without=without),
            precision=self.precision,
            alone=True,
        )
        return scored_table(self.plan, self.prepared, records, scores, weights)

    def stored(self, record: Record, modality: str) -> Arrays | None:
        """Prepared arrays of a modality, all views, by name; None if the record lacks it or it stores nothing."""
        key = self.prepared.entries[record.id][modality]
        return self.store.read(key) if isinstance(key, str) and key else None

    def values(
        self, records: Sequence[Record], refs: Sequence[str], reduce: Reduce | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Values of modalities, nodes, and ports for some records, by Ref: (R, V, …) float32 for R records of V views.

        Values that a record lacks are NaN. `reduce` turns the value of N rows (a list of tensors for a Pyramid) into a
        smaller tensor (N, …), batch by batch. Raises FascoreError for a Ref that does not name a tensor, and for a
        Pyramid without `reduce`.
        """
        self.graph.eval()
        collected: dict[str, list[NDArray[np.float32]]] = {ref: [] for ref in refs}
        modalities, nodes = self._sorted(refs)
        for batch in self.batches(records, modalities):
            with torch.no_grad(), torch.autocast(batch.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
                outputs = self.graph(batch, nodes=nodes)
            for ref in refs:
                value = outputs[ref] if reduce is None else reduce(ref, outputs[ref])
                if not isinstance(value, Tensor):
                    raise FascoreError(f"'{ref}' produces a pyramid, not one tensor")
                rows = value.float().masked_fill(~_across(outputs.present[Ref(ref).node], value), torch.nan)
                collected[ref].append(rows.reshape(len(batch), batch.views, *rows.shape[1:]).cpu().numpy())
        return {
            ref: np.concatenate(arrays) if arrays else np.empty((0, self.plan.views), np.float32)
            for ref, arrays in collected.items()
        }

    def _sorted(self, refs: Sequence[str]) -> tuple[list[str], list[str]]:
        """The modalities and the nodes that these Refs name."""
        known = {**self.plan.modalities, **self.plan.nodes}
        for ref in map(Ref, refs):
            if ref.node not in known or known[ref.node].outputs.get(ref.port) is None:
                available = [
                    f"{name}.{port}" if port else name
                    for name, node in known.items()
                    for port, signal in node.outputs.items()
                    if signal
                ]
                raise FascoreError(f"there is no '{ref}' that produces a tensor; available: {', '.join(available)}")
        ref_nodes = list(dict.fromkeys(Ref(ref).node for ref in refs))
        return [name for name in ref_nodes if name in self.plan.modalities], [
            name for name in ref_nodes if name in self.plan.nodes
        ]


def _across(present: Tensor, value: Tensor) -> Tensor:
    return present.reshape(-1, *(1,) * (value.ndim - 1))
