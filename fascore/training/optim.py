"""ManagedOptimizer: one optimizer with its parameters, its schedule, clipping and accumulation, and its exact state."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from fascore.contract.errors import FascoreError
from fascore.training.config import Optimizer, Schedule, class_name


@dataclass
class ManagedOptimizer:
    """An optimizer that the engine steps; `parameters` are all of its parameters, `updates` counts its updates so far.

    `clip` is the largest norm of the entire gradient, `accumulate` the number of batches per update, `pending` the
    number of batches since the last update; `begun` is whether any gradient has been collected since then.
    """

    optimizer: torch.optim.Optimizer
    schedule: Any
    clip: float | None = None
    accumulate: int = 1
    updates: int = 0
    pending: int = 0
    begun: bool = False
    parameters: list[nn.Parameter] = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    @property
    def rate(self) -> float:
        """Learning rate of the first group of parameters."""
        return float(self.optimizer.param_groups[0]["lr"])

    def clear(self) -> None:
        """Reset gradients to None, not zero, so that a parameter without a gradient is not updated."""
        self.optimizer.zero_grad(set_to_none=True)

    def update(self) -> None:
        """Clip, step, and advance the schedule."""
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        self.updates += 1
        self.pending, self.begun = 0, False
        self.schedule.step_update(self.updates)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything needed to resume: tensors by `<parameter>.<name>`, and JSON. The schedule is a function of `updates`."""
        optimizer_state = self.optimizer.state_dict()
        values = {
            f"{parameter_index}.{name}": value
            for parameter_index, entry in optimizer_state["state"].items()
            for name, value in entry.items()
        }
        tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
        plain = {name: value for name, value in values.items() if name not in tensors}
        return tensors, {"updates": self.updates, "groups": optimizer_state["param_groups"], "plain": plain}

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Restore a state. Raises FascoreError if it belongs to other parameters."""
        optimizer_state = self.optimizer.state_dict()
        groups = optimizer_state["param_groups"]
        if [group["params"] for group in groups] != [group["params"] for group in facts["groups"]]:
            raise FascoreError(
                "the checkpoint's optimizer has different parameters than this recipe's; start over with --fresh"
            )
        state: dict[int, dict[str, Any]] = {}
        for key, value in {**tensors, **facts["plain"]}.items():
            parameter_index, _, name = key.partition(".")
            state.setdefault(int(parameter_index), {})[name] = value
        for group, saved in zip(groups, facts["groups"], strict=True):
            group.update(
                {key: tuple(value) if isinstance(group.get(key), tuple) else value for key, value in saved.items()}
            )
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.updates, self.pending, self.begun = facts["updates"], 0, False


def make_optimizer(
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    optimizer: Optimizer,
    schedule: Schedule,
    *,
    epochs: int,
    steps_per_epoch: int,
    clip: float | None = None,
    accumulate: int = 1,
) -> ManagedOptimizer:
    """Build an optimizer over parameters (or groups of them) and its schedule.

    `steps_per_epoch` counts calls of `engine.optimize` or `engine.step`; the schedule advances with the updates. Raises
    FascoreError if torch rejects an argument.
    """
    items: list[Any] = list(parameters)
    groups = items if items and isinstance(items[0], dict) else [{"params": items}]
    groups = [
        {**group, "params": [parameter for parameter in group["params"] if parameter.requires_grad]} for group in groups
    ]
    if not any(group["params"] for group in groups):
        raise FascoreError(f"{optimizer.name} has no parameters to train: all are frozen, or there are none")
    try:
        torch_optimizer = getattr(importlib.import_module("torch.optim"), class_name(optimizer.name))(
            groups, lr=optimizer.lr, **optimizer.arguments
        )
    except (AttributeError, ValueError, TypeError, RuntimeError) as error:
        raise FascoreError(f"torch rejects the optimizer {optimizer.name}: {error}; change its arguments") from error
    lr_scheduler = scheduler(torch_optimizer, schedule, epochs=epochs, updates=math.ceil(steps_per_epoch / accumulate))
    return ManagedOptimizer(torch_optimizer, lr_scheduler, clip, accumulate)


def scheduler(optimizer: torch.optim.Optimizer, schedule: Schedule, *, epochs: int, updates: int) -> Any:
    """timm's scheduler for `updates` optimizer steps per epoch; its only state is the number of steps."""
    from timm.scheduler import (
        CosineLRScheduler,
        MultiStepLRScheduler,
        PolyLRScheduler,
        StepLRScheduler,
        TanhLRScheduler,
    )

    warmup = schedule.warmup_steps or round(schedule.warmup_epochs * updates)
    common = {"t_in_epochs": False, "warmup_t": warmup, "warmup_lr_init": schedule.warmup_lr, "warmup_prefix": False}
    span = {"t_initial": max(1, epochs * updates), "lr_min": schedule.minimum}
    match schedule.name:
        case "cosine":
            return CosineLRScheduler(optimizer, **span, **common)
        case "tanh":
            return TanhLRScheduler(optimizer, **span, **common)
        case "poly":
            return PolyLRScheduler(optimizer, power=schedule.power, **span, **common)
        case "step":
            return StepLRScheduler(
                optimizer, decay_t=schedule.decay_epochs * updates, decay_rate=schedule.decay_rate, **common
            )
        case "multistep":
            # timm decays at t = milestone - 1, because it counts epochs from 0.
            milestones = [epoch * updates + 1 for epoch in schedule.milestones]
            return MultiStepLRScheduler(optimizer, decay_t=milestones, decay_rate=schedule.decay_rate, **common)
        case "none":
            return StepLRScheduler(optimizer, decay_t=1, decay_rate=1.0, **common)
