"""Supervised training: one optimiser, the sum of all losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from fascore.training.optim import Optimisation, optimisation

if TYPE_CHECKING:
    from fascore.components.recipes import Supervised
    from fascore.data.batch import Batch
    from fascore.model import ModelGraph
    from fascore.training.engine import Engine


class SupervisedTraining:
    """One step is one batch: forward, sum of losses, backward."""

    def __init__(self, config: Supervised, graph: ModelGraph, steps_per_epoch: int) -> None:
        self.own = nn.ModuleDict()
        self._optimisation = optimisation(
            graph.parameters(), config.optimizer, config.schedule, epochs=config.epochs, steps_per_epoch=steps_per_epoch,
            clip=config.clip, accumulate=config.accumulate,
        )

    def optimizers(self) -> Mapping[str, Optimisation]:
        return {"graph": self._optimisation}

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        losses: dict[str, Tensor] = {}

        def closure() -> Tensor:
            losses.update(engine.losses(engine.graph(batch), batch))
            return torch.stack(list(losses.values())).sum()

        return {"loss": engine.optimize("graph", closure), **losses}
