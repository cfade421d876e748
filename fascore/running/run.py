"""One run: check, prepare, train, set the threshold on dev, evaluate every test set, write the folder.

Every stage writes whole files and starts from those of the previous stage. A run that was killed at any point resumes with
the same command and ends with the same bits.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from fascore.contract.component import validate
from fascore.contract.errors import FascoreError
from fascore.contract.hooks import Hooks, RunFacts
from fascore.contract.record import BONA_FIDE, Record
from fascore.data.loading import Loader
from fascore.data.prepare import Prepared, Progress
from fascore.evaluation.evaluate import RESAMPLES, Depth, evaluate
from fascore.evaluation.score_rules import fit_weights
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.model import ModelGraph
from fascore.running.conclude import conclude
from fascore.running.folder import RunFolder
from fascore.running.prepare import prepare_records, store_of
from fascore.running.progress import counted_batches, progress_bar, progress_lines, say
from fascore.running.provenance import provenance
from fascore.running.report_facts import gather, publishable
from fascore.running.score_tables import head_columns, scored_table
from fascore.running.splits import Splits, list_records
from fascore.running.start import begin, locked, refuse_other_data
from fascore.running.timing import decision_times
from fascore.running.trained import Trained
from fascore.spec.documents import Json, RunSpec
from fascore.spec.plan import Plan, check
from fascore.training import checkpoint, distributed
from fascore.training.interrupt import Interrupted
from fascore.training.scoring import Scores, score
from fascore.training.trainer import TrainingJob, pick_precision, train

if TYPE_CHECKING:
    from fascore.data.batch import Batch


STOPPED = (130, 143)
"""Exit status of processes that ended after Ctrl-C or SIGTERM."""


def execute_document(
    document: Json, *, fresh: bool = False, processes: int = 1, strict: bool = False, runs: Path = Path("runs")
) -> Path:
    """`fascore run`: run a parsed spec and return the folder of the run. Raises FascoreError, SpecErrors or Interrupted."""
    spec = validate(RunSpec, document)
    plan = check(spec)
    if processes > 1 and "TORCHELASTIC_RUN_ID" not in os.environ:
        return _in_processes(document, spec, fresh=fresh, processes=processes, strict=strict, runs=runs)
    folder = RunFolder(runs / spec.name)
    if distributed_rank() == 0:
        with locked(folder):
            begin(folder, document, spec, fresh=fresh)
            _work(plan, folder, strict=strict)
    else:
        _work(plan, folder, strict=strict)
    return folder.root


def distributed_rank() -> int:
    """Number of this process under torchrun, before the processes are joined."""
    return int(os.environ.get("RANK", "0"))


def _in_processes(document: Json, spec: RunSpec, *, fresh: bool, processes: int, strict: bool, runs: Path) -> Path:
    """The same command under torchrun."""
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "spec.json"
        path.write_text(json.dumps(document))
        flags = [*(["--fresh"] if fresh else []), *(["--strict"] if strict else [])]
        status = distributed.spawn(processes, ["-m", "fascore", "run", str(path), "--runs", str(runs), *flags])
    if status in STOPPED:
        raise Interrupted(f"stopped; the same command resumes from the last checkpoint in {runs / spec.name}")
    if status:
        raise FascoreError(
            f"one of the {processes} processes ended with status {status}; its messages are above. The same command resumes"
        )
    return runs / spec.name


@dataclass(frozen=True)
class _Run:
    """State that the stages of a run share."""

    plan: Plan
    folder: RunFolder
    splits: Splits
    prepared: Prepared
    loader: Loader
    graph: ModelGraph
    hooks: Hooks
    facts: RunFacts
    device: torch.device
    precision: str

    @property
    def spec(self) -> RunSpec:
        return self.plan.spec

    @property
    def first(self) -> bool:
        """Whether this process writes the run's files."""
        return distributed.rank() == 0

    def usable(self, records: Sequence[Record]) -> list[Record]:
        """Records that were not quarantined, in order."""
        usable = {record.id for record in self.prepared.records}
        return [record for record in records if record.id in usable]

    def batches(self, ids: Sequence[str]) -> Iterable[Batch]:
        """Evaluation batches."""
        return self.loader.evaluation_batches(self.spec.compute.eval_batch, ids)

    def dev_batches(self, ids: Sequence[str]) -> Iterable[Batch]:
        """Evaluation batches that report how many of them were scored."""
        return counted_batches(self.batches, progress_lines("score dev", quiet=not self.first))(ids)

    def table(
        self, records: Sequence[Record], scores: Scores, weights: Mapping[str, float] | None = None
    ) -> ScoreTable:
        """Score table of records. `weights` None fits the weights of a weighted rule on this table, which is correct for dev only."""
        return scored_table(
            self.plan, self.prepared, records, scores, self.weights(records, scores) if weights is None else weights
        )

    def weights(self, records: Sequence[Record], scores: Scores) -> dict[str, float]:
        """Weights of a weighted score rule, fitted on these records."""
        columns = head_columns(records, scores.by_record(), list(scores.heads))
        labels, tasks = np.array([r.label for r in records]), np.array([r.task for r in records], dtype=np.str_)
        return fit_weights(self.spec.model.score, columns, labels, tasks)


