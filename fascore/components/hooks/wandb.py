"""Weights & Biases as a tracker, offline unless its options specify otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from fascore.contract.component import Config, validate
from fascore.contract.errors import FascoreError
from fascore.contract.hooks import RunFacts, Step, hookimpl


class WandbOptions(Config):
    """Options of `trackers.wandb` in a spec."""

    project: str = Field("fascore", description="project that the run belongs to")
    entity: str | None = Field(None, description="user or team; default: the user who is logged in")
    mode: Literal["offline", "online", "disabled"] = Field(
        "offline", description="offline only writes files, which `wandb sync` uploads"
    )


class Wandb:
    """Losses and learning rates per step, metrics on dev per epoch. A resumed run remains a single wandb run."""

    Options = WandbOptions

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = validate(WandbOptions, options)
        try:
            import wandb
        except ImportError as error:
            raise FascoreError("trackers.wandb: wandb is not installed; pip install 'fascore[wandb]'") from error
        self._wandb = wandb
        self._run: Any = None
        self._step = 0

    @hookimpl
    def run_started(self, run: RunFacts, done: int) -> None:
        self._step = done
        self._run = self._wandb.init(
            project=self.options.project,
            entity=self.options.entity,
            mode=self.options.mode,
            name=run.name,
            dir=str(run.folder),
            id=run.spec.digest()[:16],
            resume="allow",
            config=run.spec.model_dump(mode="json", by_alias=True),
        )

    @hookimpl
    def step_ended(self, step: Step) -> None:
        self._step = step.step
        losses = {f"train/{name}": value for name, value in step.losses.items()}
        self._run.log(losses | {f"rate/{name}": value for name, value in step.rates.items()}, step=step.step)

    @hookimpl
    def epoch_ended(self, epoch: int, metrics: Mapping[str, float]) -> None:
        self._run.log({"epoch": epoch, **{f"dev/{name}": value for name, value in metrics.items()}}, step=self._step)

    @hookimpl
    def run_ended(self, outcome: str) -> None:
        if self._run is not None:
            self._run.finish(exit_code=0 if outcome == "finished" else 1)
