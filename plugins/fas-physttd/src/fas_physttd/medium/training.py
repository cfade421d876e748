"""One training step of a classifier on the traces of a frozen generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from fascore import make_optimizer

if TYPE_CHECKING:
    from fascore import Batch, Engine, Graph, ManagedOptimizer, Optimizer, Schedule


class TraceMediumTraining:
    """One optimizer for everything except the generator."""

    def __init__(
        self,
        graph: Graph,
        *,
        generator: str,
        optimizer: Optimizer,
        schedule: Schedule,
        epochs: int,
        steps_per_epoch: int,
    ) -> None:
        self.own = nn.ModuleDict()
        self.generator = graph.node(generator).requires_grad_(False)
        learning = [parameter for parameter in graph.parameters() if parameter.requires_grad]
        self._optimizer = make_optimizer(learning, optimizer, schedule, epochs=epochs, steps_per_epoch=steps_per_epoch)

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return {"classifier": self._optimizer}

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        losses: dict[str, Tensor] = {}
        self.generator.eval()  # the engine switches the whole graph to training mode before each epoch

        def closure() -> Tensor:
            losses.update(engine.losses(engine.graph(batch), batch))
            return torch.stack(list(losses.values())).sum()

        return {"loss": engine.optimize("classifier", closure), **losses}