def _work(plan: Plan, folder: RunFolder, *, strict: bool) -> None:
    first = distributed_rank() == 0
    if distributed.expected() == 1 and _told_finished(folder):
        return
    device = distributed.pick_device(plan.spec.compute.device)
    distributed.start(device)
    try:
        # Process 0 reports this for all: another may have looked while an old run was moved aside.
        if not distributed.gather_json(first and _told_finished(folder))[0]:
            _stages(_set_up(plan, folder, device, strict=strict))
    finally:
        distributed.stop()


def _told_finished(folder: RunFolder) -> bool:
    if folder.finished():
        print(f"{folder.root} is finished; its report is {folder.report}. To start over, add --fresh", file=sys.stderr)
    return folder.finished()


def _set_up(plan: Plan, folder: RunFolder, device: torch.device, *, strict: bool) -> _Run:
    """Run every check that can fail early before preparing, which may take hours."""
    spec, first = plan.spec, distributed.rank() == 0
    splits, store = list_records(spec), store_of(spec)
    hooks = Hooks.for_run(spec.trackers) if first else Hooks()
    graph = ModelGraph.build(plan, spec.seed).to(device)
    prepared = (
        prepare_records(plan, splits.every(), store, processes=spec.compute.prepare, strict=strict) if first else None
    )
    # One process reads the records, so that all have the same ones even if some cannot be read; the others look them up.
    incomplete = distributed.gather_json(prepared.incomplete() if prepared else None)[0]
    if prepared is None:
        prepared = prepare_records(
            plan, splits.every(), store, processes=0, strict=strict, quiet=True, known=incomplete
        )
    loader = Loader(plan, prepared, store, seed=spec.seed, device=device, workers=spec.compute.workers)
    run = _Run(
        plan,
        folder,
        splits,
        prepared,
        loader,
        graph,
        hooks,
        RunFacts(spec.name, folder.root, spec),
        device,
        pick_precision(spec.compute.precision, device),
    )
    for name, records in (("train", splits.train), ("dev", splits.dev)):
        _refuse_lost_class(name, records, run.usable(records))
    return run


def _refuse_lost_class(name: str, records: Sequence[Record], usable: Sequence[Record]) -> None:
    """Refuse to train if no record of a class can be read; otherwise this would be discovered only at the end."""
    if lost := {record.label for record in records} - {record.label for record in usable}:
        what = "bona fide" if BONA_FIDE in lost else "attack"
        raise FascoreError(
            f"data.{name}: no {what} record can be used; {len(records) - len(usable)} of {len(records)} records lack a required modality. "
            "fascore prepare SPEC --strict names the reason for the first"
        )


