"""The training loop: epochs of planned batches, checkpoints, dev after each epoch, and resumable stops."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from fascore.contract.errors import FascoreError, SpecError
from fascore.contract.hooks import Hooks, RunFacts, Step
from fascore.contract.random_streams import generator
from fascore.evaluation.threshold import Threshold, choose
from fascore.training import checkpoint, distributed
from fascore.training.checkpoint import Counters
from fascore.training.engine import Engine
from fascore.training.interrupt import Interrupted, StopRequest, listening
from fascore.training.scoring import Scores, score

if TYPE_CHECKING:
    from fascore.contract.kinds import Metric
    from fascore.contract.record import Record
    from fascore.data.batch import Batch
    from fascore.evaluation.table import ScoreTable
    from fascore.model import ModelGraph
    from fascore.spec.documents import RunSpec


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """Everything that training needs; identical on every process except for `device`.

    `train_batches(epoch, ids)` returns one Batch for each list of ids, in order; `dev_batches(ids)` returns evaluation
    batches of these records; `dev_table(scores)` returns the score table of dev, whose metrics select the best weights.
    Batches are on `device`. `save_seconds` and `save_steps` set how often a checkpoint is written within an epoch;
    `resume` continues from one.
    """

    spec: RunSpec
    graph: ModelGraph
    folder: Path
    records: Sequence[Record]
    train_batches: Callable[[int, Sequence[Sequence[str]]], Iterable[Batch]]
    dev: Sequence[str]
    dev_batches: Callable[[Sequence[str]], Iterable[Batch]]
    dev_table: Callable[[Scores], ScoreTable]
    hooks: Hooks
    device: torch.device
    precision: str = "fp32"
    resume: bool = True
    save_seconds: float | None = 60.0
    save_steps: int | None = None


class Outcome(NamedTuple):
    """The result of training: `best` is the file with the weights to evaluate, `figure` their result on dev."""

    epochs: int
    steps: int
    best: Path
    best_epoch: int
    figure: float | None


def pick_precision(name: str, device: torch.device) -> str:
    """`fp32` or `bf16` for the spec's `compute.precision`; auto selects bf16 if the GPU supports it."""
    if name != "auto":
        return name
    return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"


def train(job: TrainingJob) -> Outcome:
    """Train to the end, starting from the last checkpoint if there is one.

    Raises Interrupted after Ctrl-C or SIGTERM, with a checkpoint written, and FascoreError if a loss is not finite.
    """
    with listening() as request:
        return _Trainer(job, request).run()


class _Stop(Exception):
    """Leaves a dev evaluation after a stop request."""


