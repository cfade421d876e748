"""Trains every shape under torchrun and writes what this process saw: ids, digests of all weights a step, scores of dev.

Usage: two_processes.py FOLDER. Also run with one process, in the test itself, through `watch`.
"""

import hashlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from training_toys import SHAPES, job_of, spec_of, toy_index

from fascore import FascoreError
from fascore.contract.hooks import Hooks, hookimpl
from fascore.contract.registry import using
from fascore.model import ModelGraph
from fascore.training import distributed
from fascore.training.engine import Engine
from fascore.training.interrupt import Interrupted
from fascore.training.scoring import score
from fascore.training.trainer import TrainingJob, train

PLAIN = {"type": "toy.mlp", "norm": False, "dropout": 0.0, "inputs": ["face"]}
UNEVEN: dict[str, Any] = {
    "model": {"encoders": {"a": PLAIN}, "heads": {"main": {"type": "binary", "inputs": ["a"]}}},
    "sampler": {"type": "toy.order", "batch_size": 5},
}
"""No batch statistics and no dropout, so that two processes compute what one does; batches of 5, 5, 5, 5 and 1 of 21 records."""
SAM: dict[str, Any] = {**UNEVEN, "recipe": {"rho": 0.5, "ema": None}}
"""A long step up along the first gradient, which therefore must be that of both processes."""
PAIRS: dict[str, Any] = {"sampler": {"type": "toy.order", "batch_size": 2}}
"""One record a process: a head of one task has a gradient on both, on one, or on none."""


def digest(engine: Engine) -> str:
    """Of all parameters and optimizer states of this process; buffers differ until they are averaged."""
    states = [part.state()[0] for part in engine.optimizers.values()]
    tensors = [
        *engine.model.parameters(),
        *engine.own.parameters(),
        *(state[key] for state in states for key in sorted(state)),
    ]
    return hashlib.sha256(b"".join(tensor.detach().numpy().tobytes() for tensor in tensors)).hexdigest()


def watch(job: TrainingJob) -> dict[str, Any]:
    """Train, and say what was seen."""
    seen: dict[str, Any] = {"ids": [], "digests": [], "dev": []}

    def train_batches(epoch: int, ids: Any) -> Iterator[Any]:
        for batch in job.train_batches(epoch, ids):
            seen["ids"].append(list(batch.ids))
            yield batch

    def dev_batches(ids: Any) -> Iterator[Any]:
        seen["dev"].append(list(ids))
        return job.dev_batches(ids)

    finish = Engine.finish

    def finished(engine: Engine) -> None:
        finish(engine)
        seen["digests"].append(digest(engine))

    Engine.finish = finished  # type: ignore[method-assign]
    try:
        seen["figure"] = train(replace(job, train_batches=train_batches, dev_batches=dev_batches)).figure
    finally:
        Engine.finish = finish  # type: ignore[method-assign]
    seen["state"] = hashlib.sha256(
        b"".join(value.numpy().tobytes() for value in job.graph.state_dict().values())
    ).hexdigest()
    return seen


def scores(graph: ModelGraph, job: TrainingJob) -> dict[str, Any]:
    """Scores of dev as every process gets them."""
    found = score(graph, job.dev, job.dev_batches)
    return {"ids": found.ids, "heads": found.heads}


class StopFirst:
    """Asks process 0 to stop after the third step, as torchrun would ask all."""

    @hookimpl
    def step_ended(self, step: Any) -> None:
        if step.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)


def stopped(folder: Path) -> dict[str, Any]:
    """A run whose process 0 is asked to stop, and its continuation."""
    hooks = Hooks()
    hooks.register("stop", StopFirst())
    said = ""
    try:
        train(job_of(spec_of("classification"), folder, hooks=hooks))
    except Interrupted as error:
        said = str(error)
    return {"said": said, **watch(job_of(spec_of("classification"), folder))}


def nan_on_one(folder: Path) -> str:
    """Process 1 sees NaN; every process must end with the same sentence."""
    job = job_of(spec_of("classification"), folder)

    def spoilt(epoch: int, ids: Any) -> Iterator[Any]:
        for batch in job.train_batches(epoch, ids):
            yield batch.replace(face=batch.tensors["face"] * float("nan")) if distributed.rank() == 1 else batch

    try:
        train(replace(job, train_batches=spoilt))
    except FascoreError as error:
        return str(error)
    return ""


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    distributed.start(torch.device("cpu"))
    rank = distributed.rank()
    seen = {}
    for shape in SHAPES:
        job = job_of(spec_of(shape), folder / shape)
        seen[shape] = watch(job)
        seen[shape]["scores"] = scores(job.graph, job)
    uneven = job_of(spec_of("classification", **UNEVEN, recipe={"ema": None}), folder / "uneven", count=21)
    seen["uneven"] = watch(uneven)
    seen["sam"] = watch(job_of(spec_of("sharpness", **SAM), folder / "sam", count=21))
    seen["pairs"] = watch(job_of(spec_of("task_split", **PAIRS), folder / "pairs"))
    seen["stopped"] = stopped(folder / "stopped")
    seen["nan"] = nan_on_one(folder / "nan")
    seen["gathered"] = distributed.gather_json({"rank": rank, "words": "äß" * (rank * 300)})
    (folder / f"process{rank}.json").write_text(json.dumps(seen))
    distributed.stop()


if __name__ == "__main__":
    with using(toy_index()):
        main(Path(sys.argv[1]))
