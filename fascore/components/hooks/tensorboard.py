"""TensorBoard as a tracker: event files in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fascore.contract.component import Config, validate
from fascore.contract.errors import FascoreError
from fascore.contract.hooks import RunFacts, Step, hookimpl


class TensorBoard:
    """Losses and learning rates per step and metrics on dev per epoch, in `tensorboard/`. It has no options."""

    Options = Config

    def __init__(self, options: Mapping[str, Any]) -> None:
        validate(Config, options)
        try:
            import tensorboard  # noqa: F401 - torch's writer needs it, and its own message is less clear
        except ImportError as error:
            raise FascoreError(
                "trackers.tensorboard: tensorboard is not installed; pip install 'fascore[tensorboard]'"
            ) from error
        self._writer: Any = None
        self._step = 0

    @hookimpl
    def run_started(self, run: RunFacts, done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._step = done
        # Events after the checkpoint belong to steps that will be repeated; the viewer drops them.
        self._writer = SummaryWriter(str(run.folder / "tensorboard"), purge_step=done + 1)

    @hookimpl
    def step_ended(self, step: Step) -> None:
        self._step = step.step
        for name, value in step.losses.items():
            self._writer.add_scalar(f"train/{name}", value, step.step)
        for name, value in step.rates.items():
            self._writer.add_scalar(f"rate/{name}", value, step.step)

    @hookimpl
    def epoch_ended(self, epoch: int, metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            self._writer.add_scalar(f"dev/{name}", value, self._step)

    @hookimpl
    def run_ended(self, outcome: str) -> None:
        if self._writer is not None:
            self._writer.close()
