"""Subsets: a finished run measured with every subset of the inputs that its records may lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from fascore.data.loading import Loader, seen_by_model
from fascore.data.prepare import Prepared
from fascore.errors import FascoreError
from fascore.evaluation.evaluate import evaluate
from fascore.evaluation.table import ScoreTable
from fascore.graph import Plan, check
from fascore.model import ModelGraph
from fascore.record import Record
from fascore.running.folder import RunFolder, open_run
from fascore.running.prepare import prepare_records, store_of
from fascore.running.records import list_records
from fascore.running.scores import head_columns, score_table
from fascore.training import checkpoint, distributed
from fascore.training.scoring import score
from fascore.training.trainer import pick_precision

MOST = 6
"""Optional inputs at most: 63 subsets, each an evaluation of every test set."""


def subsets(run: Path, *, device: str = "auto", say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Score every test set with every subset of the optional modalities that the model sees; `{subset: metrics}`, the whole last.

    A subset is named by its modalities, `face+depth`; those that no record may lack are in all. Threshold and figures are the
    run's own; `metrics` is as in metrics.json, without intervals of resampling. Written to `subsets.json` and
    `subsets/<subset>/<split>.csv`. Raises FascoreError for a run that is not finished, or has no optional input.
    """
    folder = open_run(run)
    if not folder.finished():
        raise FascoreError(f"{run}: is not finished; continue it first: fascore run {folder.spec}")
    plan = check(folder.run_spec())
    chosen = list(choices(plan))
    measured = _Measured(plan, folder, device)
    found = {}
    for kept, without in chosen:
        say(kept)
        found[kept] = measured(kept, without)
    folder.write(folder.root / "subsets.json", found)
    return found


def choices(plan: Plan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name of each subset and the modalities that it leaves out, small subsets first. Raises FascoreError."""
    seen = seen_by_model(plan)
    optional = [name for name in seen if plan.modalities[name].optional]
    if not optional:
        raise FascoreError('no input of this run may be missing, so there are no subsets; a modality may where it has "optional": true')
    if len(optional) > MOST:
        raise FascoreError(f"{len(optional)} inputs may be missing, which makes {2 ** len(optional) - 1} subsets; {MOST} inputs at most")
    for count in range(len(optional) + 1):
        for some in combinations(optional, count):
            kept = [name for name in seen if name in some or name not in optional]
            if kept:
                yield "+".join(kept), tuple(name for name in optional if name not in some)


class _Measured:
    """The run's model and data, ready to be scored without some inputs."""

    def __init__(self, plan: Plan, folder: RunFolder, device: str) -> None:
        self.plan, self.folder = plan, folder
        self.device = distributed.pick_device(device)
        self.splits, store = list_records(plan.spec), store_of(plan.spec)
        (known,) = folder.part(folder.resolved, "data")
        if self.splits.manifest() != known["manifest"]:
            raise FascoreError(f"{folder.root}: the data are not those of the run; restore them, or run again")
        self.prepared: Prepared = prepare_records(plan, self.splits.every(), store, processes=plan.spec.compute.prepare, strict=False)
        self.loader = Loader(plan, self.prepared, store, seed=plan.spec.seed, device=self.device, workers=plan.spec.compute.workers)
        self.graph = ModelGraph.build(plan, plan.spec.seed, pretrained=False).to(self.device)
        checkpoint.load_best(folder.checkpoints / checkpoint.BEST, self.graph)
        self.threshold, self.weights = folder.decision()
        self.dev = ScoreTable.read(folder.scores("dev"))

    def __call__(self, name: str, without: Sequence[str]) -> dict[str, Any]:
        """Figures of every test set."""
        tables = {split: self._table(records, without) for split, records in self.splits.tests.items()}
        for split, table in tables.items():
            path = self.folder.root / "subsets" / name / f"{split}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            table.write(path)
        return evaluate(tables, self.threshold, self.plan.spec.metrics, self.dev)

    def _table(self, records: Sequence[Record], without: Sequence[str]) -> ScoreTable:
        usable = {record.id for record in self.prepared.records}
        size, precision = self.plan.spec.compute.eval_batch, pick_precision(self.plan.spec.compute.precision, self.device)
        found = score(
            self.graph, [r.id for r in records if r.id in usable], lambda ids: self.loader.evaluation_batches(size, ids, without), precision=precision
        )
        scoring = [head for head, node in self.plan.heads.items() if node.component.scores]
        columns = head_columns(records, found.by_record(), list(dict.fromkeys([*scoring, *found.heads])))
        return score_table(records, self.prepared, columns, self.plan.spec.model.score, self.weights)
