"""Checkpoints: one safetensors file each, with tensors and JSON, written atomically. Nothing is ever pickled.

`last.safetensors` contains everything needed to resume training bit for bit. `best.safetensors` contains the weights
that evaluation uses, with the keys of the graph.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from fascore.contract.errors import FascoreError
from fascore.contract.files import writing

if TYPE_CHECKING:
    from fascore.model import ModelGraph
    from fascore.training.engine import Engine

LAST, BEST = "last.safetensors", "best.safetensors"
FORMAT = 1


@dataclass
class Counters:
    """Training progress: `batch` batches into `epoch`, `step` batches in total; the best epoch and its result on dev."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int = -1
    stale: int = 0
    finished: bool = False


def save_last(path: Path, engine: Engine, counters: Counters) -> None:
    """Write everything. Raises FascoreError if a weight is not finite, to protect the last good checkpoint."""
    tensors = {f"graph.{key}": value for key, value in engine.model.state_dict().items()}
    tensors |= {f"own.{key}": value for key, value in engine.own.state_dict().items()}
    _refuse_not_finite(tensors, counters.step)
    if engine.ema is not None:
        tensors |= {f"ema.{key}": value for key, value in engine.ema.values.items()}
    optimizers = {}
    for name, optimizer in engine.optimizers.items():
        state, optimizers[name] = optimizer.state()
        tensors |= {f"optimizer.{name}.{key}": value for key, value in state.items()}
    _write(path, tensors, {"counters": asdict(counters), "optimizers": optimizers})


def load_last(path: Path, engine: Engine) -> Counters:
    """Restore everything. Raises FascoreError if the file is damaged or belongs to another model or recipe."""
    tensors, facts = read(path)
    _into(engine.model, _below(tensors, "graph."), path)
    _into(engine.own, _below(tensors, "own."), path)
    averages = _below(tensors, "ema.")
    if bool(averages) != (engine.ema is not None) or set(facts["optimizers"]) != set(engine.optimizers):
        raise FascoreError(
            f"{path} was written by another recipe; start over with --fresh, or restore the spec that it belongs to"
        )
    if engine.ema is not None:
        engine.ema.restore(averages)
    for name, optimizer in engine.optimizers.items():
        optimizer.restore(_below(tensors, f"optimizer.{name}."), facts["optimizers"][name])
    return Counters(**facts["counters"])


def save_best(path: Path, engine: Engine, facts: Mapping[str, Any]) -> None:
    """Write the weights that evaluation uses (the moving average, if there is one), and their results."""
    values = engine.ema.values if engine.ema is not None else engine.model.state_dict()
    deployed = set(engine.model.deployed())
    _write(path, {key: value for key, value in values.items() if key in deployed}, facts)


def load_best(path: Path, model: ModelGraph) -> dict[str, Any]:
    """Load the weights to evaluate into a graph; return epoch, step, and results on dev. Raises FascoreError."""
    tensors, facts = read(path)
    missing = sorted(set(model.deployed()) - set(tensors))
    try:
        unmatched = [*missing, *model.load_state_dict(tensors, strict=False).unexpected_keys]
    except RuntimeError as error:
        raise FascoreError(f"{path} belongs to another model: {_first(error)}") from error
    if unmatched:
        raise FascoreError(
            f"{path} belongs to another model: '{unmatched[0]}' is {'missing from it' if missing else 'not in this graph'}"
        )
    return facts


def clear_unfinished(folder: Path) -> None:
    """Delete unfinished files of a killed process. Call it only while no other process writes."""
    for path in folder.glob(".*.part"):
        path.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors on the CPU, and JSON, of a checkpoint. Raises FascoreError."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            facts = json.loads((file.metadata() or {}).get("fascore", "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except FileNotFoundError:
        raise FascoreError(
            f"there is no checkpoint {path}: train first; if training has already ended, start over with --fresh"
        ) from None
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise FascoreError(
            f"{path} is damaged and cannot be read ({error}); delete it, or start over with --fresh"
        ) from error
    if facts.get("format") != FORMAT:
        raise FascoreError(
            f"{path} is not a checkpoint of this fascore: its format is {facts.get('format')}, not {FORMAT}"
        )
    return tensors, facts


def _write(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    # Clones, because safetensors refuses tensors that share memory, as tied weights do.
    copies = {key: value.detach().cpu().clone(memory_format=torch.contiguous_format) for key, value in tensors.items()}
    with writing(path) as temporary:
        try:
            save_file(copies, temporary, {"fascore": json.dumps({"format": FORMAT, **facts})})
        except SafetensorError as error:  # raised by safetensors if the disk is full
            raise OSError(str(error)) from error


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _into(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise FascoreError(
            f"{path} belongs to another model: {_first(error)}; start over with --fresh, or restore its spec"
        ) from error


def _first(error: RuntimeError) -> str:
    """The first of the differences that torch lists on many lines."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[min(1, len(lines) - 1)].rstrip(".")[:300]


def _refuse_not_finite(tensors: Mapping[str, Tensor], step: int) -> None:
    bad = [key for key, value in tensors.items() if value.is_floating_point() and not bool(value.isfinite().all())]
    if bad:
        raise FascoreError(
            f"after step {step} the weights of '{bad[0].partition('.')[2]}' are not finite, so no checkpoint is written; "
            "lower the learning rate, set recipe.clip, or set compute.precision to fp32"
        )
