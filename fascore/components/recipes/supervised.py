"""Supervised training: one optimiser, the sum of all losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from fascore.contract.errors import SpecError
from fascore.training.optim import ManagedOptimizer, make_optimizer

if TYPE_CHECKING:
    from fascore.components.recipes import Supervised
    from fascore.data.batch import Batch
    from fascore.model import ModelGraph
    from fascore.training.engine import Engine


class SupervisedTraining:
    """One step is one batch: forward, sum of losses, backward."""

    def __init__(self, config: Supervised, graph: ModelGraph, steps_per_epoch: int) -> None:
        self.own = nn.ModuleDict()
        if config.frozen:
            _all_loaded(graph)
        self._optimizer = (
            None
            if config.frozen
            else make_optimizer(
                graph.parameters() if config.decay == "all" else _groups(graph),
                config.optimizer,
                config.schedule,
                epochs=config.epochs,
                steps_per_epoch=steps_per_epoch,
                clip=config.clip,
                accumulate=config.accumulate,
            )
        )

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return {} if self._optimizer is None else {"graph": self._optimizer}

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        losses: dict[str, Tensor] = {}
        if self._optimizer is None:  # no pass either: it would move the running statistics of batch norms
            return losses

        def closure() -> Tensor:
            losses.update(engine.losses(engine.graph(batch), batch))
            return torch.stack(list(losses.values())).sum()

        return {"loss": engine.optimize("graph", closure), **losses}


def _groups(graph: nn.Module) -> list[dict[str, Any]]:
    """Two groups of parameters: tensors of two axes or more, and the others, whose weight does not decay."""
    matrices, others = (
        [p for p in graph.parameters() if (p.ndim > 1) == several and p.requires_grad] for several in (True, False)
    )
    return [group for group in ({"params": matrices}, {"params": others, "weight_decay": 0.0}) if group["params"]]


def _all_loaded(graph: ModelGraph) -> None:
    """Refuse a node or head that would stay at its random weights."""
    parts = [(node, graph.node(name)) for name, node in graph.plan.nodes.items()]
    parts += [(node, graph.head(name)) for name, node in graph.plan.heads.items()]
    for node, module in parts:
        if getattr(node.component, "weights", None) is None and any(True for _ in module.parameters()):
            raise SpecError(
                f"{node.path}: with recipe.frozen nothing is trained, and this would stay random; give it 'weights', or delete 'frozen'"
            )
