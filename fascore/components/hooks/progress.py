"""Progress on the terminal: a bar, or plain lines if the output is not a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TaskID, TextColumn, TimeRemainingColumn

from fascore.contract.component import Config, validate
from fascore.contract.hooks import RunFacts, Step, hookimpl
from fascore.contract.pace import QUIET, Pace


class Progress:
    """Epoch, loss, records per second, and time left; one line per epoch with the metrics on dev. It has no options."""

    always = True

    def __init__(self, options: Mapping[str, Any], clock: Callable[[], float] = time.monotonic) -> None:
        validate(Config, options)
        self._console = Console(stderr=True)
        self._bar: Bar | None = None
        self._task = TaskID(0)
        self._steps = self._epochs = self._done = 0
        self._speed = 0.0
        self._clock = clock
        self._pace = Pace(QUIET, clock)

    @hookimpl
    def run_started(self, run: RunFacts, epochs: int, steps: int, done: int) -> None:
        self._steps, self._epochs, self._done = steps, epochs, done
        self._pace = Pace(QUIET, self._clock)
        self._speed = 0.0
        if done:
            self._console.print(f"{run.name}: resumes after step {done} of {epochs * steps}", highlight=False)
        if self._console.is_terminal:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[facts]}"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("training", total=epochs * steps, completed=done, facts="")
            self._bar.start()

    @hookimpl
    def step_ended(self, step: Step) -> None:
        self._done = step.step
        current = step.records / max(step.seconds, 1e-9)
        self._speed = current if not self._speed else 0.9 * self._speed + 0.1 * current
        name = "loss" if "loss" in step.losses else next(iter(step.losses), "")
        facts = (
            f"{name} {step.losses[name]:.4f}  {self._speed:.0f} records/s" if name else f"{self._speed:.0f} records/s"
        )
        epoch = f"epoch {step.epoch + 1}/{step.epochs}"
        if self._bar is not None:
            self._bar.update(self._task, completed=step.step, description=epoch, facts=facts)
        elif self._pace.due():
            time_left = timedelta(
                seconds=round((step.epochs * step.steps - step.step) * step.records / max(self._speed, 1e-9))
            )
            self._console.print(f"{epoch}  step {step.step}  {facts}  {time_left} left", highlight=False)

    @hookimpl
    def epoch_ended(self, epoch: int, metrics: Mapping[str, float]) -> None:
        figures = "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        self._console.print(f"epoch {epoch + 1}/{self._epochs}  dev: {figures or 'none'}", highlight=False)
        if epoch + 1 == self._epochs:
            self._stop()

    @hookimpl
    def run_ended(self, outcome: str) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
