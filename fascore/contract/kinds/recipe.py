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
    """The implementation that a recipe builds. It never calls a node directly; it runs the graph on a Batch through the engine."""

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

    `examples()` returns recipes, or `(recipe, graph)` pairs if a recipe needs a particular graph: `graph` holds the
    sections `modalities` and `model` of a spec. The suite trains it for a few steps on records that it generates.
    """

    kind: ClassVar[str] = "recipe"

    epochs: PositiveInt = Field(30, description="passes over the sampler's plan")
    select: Slot[Metric] = Field(
        named("auc"), description="metric on dev, computed after every epoch, that selects the best weights"
    )
    early_stop: PositiveInt | None = Field(
        None, description="number of epochs without improvement after which training stops; default: never"
    )
    ema: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="decay of a moving average of the weights, which is then used for evaluation; default: none",
    )

    def infer(self, plan: Plan) -> None:
        """Raise SpecError for a graph that it cannot train. Static, without torch."""

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        """Build the training of a graph."""
        raise NotImplementedError
