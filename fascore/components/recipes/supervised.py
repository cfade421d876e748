"""Supervised training: one optimizer, the sum of all losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from fascore.contract.errors import SpecError
from fascore.contract.kinds.protocols import Batch, Engine, Graph, ManagedOptimizer
from fascore.training.config import Optimizer, Schedule
from fascore.training.optim import make_optimizer


class SupervisedTraining:
    """One step is one batch: forward, sum of losses, backward. With `frozen`, nothing is trained."""

    def __init__(
        self,
        graph: Graph,
        *,
        optimizer: Optimizer,
        schedule: Schedule,
        decay: Literal["all", "matrices"],
        clip: float | None,
        accumulate: int,
        frozen: bool,
        epochs: int,
        steps_per_epoch: int,
    ) -> None:
        self.own = nn.ModuleDict()
        if frozen:
            _all_loaded(graph)
        self._optimizer = (
            None
            if frozen
            else make_optimizer(
                graph.parameters() if decay == "all" else _groups(graph),
                optimizer,
                schedule,
                epochs=epochs,
                steps_per_epoch=steps_per_epoch,
                clip=clip,
                accumulate=accumulate,
            )
        )

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        return {} if self._optimizer is None else {"graph": self._optimizer}

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        losses: dict[str, Tensor] = {}
        if self._optimizer is None:  # and no forward pass, which would change the running statistics of batch norms
            return losses

        def closure() -> Tensor:
            losses.update(engine.losses(engine.graph(batch), batch))
            return torch.stack(list(losses.values())).sum()

        return {"loss": engine.optimize("graph", closure), **losses}


def _groups(graph: Graph) -> list[dict[str, Any]]:
    """Two groups of parameters: tensors of two or more axes, and the others, which have no weight decay."""
    matrices, others = (
        [p for p in graph.parameters() if (p.ndim > 1) == is_matrix and p.requires_grad] for is_matrix in (True, False)
    )
    return [group for group in ({"params": matrices}, {"params": others, "weight_decay": 0.0}) if group["params"]]


def _all_loaded(graph: Graph) -> None:
    """Refuse a node or head that would keep its random weights."""
    trainable = [(node, graph.node(name)) for name, node in graph.plan.nodes.items()]
    trainable += [(node, graph.head(name)) for name, node in graph.plan.heads.items()]
    for node, module in trainable:
        if getattr(node.component, "weights", None) is None and any(True for _ in module.parameters()):
            raise SpecError(
                f"{node.path}: with recipe.frozen nothing is trained, so this would stay random; set its 'weights', or delete 'frozen'"
            )
