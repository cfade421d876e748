"""Decision time: how long a presentation takes from its media to its score."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from fascore.contract.record import Record
from fascore.data.loading import Loader
from fascore.data.prepare import prepare
from fascore.data.store import Store
from fascore.model import ModelGraph
from fascore.report.contents import Timing
from fascore.spec.plan import Plan
from fascore.training.scoring import score

MOST = 20
"""Number of presentations that are timed; one more runs first, unmeasured, as a warm-up."""


def decision_times(
    plan: Plan, graph: ModelGraph, records: Sequence[Record], device: torch.device, precision: str
) -> Timing:
    """Time records one at a time, in this process alone: reading, face detection, preparation, and the model."""
    count = min(MOST + 1, len(records))
    spread = [records[place * len(records) // count] for place in range(count)]
    seconds = [_once(plan, graph, record, device, precision) for record in spread]
    where = f"one at a time in one process on {_device(device)}, from reading the media to the score"
    return Timing(seconds[1:] or seconds, where)


def _once(plan: Plan, graph: ModelGraph, record: Record, device: torch.device, precision: str) -> float:
    with TemporaryDirectory(prefix="fascore-") as aside:
        start = time.perf_counter()
        store = Store(Path(aside))
        prepared = prepare(plan, [record], store, processes=0)
        if prepared.records:
            loader = Loader(plan, prepared, store, device=device)
            score(graph, [record.id], lambda ids: loader.evaluation_batches(1, ids), precision=precision, alone=True)
        return time.perf_counter() - start


def _device(device: torch.device) -> str:
    return (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{device.type} (threads: {torch.get_num_threads()})"
    )
