"""Prepare the records of a spec, with a progress bar."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeRemainingColumn

from fascore.contract.pace import QUIET, Pace
from fascore.contract.record import Record
from fascore.data.prepare import Prepared, Progress, Shared, prepare
from fascore.data.store import Store
from fascore.running.splits import list_records
from fascore.spec.documents import Json, RunSpec, read_spec
from fascore.spec.plan import Plan, check


def store_of(spec: RunSpec) -> Store:
    """The store that a spec uses: `compute.store`, otherwise $FASCORE_STORE, otherwise .fascore/store."""
    return Store(Path(spec.compute.store or os.environ.get("FASCORE_STORE") or ".fascore/store"))


def prepare_records(
    plan: Plan,
    records: Sequence[Record],
    store: Store,
    *,
    processes: int | None,
    strict: bool,
    quiet: bool = False,
    known: Mapping[str, Mapping[str, Shared]] | None = None,
) -> Prepared:
    """Fill the store and report the result. `known` and the errors are those of `fascore.data.prepare.prepare`."""
    with progress_bar("prepare", "prepared", quiet=quiet) as report_progress:
        prepared = prepare(
            plan, records, store, processes=processes, progress=report_progress, strict=strict, known=known
        )
    if prepared.quarantined and not quiet:
        first, more = prepared.quarantined[0], " …" if len(prepared.quarantined) > 1 else ""
        print(
            f"{len(prepared.quarantined)} of {len(records)} records cannot be used: {first.id}: {first.reason}{more}",
            file=sys.stderr,
        )
    return prepared


def prepare_spec(
    path: Path, overrides: dict[str, Json], *, processes: int | None = None, strict: bool = False
) -> Prepared:
    """`fascore prepare`: all records of all splits of a spec."""
    spec, _ = read_spec(path, overrides)
    plan = check(spec)
    return prepare_records(
        plan, list_records(spec).every(), store_of(spec), processes=processes or spec.compute.prepare, strict=strict
    )


@contextmanager
def progress_bar(
    name: str, done: str, *, quiet: bool = False, unit: str = "records", clock: Callable[[], float] = time.monotonic
) -> Iterator[Progress]:
    """A progress bar over records, or another unit, on a terminal; one line at the end: `prepared 20 records`.

    Without a terminal, as in a notebook or a log, a line at most every half minute replaces the bar: `prepare: 7 of 20
    records`.
    """
    console = Console(stderr=True)
    if quiet:
        yield lambda done, total: None
        return
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    last = (0, 0)
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task, pace = bar.add_task(name, total=None), Pace(QUIET, clock)

        def report_progress(count: int, total: int) -> None:
            nonlocal last
            last = (count, total)
            bar.update(task, completed=count, total=total)
            if not console.is_terminal and pace.due():
                console.print(f"{name}: {count} of {total} {unit}", highlight=False)

        yield report_progress
    console.print(f"{done} {last[0]} {unit}", highlight=False)
