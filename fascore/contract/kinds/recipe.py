"""The interface of recipes: what one training step does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol

from pydantic import Field, PositiveInt

from fascore.contract.component import Component, Slot, named
from fascore.contract.kinds.metric import Metric
from fascore.contract.kinds.protocols import Batch, Engine, Graph, ManagedOptimizer, Plan

if TYPE_CHECKING:
    from torch import Tensor, nn


class Training(Protocol):
    """What a recipe builds. It never calls a node: it calls the graph on a Batch, through the engine."""

    own: nn.ModuleDict
    """Modules of the recipe, such as discriminators: checkpointed, absent from evaluation and export."""

    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        """Optimizers, their parameters and schedules, by the names that `engine.optimize` takes."""
        ...

    def step(self, engine: Engine, batch: Batch) -> Mapping[str, Tensor]:
        """One training step; the losses to log, float32 scalars."""
        ...


class Recipe(Component):
    """How to train a graph.

    `examples()` gives recipes, or `(recipe, graph)` pairs where a recipe needs a graph of its own: `graph` holds the
    sections `modalities` and `model` of a spec. The suite trains it for a few steps on records that it draws itself.
    """

    kind: ClassVar[str] = "recipe"

    epochs: PositiveInt = Field(30, description="passes over the sampler's plan")
    select: Slot[Metric] = Field(
        named("auc"), description="figure of dev, after every epoch, that chooses the best weights"
    )
    early_stop: PositiveInt | None = Field(
        None, description="stop after so many epochs without a better figure; default: never"
    )
    ema: float | None = Field(
        None, gt=0, lt=1, description="decay of an average of the weights, which is then evaluated; default: none"
    )

    def infer(self, plan: Plan) -> None:
        """Refuse a graph that it cannot train: raise SpecError. Static, no torch."""

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        """The training of a built graph."""
        raise NotImplementedError
