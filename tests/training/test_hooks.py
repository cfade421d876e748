"""The core's trackers, on a real training and on lines written by hand."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from test_trainer import hooks_of
from training_toys import job_of, spec_of

from fascore import FascoreError, SpecErrors
from fascore.components.hooks.log import JsonLog
from fascore.components.hooks.progress import Progress
from fascore.components.hooks.tensorboard import TensorBoard
from fascore.components.hooks.wandb import Wandb
from fascore.contract.hooks import Hooks, RunFacts, Step
from fascore.training.trainer import train


def facts(folder: Path) -> RunFacts:
    return RunFacts("toy", folder, spec_of("classification"))


def step(number: int) -> Step:
    return Step(number // 4, number, 4, 2, {"loss": 1 / number}, {"graph": 0.1}, 6, 0.5)


def test_progress_and_log_act_in_every_run_and_trackers_where_they_are_named() -> None:
    assert Progress.always and JsonLog.always
    assert not getattr(Wandb, "always", False) and not getattr(TensorBoard, "always", False)
    with pytest.raises(FascoreError, match="no tracker 'wandbb'"):
        Hooks.for_run({"wandbb": {}})


def test_a_log_that_goes_on_drops_later_lines_and_a_half_written_one(tmp_path: Path) -> None:
    log, run = JsonLog({}), facts(tmp_path)
    log.run_started(run, 0)
    for number in (1, 2, 3, 4):
        log.step_ended(run, step(number))
    log.epoch_ended(run, 0, {"auc": 0.5})
    log.step_ended(run, step(5))
    path = tmp_path / "log.jsonl"
    path.write_text(path.read_text() + '{"event": "step", "step": 6, "ep')
    again = JsonLog({})
    again.run_started(run, 4)
    assert [(line["event"], line["step"]) for line in map(json.loads, path.read_text().splitlines())] == [
        ("step", 1),
        ("step", 2),
        ("step", 3),
        ("step", 4),
        ("epoch", 4),
    ]
    again.run_started(run, 0)
    assert path.read_text() == ""


def test_the_log_holds_what_the_step_reached(tmp_path: Path) -> None:
    JsonLog({}).step_ended(facts(tmp_path), step(2))
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert line == {
        "event": "step",
        "step": 2,
        "epoch": 0,
        "losses": {"loss": 0.5},
        "rates": {"graph": 0.1},
        "records": 6,
        "seconds": 0.5,
    }


def shown(terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What Progress prints of one training."""
    monkeypatch.setattr("fascore.components.hooks.progress.QUIET", 0.0)
    progress, text = Progress({}), io.StringIO()
    progress._console = Console(file=text, force_terminal=terminal, width=140)
    train(job_of(spec_of("classification"), tmp_path, hooks=hooks_of(progress)))
    progress.run_ended("finished")
    return text.getvalue()


def test_progress_prints_plain_lines_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(False, tmp_path, monkeypatch).splitlines()
    assert not any("\x1b" in line for line in lines)
    assert sum("records/s" in line and "left" in line and "loss" in line for line in lines) == 8
    assert [line for line in lines if "dev: auc" in line] == [
        line for line in lines if line.startswith("epoch") and "dev:" in line
    ]


def test_progress_draws_a_bar_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(True, tmp_path, monkeypatch)
    assert "━" in text and "8/8" in text and "loss" in text and "records/s" in text
    assert "epoch 2/2  dev: auc" in text


def test_tensorboard_files_hold_losses_and_figures(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = TensorBoard({})
    train(job_of(spec_of("classification"), tmp_path, hooks=hooks_of(board)))
    board.run_ended("finished")
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert {"train/loss", "train/head.main", "rate/graph", "dev/auc"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("train/loss")] == list(range(1, 9))
    assert [event.step for event in events.Scalars("dev/auc")] == [4, 8]


class FakeWandb:
    """Stands for the service: what it was told."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.lines: list[tuple[int, dict[str, Any]]] = []
        self.code: int | None = None

    def init(self, **settings: Any) -> "FakeWandb":
        self.settings = settings
        return self

    def log(self, values: dict[str, Any], step: int) -> None:
        self.lines.append((step, values))

    def finish(self, exit_code: int) -> None:
        self.code = exit_code


def test_wandb_is_offline_by_default_and_gets_every_step(tmp_path: Path) -> None:
    tracker, fake = Wandb({"project": "pad"}), FakeWandb()
    tracker._wandb = fake
    train(job_of(spec_of("classification"), tmp_path, hooks=hooks_of(tracker)))
    tracker.run_ended("finished")
    assert (fake.settings["mode"], fake.settings["project"], fake.settings["name"]) == (
        "offline",
        "pad",
        "classification",
    )
    assert [number for number, values in fake.lines if "train/loss" in values] == list(range(1, 9))
    assert [number for number, values in fake.lines if "dev/auc" in values] == [4, 8]
    assert fake.code == 0
    with pytest.raises(FascoreError, match="mode"):
        Wandb({"mode": "sometimes"})


def test_wandb_writes_an_offline_run_without_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    tracker, run = Wandb({}), facts(tmp_path)
    tracker.run_started(run, 0)
    tracker.step_ended(step(1))
    tracker.run_ended("finished")
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))


@pytest.mark.parametrize("hook", [Progress, TensorBoard])
def test_options_that_a_tracker_has_not_are_refused(hook: Any) -> None:
    with pytest.raises(FascoreError, match="there is no field 'colour'"):
        hook({"colour": "red"})


def test_a_wrong_option_of_a_tracker_is_reported_with_its_place_in_the_spec() -> None:
    with pytest.raises(SpecErrors) as caught:
        Hooks.for_run({"tensorboard": {"x": 1}})
    assert str(caught.value) == "trackers.tensorboard.x: there is no field 'x'."
