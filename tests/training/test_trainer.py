"""The loop: stops that can be continued, selection, and what it says when training goes wrong."""

import json
import math
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from training_toys import SGD, SHAPES, job_of, spec_of

from fascore import FascoreError, MetricModule, ScoreTable, SpecError, Threshold
from fascore.components.hooks.log import JsonLog
from fascore.contract.hooks import Hooks, hookimpl
from fascore.evaluation.metrics import Auc
from fascore.training import checkpoint
from fascore.training.engine import Engine
from fascore.training.interrupt import Interrupted
from fascore.training.trainer import train


class After:
    """Does something after one step."""

    def __init__(self, step: int, act: Any) -> None:
        self.step, self.act = step, act

    @hookimpl
    def step_ended(self, step: Any) -> None:
        if step.step == self.step:
            self.act()


class Heard:
    """Remembers what hooks are told."""

    def __init__(self) -> None:
        self.steps: list[Any] = []
        self.epochs: list[tuple[int, dict[str, float]]] = []
        self.started: list[tuple[int, int, int]] = []
        self.saved: list[Path] = []

    @hookimpl
    def run_started(self, epochs: int, steps: int, done: int) -> None:
        self.started.append((epochs, steps, done))

    @hookimpl
    def step_ended(self, step: Any) -> None:
        self.steps.append(step)

    @hookimpl
    def epoch_ended(self, epoch: int, metrics: Any) -> None:
        self.epochs.append((epoch, dict(metrics)))

    @hookimpl
    def checkpoint_saved(self, path: Path) -> None:
        self.saved.append(path)


def hooks_of(*plugins: object) -> Hooks:
    hooks = Hooks(complain=lambda text: None)
    for place, plugin in enumerate(plugins):
        hooks.register(f"plugin{place}", plugin)
    return hooks


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "checkpoints" / name).read_bytes() for name in (checkpoint.LAST, checkpoint.BEST)}