def _stages(run: _Run) -> None:
    """Train and conclude, and report the outcome to the hooks."""
    if run.first:
        run.prepared.write_quarantine(run.folder.quarantine)
        resolved = _resolved(run)
        refuse_other_data(run.folder, resolved)
        run.folder.write(run.folder.resolved, resolved)
    outcome = "failed"
    try:
        _train(run)
        _conclude(run)
        outcome = "finished"
    except Interrupted:
        outcome = "interrupted"
        raise
    finally:
        run.hooks.call("run_ended", run=run.facts, outcome=outcome)


def _resolved(run: _Run) -> dict[str, Json]:
    """Everything that others need to repeat the run. It depends only on spec, data, and machine."""
    keys = sorted(str(entry) for entries in run.prepared.entries.values() for entry in entries.values())
    return {
        "spec": run.spec.model_dump(mode="json", by_alias=True),
        "provenance": provenance(run.spec),
        "device": run.device.type if run.device.type == "cpu" else torch.cuda.get_device_name(run.device),
        "precision": run.precision,
        "processes": distributed.world(),
        "data": {
            "manifest": run.splits.manifest(),
            "prepared": hashlib.sha256("\n".join(keys).encode()).hexdigest(),
            "dev": "carved from train by subject, with the run's seed" if run.splits.carved else "as named in the spec",
            "records": {name: len(records) for name, records in run.splits.named().items()},
            "quarantined": len(run.prepared.quarantined),
        },
    }


def _train(run: _Run) -> None:
    dev = run.usable(run.splits.dev)
    train(
        TrainingJob(
            spec=run.spec,
            graph=run.graph,
            folder=run.folder.root,
            records=run.usable(run.splits.train),
            train_batches=run.loader.training_batches,
            dev=[record.id for record in dev],
            dev_batches=run.dev_batches,
            dev_table=lambda scores: run.table(dev, scores),
            hooks=run.hooks,
            device=run.device,
            precision=run.precision,
        )
    )


def _conclude(run: _Run) -> None:
    """Score dev and the test sets with the best weights; process 0 writes."""
    checkpoint.load_best(run.folder.checkpoints / checkpoint.BEST, run.graph)
    scores = {}
    for name, records in run.splits.named().items():
        if name != "train":
            with progress_bar(f"score {name}", f"scored {name}:", quiet=not run.first) as progress:
                scores[name] = run_scores(run, records, progress)
    if not run.first:
        return
    weights = run.weights(run.splits.dev, scores["dev"])
    tables = {name: run.table(run.splits.named()[name], split_scores, weights) for name, split_scores in scores.items()}
    threshold = choose(run.spec.threshold, tables["dev"])
    run.folder.write(run.folder.threshold, {"threshold": threshold.model_dump(mode="json"), "weights": weights})
    for name, table in tables.items():
        table.write(run.folder.scores(name))
        run.hooks.call("scores_ready", run=run.facts, split=name, path=run.folder.scores(name))
    dev = tables.pop("dev")
    say("computing metrics, intervals, and decision times")
    metrics = evaluate(tables, threshold, run.spec.metrics, dev, Depth(resamples=RESAMPLES))
    timing = decision_times(
        run.plan,
        run.graph,
        [r for records in run.splits.tests.values() for r in run.usable(records)],
        run.device,
        run.precision,
    )
    say("writing the report")
    sections = [
        section
        for returned in run.hooks.call("report_sections", run=run.facts, trained=_trained(run))
        for section in returned
    ]
    conclude(run.folder, metrics, gather(run.splits, run.spec, tables, threshold.value, timing, sections))


def _trained(run: _Run) -> Trained:
    """The trained model that sections of plugins may examine."""
    splits = {name: tuple(run.usable(records)) for name, records in run.splits.named().items()}
    return Trained(
        run.plan, run.graph, run.prepared, run.loader.store, run.device, run.precision, splits, publishable(run.spec)
    )


def run_scores(run: _Run, records: Sequence[Record], progress: Progress) -> Scores:
    """Scores of the usable ones among some records, by all processes together. `progress` counts those of this process."""
    batches = counted_batches(run.batches, progress)
    return score(run.graph, [record.id for record in run.usable(records)], batches, precision=run.precision)