class _Trainer:
    def __init__(self, job: TrainingJob, request: StopRequest) -> None:
        self.job, self.request = job, request
        self.recipe, self.facts = job.spec.recipe, RunFacts(job.spec.name, job.folder, job.spec)
        self.last, self.best = (job.folder / "checkpoints" / name for name in (checkpoint.LAST, checkpoint.BEST))
        if distributed.rank() == 0:
            checkpoint.clear_unfinished(self.last.parent)
        self.steps = len(self._plan(0))
        torch.manual_seed(int(generator(job.spec.seed, "init", "recipe").integers(2**63)))
        self.training = self.recipe.build(job.graph, self.steps)
        self.engine = Engine(
            job.graph,
            self.training,
            device=job.device,
            precision=job.precision,
            seed=job.spec.seed,
            ema=self.recipe.ema,
        )
        for module in (*job.graph.nodes.values(), *job.graph.heads.values()) if job.spec.compute.compile else ():
            module.compile()
        self.counters = (
            checkpoint.load_last(self.last, self.engine) if job.resume and self.last.exists() else Counters()
        )
        self.saved = time.monotonic()
        self.stop = False

    def run(self) -> Outcome:
        """The loop over epochs."""
        counters = self.counters
        self._notify("run_started", epochs=self.recipe.epochs, steps=self.steps, done=counters.step)
        while not counters.finished:
            self._epoch()
            if self._stopping() and not counters.finished:
                self._interrupt()
        return Outcome(counters.epoch, counters.step, self.best, counters.best_epoch, counters.best)

    def _plan(self, epoch: int) -> list[list[str]]:
        """Global batches of an epoch. Raises SpecError if the sampler plans none."""
        batches = self.job.spec.sampler.plan(self.job.records, epoch, self.job.spec.seed)
        if not batches:
            raise SpecError(
                f"the sampler {self.job.spec.sampler.type} plans no batch for {len(self.job.records)} records; lower its batch_size"
            )
        return batches

    def _epoch(self) -> None:
        counters, planned = self.counters, self._plan(self.counters.epoch)
        remaining = planned[counters.batch :]
        rank, world = self.engine.rank, self.engine.world
        # If a batch has fewer records than processes, the rest compute its first record with weight 0.
        mine = [ids[rank::world] or ids[:1] for ids in remaining]
        self.engine.train()
        started = time.perf_counter()
        for ids, batch in zip(remaining, self.job.train_batches(counters.epoch, mine) if mine else (), strict=True):
            self._step(batch, ids, len(planned), started)
            started = time.perf_counter()
        self.engine.flush()
        if self._stopping():
            self._interrupt()
        self._end_epoch()

    def _step(self, batch: Batch, ids: Sequence[str], steps: int, started: float) -> None:
        engine, counters = self.engine, self.counters
        share = len(ids[engine.rank :: engine.world]) * engine.world / len(ids)
        engine.begin(counters.epoch, counters.step, share)
        losses = self.training.step(engine, batch)
        engine.finish()
        values, due = self._agree(losses, share)
        self._refuse_not_finite(values)
        counters.step += 1
        counters.batch += 1
        rates = {name: optimizer.rate for name, optimizer in engine.optimizers.items()}
        step = Step(
            counters.epoch,
            counters.step,
            steps,
            self.recipe.epochs,
            values,
            rates,
            len(ids),
            time.perf_counter() - started,
        )
        self._notify("step_ended", step=step)
        if engine.settled and self._stopping():
            self._interrupt()
        if engine.settled and due:
            self._save()

    def _agree(self, losses: Mapping[str, Tensor], share: float) -> tuple[dict[str, float], bool]:
        """Losses averaged over processes, and whether a checkpoint is due: one message, one device synchronization."""
        job = self.job
        time_due = (
            self.engine.rank == 0 and job.save_seconds is not None and time.monotonic() - self.saved > job.save_seconds
        )
        steps_due = job.save_steps is not None and (self.counters.step + 1) % job.save_steps == 0
        flags = torch.tensor([float(self.request.made), float(time_due or steps_due)], device=job.device)
        means = [value.detach().float().reshape(()) * share / self.engine.world for value in losses.values()]
        *values, stop, due = distributed.total(torch.cat([torch.stack(means), flags]) if means else flags).tolist()
        self.stop = self.stop or stop > 0
        return dict(zip(losses, values)), due > 0

    def _stopping(self) -> bool:
        """Whether to stop now: as all processes have agreed, or as requested of a single process."""
        return self.stop or (self.engine.world == 1 and self.request.made)

    def _refuse_not_finite(self, losses: Mapping[str, float]) -> None:
        if any(not math.isfinite(value) for value in losses.values()):
            listed = ", ".join(f"{name} = {value:g}" for name, value in losses.items())
            raise FascoreError(
                f"a loss is not finite at step {self.counters.step} (epoch {self.counters.epoch}): {listed}; the last checkpoint is older. "
                "Lower the learning rate, set recipe.clip, or set compute.precision to fp32"
            )

    def _end_epoch(self) -> None:
        counters, recipe = self.counters, self.recipe
        self.engine.average_buffers()
        try:
            results = self._dev()
        except _Stop:
            self._interrupt()
        figure = results.get(recipe.select.type)
        better = (
            figure is None
            or counters.best is None
            or (figure > counters.best if recipe.select.higher_is_better else figure < counters.best)
        )
        if better:
            counters.best, counters.best_epoch = figure, counters.epoch
            if self.engine.rank == 0:
                checkpoint.save_best(
                    self.best, self.engine, {"epoch": counters.epoch, "step": counters.step, "dev": results}
                )
        counters.stale = 0 if better else counters.stale + 1
        counters.epoch, counters.batch = counters.epoch + 1, 0
        counters.finished = counters.epoch >= recipe.epochs or (
            recipe.early_stop is not None and counters.stale >= recipe.early_stop
        )
        self._save()
        self._notify("epoch_ended", epoch=counters.epoch - 1, metrics=results)

    def _dev(self) -> dict[str, float]:
        """Results on dev: the selection metric and the spec's metrics that produce a number. Empty without dev."""
        job = self.job
        if not job.dev:
            return {}
        with self.engine.ema.applied() if self.engine.ema is not None else nullcontext():
            table = job.dev_table(score(job.graph, job.dev, self._watched, precision=job.precision))
        if not table.responded.any():
            raise FascoreError(
                f"after step {self.counters.step} no record of dev has a score: the network's outputs are no longer finite, or dev "
                "lacks the inputs of the heads. Lower the learning rate, set recipe.clip, set compute.precision to fp32, or check dev's records"
            )
        threshold = _threshold(job.spec.threshold, table)
        results: dict[str, float] = {}
        for metric in (*job.spec.metrics, self.recipe.select):
            try:
                results[metric.type] = _figure(metric, table, threshold)
            except FascoreError as error:
                if metric is self.recipe.select:
                    raise FascoreError(f"recipe.select: {metric.type} cannot select weights on dev: {error}") from error
        return results

    def _watched(self, ids: Sequence[str]) -> Iterator[Batch]:
        """Batches of dev; a single process can stop before the last one."""
        for batch in self.job.dev_batches(ids):
            if self.request.made and self.engine.world == 1:
                raise _Stop
            yield batch

    def _save(self) -> None:
        self.engine.average_buffers()
        if self.engine.rank == 0:
            checkpoint.save_last(self.last, self.engine, self.counters)
        distributed.barrier()
        self.saved = time.monotonic()
        self._notify("checkpoint_saved", path=self.last)

    def _interrupt(self) -> None:
        self._save()
        counters = self.counters
        raise Interrupted(
            f"stopped after step {counters.step} (epoch {counters.epoch}); the checkpoint is {self.last}. Rerun the same command to resume from it"
        )

    def _notify(self, hook: str, **arguments: Any) -> None:
        if self.engine.rank == 0:
            self.job.hooks.call(hook, run=self.facts, **arguments)


def _threshold(rule: str, table: ScoreTable) -> Threshold | None:
    """The threshold of dev, or None if its scores determine none; metrics that need one report this themselves."""
    try:
        return choose(rule, table)
    except FascoreError:
        return None


def _figure(metric: Metric, table: ScoreTable, threshold: Threshold | None) -> float:
    """The primary number of a metric. Raises FascoreError if this table does not determine it."""
    value = metric.build().compute(table, threshold).get(metric.primary)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise SpecError(f"its '{metric.primary}' is {value}, which is not a number; choose another metric")
    return float(value)