def log_of(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_stopped_at_several_steps_ends_in_the_bytes_of_an_unbroken_one(shape: str, tmp_path: Path) -> None:
    spec = spec_of(shape)
    train(job_of(spec, tmp_path / "whole", hooks=hooks_of(JsonLog({}))))
    for step in (1, 4, 6):
        with pytest.raises(Interrupted, match=f"after step {step} .* Rerun the same command to resume"):
            train(job_of(spec, tmp_path / "parts", hooks=hooks_of(JsonLog({}), After(step, interrupt))))
        assert checkpoint.read(tmp_path / "parts/checkpoints" / checkpoint.LAST)[1]["counters"]["step"] == step
    train(job_of(spec, tmp_path / "parts", hooks=hooks_of(JsonLog({}))))
    assert files(tmp_path / "parts") == files(tmp_path / "whole")
    assert log_of(tmp_path / "parts") == log_of(tmp_path / "whole")
    assert [line["step"] for line in log_of(tmp_path / "whole") if line["event"] == "step"] == list(range(1, 9))


def test_a_stop_between_accumulated_batches_waits_for_their_step_and_resumes_exactly(tmp_path: Path) -> None:
    spec = spec_of("classification", recipe={"accumulate": 3})
    train(job_of(spec, tmp_path / "whole"))
    for step in (2, 4, 5):
        with pytest.raises(Interrupted):
            train(job_of(spec, tmp_path / "parts", hooks=hooks_of(After(step, interrupt))))
    train(job_of(spec, tmp_path / "parts"))
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_a_stop_during_dev_resumes_exactly(tmp_path: Path) -> None:
    spec = spec_of("classification")
    whole = job_of(spec, tmp_path / "whole")
    train(whole)
    stopped = job_of(spec, tmp_path / "parts")

    def dev_batches(ids: Any) -> Iterator[Any]:
        for batch in stopped.dev_batches(ids):
            yield batch
            interrupt()

    with pytest.raises(Interrupted, match="after step 4"):
        train(replace(stopped, dev_batches=dev_batches))
    assert not (tmp_path / "parts/checkpoints" / checkpoint.BEST).exists()
    train(job_of(spec, tmp_path / "parts"))
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_checkpoints_within_an_epoch_change_nothing(tmp_path: Path) -> None:
    heard = Heard()
    train(job_of(spec_of("alignment"), tmp_path / "often", hooks=hooks_of(heard), save_steps=1))
    train(job_of(spec_of("alignment"), tmp_path / "seldom"))
    assert len(heard.saved) == 8 + 2
    assert files(tmp_path / "often") == files(tmp_path / "seldom")


def test_a_finished_run_trains_no_further(tmp_path: Path) -> None:
    spec, heard = spec_of("task_split"), Heard()
    first = train(job_of(spec, tmp_path))
    assert train(job_of(spec, tmp_path, hooks=hooks_of(heard))) == first
    assert not heard.steps
    assert heard.started == [(2, 4, 8)]


def test_hooks_hear_of_every_step_and_epoch(tmp_path: Path) -> None:
    heard = Heard()
    train(job_of(spec_of("classification"), tmp_path, hooks=hooks_of(heard)))
    assert heard.started == [(2, 4, 0)]
    assert [(step.epoch, step.step, step.steps, step.records) for step in heard.steps] == [
        (k // 4, k + 1, 4, 6) for k in range(8)
    ]
    assert all(
        step.losses["loss"] == pytest.approx(step.losses["head.main"] + step.losses["head.aux"]) for step in heard.steps
    )
    assert [set(step.rates) for step in heard.steps] == [{"graph"}] * 8
    assert [epoch for epoch, metrics in heard.epochs if set(metrics) == {"auc"}] == [0, 1]


def test_a_tracker_that_raises_is_switched_off_and_training_ends_in_the_same_bytes(tmp_path: Path) -> None:
    said: list[str] = []
    hooks, calls = Hooks(complain=said.append), []

    class Broken:
        @hookimpl
        def step_ended(self, step: Any) -> None:
            calls.append(step.step)
            raise OSError("the disk is full")

    hooks.register("broken", Broken())
    train(job_of(spec_of("classification"), tmp_path / "tracked", hooks=hooks))
    train(job_of(spec_of("classification"), tmp_path / "alone"))
    assert calls == [1]
    assert len(said) == 1 and "broken" in said[0] and "the disk is full" in said[0]
    assert files(tmp_path / "tracked") == files(tmp_path / "alone")


def test_the_best_weights_are_those_of_the_best_epoch_by_the_chosen_figure_and_its_direction(tmp_path: Path) -> None:
    for name, best in (("auc", max), ("eer", min)):
        heard = Heard()
        spec = spec_of("classification", recipe={"select": name, "epochs": 5, "optimizer": {"name": "sgd", "lr": 2.0}})
        outcome = train(job_of(spec, tmp_path / name, hooks=hooks_of(heard)))
        figures = [metrics[name] for _, metrics in heard.epochs]
        assert outcome.figure == best(figures)
        assert outcome.best_epoch == figures.index(best(figures))
        with safe_open(outcome.best, "pt") as file:
            assert json.loads(file.metadata()["fascore"])["epoch"] == outcome.best_epoch


class Falls(Auc):
    """A figure that is best in the first epoch."""

    value: ClassVar[float]

    def build(self) -> MetricModule:
        return Falling()


class Falling(MetricModule):
    def compute(self, table: ScoreTable, threshold: Threshold | None) -> dict[str, Any]:
        Falls.value -= 1
        return {"value": Falls.value}


def test_training_stops_early_after_epochs_without_a_better_figure(tmp_path: Path) -> None:
    Falls.value = 0.0
    spec = spec_of("classification", metrics=[], recipe={"select": Falls(), "early_stop": 2, "epochs": 9})
    outcome = train(job_of(spec, tmp_path))
    assert (outcome.epochs, outcome.best_epoch) == (3, 0)


def test_the_best_file_holds_the_averaged_weights_of_evaluation_and_nothing_else(tmp_path: Path) -> None:
    job = job_of(spec_of("classification", recipe={"epochs": 1, "ema": 0.5}), tmp_path)
    outcome = train(job)
    best, _ = checkpoint.read(outcome.best)
    last, _ = checkpoint.read(tmp_path / "checkpoints" / checkpoint.LAST)
    assert set(best) == set(job.graph.deployed())
    assert all(torch.equal(value, last[f"ema.{key}"]) for key, value in best.items())
    assert not torch.equal(best["nodes.n_a.layers.0.weight"], last["graph.nodes.n_a.layers.0.weight"])
    aligned = train(job_of(spec_of("alignment"), tmp_path / "aligned"))
    assert not any("centre" in key for key in checkpoint.read(aligned.best)[0])


def test_the_best_weights_go_back_into_a_fresh_graph(tmp_path: Path) -> None:
    spec = spec_of("alignment")
    outcome, fresh = train(job_of(spec, tmp_path)), job_of(spec, tmp_path).graph
    facts = checkpoint.load_best(outcome.best, fresh)
    state = fresh.state_dict()
    assert all(torch.equal(state[key], value) for key, value in checkpoint.read(outcome.best)[0].items())
    assert facts["epoch"] == outcome.best_epoch
    with pytest.raises(FascoreError, match="belongs to another model"):
        checkpoint.load_best(outcome.best, job_of(spec_of("task_split"), tmp_path).graph)


def test_a_loss_that_is_not_finite_ends_training_and_names_step_and_losses(tmp_path: Path) -> None:
    spec = spec_of("task_split", recipe={"epochs": 50, "optimizer": {"name": "sgd", "lr": 3e38}})
    with pytest.raises(FascoreError, match=r"not finite.*(lower|Lower) the learning rate"):
        train(job_of(spec, tmp_path, save_steps=1))
    if (tmp_path / "checkpoints" / checkpoint.LAST).exists():
        tensors, _ = checkpoint.read(tmp_path / "checkpoints" / checkpoint.LAST)
        assert all(value.isfinite().all() for value in tensors.values())


def test_a_nan_loss_lists_the_losses(tmp_path: Path) -> None:
    job = job_of(spec_of("classification"), tmp_path)

    def spoilt(epoch: int, ids: Any) -> Iterator[Any]:
        for batch in job.train_batches(epoch, ids):
            yield batch.replace(face=batch.tensors["face"] * math.nan)

    with pytest.raises(
        FascoreError, match=r"a loss is not finite at step 0 \(epoch 0\): loss = nan, head.main = nan, head.aux = nan"
    ):
        train(replace(job, train_batches=spoilt))


def test_a_damaged_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    spec = spec_of("task_split")
    train(job_of(spec, tmp_path))
    last = tmp_path / "checkpoints" / checkpoint.LAST
    last.write_bytes(last.read_bytes()[:-7])
    with pytest.raises(FascoreError, match="damaged and cannot be read"):
        train(job_of(spec, tmp_path))
    assert train(job_of(spec, tmp_path, resume=False)).steps == 8


def test_a_checkpoint_of_another_model_or_recipe_is_refused(tmp_path: Path) -> None:
    train(job_of(spec_of("alignment"), tmp_path))
    for other in (spec_of("task_split"), spec_of("alignment", recipe={"ema": 0.9})):
        with pytest.raises(FascoreError, match="--fresh"):
            train(job_of(other, tmp_path))


def test_dev_of_one_class_cannot_select_and_says_so(tmp_path: Path) -> None:
    job = job_of(spec_of("classification"), tmp_path)
    with pytest.raises(FascoreError, match=r"recipe.select: auc cannot select weights on dev"):
        train(replace(job, dev=job.dev[::2]))


def test_without_dev_the_last_epoch_is_the_best(tmp_path: Path) -> None:
    outcome = train(replace(job_of(spec_of("classification"), tmp_path), dev=[]))
    assert (outcome.best_epoch, outcome.figure) == (1, None)
    assert outcome.best.exists()


def test_a_sampler_without_batches_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"toy.order plans no batch"):
        train(replace(job_of(spec_of("classification"), tmp_path), records=[]))


def test_supervised_refuses_a_graph_without_a_loss() -> None:
    from fascore.spec.plan import check

    model = {**SHAPES["task_split"]["model"]}
    model["heads"] = {name: {**head, "weight": 0} for name, head in model["heads"].items()}
    with pytest.raises(FascoreError, match="recipe: supervised learns from the losses of heads"):
        check(spec_of("task_split", model=model))


def test_supervised_learns(tmp_path: Path) -> None:
    spec = spec_of("classification", recipe={**SGD, "epochs": 20, "schedule": {"name": "cosine"}, "ema": None})
    heard = Heard()
    outcome = train(job_of(spec, tmp_path, count=96, hooks=hooks_of(heard)))
    assert outcome.figure is not None and outcome.figure > 0.75
    assert heard.steps[-1].losses["head.main"] < 0.6 * heard.steps[0].losses["head.main"]


def test_weights_that_are_not_finite_never_replace_a_checkpoint(tmp_path: Path) -> None:
    path, job = tmp_path / checkpoint.LAST, job_of(spec_of("task_split"), tmp_path)
    engine = Engine(job.graph, job.spec.recipe.build(job.graph, 4), device=job.device, precision="fp32", seed=0)
    checkpoint.save_last(path, engine, checkpoint.Counters(step=1))
    before = path.read_bytes()
    with torch.no_grad():
        next(iter(job.graph.parameters()))[0] = math.inf
    with pytest.raises(FascoreError, match=r"after step 2 the weights of '.*' are not finite"):
        checkpoint.save_last(path, engine, checkpoint.Counters(step=2))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == [checkpoint.LAST]


def test_weights_that_give_no_number_for_dev_are_reported_as_such(tmp_path: Path) -> None:
    job = job_of(spec_of("task_split"), tmp_path)

    def unscored(scores: Any) -> Any:
        table = job.dev_table(scores)
        return replace(table, score=table.score * math.nan)

    with pytest.raises(FascoreError, match=r"after step \d+ no record of dev has a score.*Lower the learning rate"):
        train(replace(job, dev_table=unscored))


def test_a_checkpoint_of_another_model_is_reported_in_one_line(tmp_path: Path) -> None:
    path, job = tmp_path / checkpoint.BEST, job_of(spec_of("task_split"), tmp_path)
    engine = Engine(job.graph, job.spec.recipe.build(job.graph, 4), device=job.device, precision="fp32", seed=0)
    checkpoint.save_best(path, engine, {})
    key, value = next(iter(job.graph.state_dict().items()))
    tensors = {name: tensor for name, tensor in checkpoint.read(path)[0].items() if name != key}
    save_file({**tensors, key: torch.zeros(*value.shape, 2)}, path, {"fascore": '{"format": 1}'})
    with pytest.raises(FascoreError, match=f"belongs to another model: size mismatch for {re.escape(key)}") as caught:
        checkpoint.load_best(path, job.graph)
    assert "\n" not in str(caught.value)
