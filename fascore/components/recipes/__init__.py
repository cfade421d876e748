"""The built-in recipes. Importing this module does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from fascore.contract.errors import SpecError
from fascore.contract.kinds import Recipe
from fascore.training.config import Optimizer, Schedule

if TYPE_CHECKING:
    from fascore.contract.kinds import Training
    from fascore.contract.kinds.protocols import Graph, Plan


class Supervised(Recipe):
    """Minimizes the weighted sum of all losses of heads and objectives with one optimizer over all weights."""

    type: Literal["supervised"] = "supervised"
    optimizer: Optimizer = Field(
        default_factory=lambda: Optimizer(name="adamw", lr=3e-4),
        description="any optimizer of torch.optim, with its arguments",
    )
    schedule: Schedule = Field(Schedule(), description="learning rate over time")
    decay: Literal["all", "matrices"] = Field(
        "all", description="parameters with weight decay; matrices: no biases, norms, or scalars"
    )
    clip: PositiveFloat | None = Field(None, description="largest norm of the entire gradient; default: no limit")
    accumulate: PositiveInt = Field(1, description="batches per optimizer step")
    frozen: bool = Field(
        False,
        description="keep every weight as it was loaded, to evaluate or deploy nodes and heads of other runs as one model",
    )

    def infer(self, plan: Plan) -> None:
        if not any(head.component.weight > 0 for head in plan.heads.values()):
            raise SpecError(
                "supervised learns from the losses of heads, but no head has a weight above 0; set the weight of one of model.heads"
            )

    def build(self, graph: Graph, steps_per_epoch: int) -> Training:
        from fascore.components.recipes.supervised import SupervisedTraining

        return SupervisedTraining(
            graph,
            optimizer=self.optimizer,
            schedule=self.schedule,
            decay=self.decay,
            clip=self.clip,
            accumulate=self.accumulate,
            frozen=self.frozen,
            epochs=self.epochs,
            steps_per_epoch=steps_per_epoch,
        )


__all__ = ["Optimizer", "Schedule", "Supervised"]
