"""The JSON log: one line per step and one per epoch in `log.jsonl`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fascore.contract.files import write_whole
from fascore.contract.hooks import RunFacts, Step, hookimpl


class JsonLog:
    """Appends complete lines. A resumed run drops the lines after its checkpoint, so that no step occurs twice."""

    always = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._step = 0

    @hookimpl
    def run_started(self, run: RunFacts, done: int) -> None:
        path, self._step = _path(run), done
        if path.exists():
            write_whole(
                path,
                "".join(line + "\n" for line in path.read_text(encoding="utf-8").splitlines() if _belongs(line, done)),
            )

    @hookimpl
    def step_ended(self, run: RunFacts, step: Step) -> None:
        self._step = step.step
        _append(
            run,
            {
                "event": "step",
                "step": step.step,
                "epoch": step.epoch,
                "losses": dict(step.losses),
                "rates": dict(step.rates),
                "records": step.records,
                "seconds": round(step.seconds, 6),
            },
        )

    @hookimpl
    def epoch_ended(self, run: RunFacts, epoch: int, metrics: Mapping[str, float]) -> None:
        _append(run, {"event": "epoch", "step": self._step, "epoch": epoch, "dev": dict(metrics)})


def _path(run: RunFacts) -> Path:
    return run.folder / "log.jsonl"


def _append(run: RunFacts, entry: Mapping[str, Any]) -> None:
    """Append a line in a single write, so that a killed run leaves at most its last line unfinished."""
    run.folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(_path(run), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, (json.dumps(entry) + "\n").encode())
    finally:
        os.close(handle)


def _belongs(line: str, done: int) -> bool:
    """Whether a line is complete and belongs to a step that the checkpoint contains."""
    try:
        return bool(json.loads(line)["step"] <= done)
    except (ValueError, KeyError, TypeError):
        return False
