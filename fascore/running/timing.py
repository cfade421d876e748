"""Decision time: the time from the media of a presentation to its score."""

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
"""Number of timed presentations; an additional one runs first, untimed, as a warm-up."""


def decision_times(
    plan: Plan, graph: ModelGraph, records: Sequence[Record], device: torch.device, precision: str
) -> Timing:
    """Time some records one at a time, in this process alone: reading, face detection, preparation, and the model."""
    count = min(MOST + 1, len(records))
    selected = [records[index * len(records) // count] for index in range(count)]
    seconds = [_once(plan, graph, record, device, precision) for record in selected]
    where = f"one at a time in one process on {_device(device)}, from reading the media to the score"
    return Timing(seconds[1:] or seconds, where)


def _once(plan: Plan, graph: ModelGraph, record: Record, device: torch.device, precision: str) -> float:
    with TemporaryDirectory(prefix="fascore-") as temporary_folder:
        start = time.perf_counter()
        store = Store(Path(temporary_folder))
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
