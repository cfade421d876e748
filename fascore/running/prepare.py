"""Prepare the records of a spec, with a progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from fascore.contract.record import Record
from fascore.data.prepare import Prepared, Shared, prepare
from fascore.data.store import Store
from fascore.running.progress import progress_bar
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
    """Fill the store and report how many records it contains. `known` and what it raises are those of `fascore.data.prepare.prepare`."""
    with progress_bar("prepare", "prepared", quiet=quiet) as progress:
        prepared = prepare(plan, records, store, processes=processes, progress=progress, strict=strict, known=known)
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
