"""Apply one function to many records in parallel, for plugins that examine records outside a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from fascore.contract.record import Record
from fascore.data.workers import processes_for, spread

Result = TypeVar("Result")


def map_records(
    work: Callable[[Record], Result],
    records: Sequence[Record],
    *,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Result]:
    """`work(record)` for each record, by record id, in the order of the records; their ids must be unique.

    `work` must be a module-level function, because it is sent to worker processes. `processes` is their number: None
    means one per core, 0 means none (this process does the work). `progress` is called with (records done, records in
    total); `progress_bar` provides such a function. Raises FascoreError if a worker process dies.
    """
    results: dict[str, Result] = {}
    workers = processes_for(processes, len(records))
    for record, result in spread(work, records, workers, lambda record: record.id, "read"):
        results[record.id] = result
        if progress is not None:
            progress(len(results), len(records))
    return {record.id: results[record.id] for record in records}
