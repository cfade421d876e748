"""Subsets: a finished run evaluated with every subset of the inputs that its records may lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from fascore.contract.errors import FascoreError
from fascore.data.loading import seen_by_model
from fascore.evaluation.evaluate import evaluate
from fascore.evaluation.table import ScoreTable
from fascore.running.folder import open_run
from fascore.running.open_trained import open_trained
from fascore.running.splits import list_records
from fascore.spec.plan import Plan, check

MOST = 6
"""Largest number of optional inputs: 63 subsets, each with an evaluation of every test set."""


def subsets(run: Path, *, device: str = "auto", say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Score every test set with every subset of the optional modalities of the model; return `{subset: metrics}`.

    A subset is named by its modalities, such as `face+depth`; the full set is last. Every subset includes the required
    modalities. The threshold and the metrics are those of the run; `metrics` is as in metrics.json, without resampling
    intervals. Results are written to `subsets.json` and `subsets/<subset>/<split>.csv`. Raises FascoreError for a run
    that is not finished or has no optional input.
    """
    folder = open_run(run)
    if not folder.finished():
        raise FascoreError(f"{run}: the run is not finished; continue it with fascore run {folder.spec}")
    plan = check(folder.run_spec())
    chosen = list(choices(plan))
    splits = list_records(plan.spec)
    (data_facts,) = folder.part(folder.resolved, "data")
    if splits.manifest() != data_facts["manifest"]:
        raise FascoreError(f"{folder.root}: the data differ from those of the run; restore them, or train again")
    metrics, (threshold, weights), dev = {}, folder.decision(), ScoreTable.read(folder.scores("dev"))
    with open_trained(run, device=device) as trained:
        for kept, without in chosen:
            say(kept)
            tables = {split: trained.table(records, weights, without) for split, records in splits.tests.items()}
            _write(folder.root / "subsets" / kept, tables)
            metrics[kept] = evaluate(tables, threshold, trained.spec.metrics, dev)
    folder.write(folder.root / "subsets.json", metrics)
    return metrics


def choices(plan: Plan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name of each subset and the modalities that it omits, small subsets first. Raises FascoreError."""
    seen = seen_by_model(plan)
    optional = [name for name in seen if plan.modalities[name].optional]
    if not optional:
        raise FascoreError(
            'all inputs of this run are required, so there are no subsets; "optional": true makes a modality optional'
        )
    if len(optional) > MOST:
        raise FascoreError(
            f"{len(optional)} inputs are optional, which makes {2 ** len(optional) - 1} subsets; at most {MOST} optional inputs are supported"
        )
    for count in range(len(optional) + 1):
        for chosen in combinations(optional, count):
            kept = [name for name in seen if name in chosen or name not in optional]
            if kept:
                yield "+".join(kept), tuple(name for name in optional if name not in chosen)


def _write(folder: Path, tables: Mapping[str, ScoreTable]) -> None:
    """Write the scores of a subset, one file per test set."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, table in tables.items():
        table.write(folder / f"{split}.csv")
