"""The built-in objectives. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from fascore.contract.errors import SpecError
from fascore.contract.kinds import Labels, Objective, Target
from fascore.contract.kinds.head import Scalar
from fascore.contract.signals import Signal, Vector

if TYPE_CHECKING:
    from torch import nn


def _vector_of(objective: Objective, signals: Sequence[Signal], target: Target) -> int:
    """Width of the one input. Raises SpecError."""
    if len(signals) != 1:
        raise SpecError(f"{objective.type} reads one input; got {len(signals)}: write one objective per input")
    if not isinstance(signals[0], Vector):
        raise SpecError(
            f"{objective.type} accepts a Vector, not {signals[0]}; pool it first, for example with attention_pool"
        )
    if not isinstance(target, Labels):
        raise SpecError(f"{objective.type} groups records by a column such as record.label, not by {target}")
    return signals[0].d


class Center(Objective):
    """Half the squared distance of each feature to the center of its class (Wen et al. 2016, eq. 2). Accepts a Vector.

    The centers are not parameters: after each step they move toward the features of the batch, over all processes.
    """

    type: Literal["center"] = "center"
    classes: tuple[Scalar | None, ...] | None = Field(
        None, min_length=2, description="values of the target column in class order; default: 0 and 1 of record.label"
    )
    rate: float = Field(0.5, gt=0, le=1, description="step size of the centers, alpha of eq. 4")
    start: Literal["zero", "first"] = Field(
        "zero", description="start of a center: 0, or the mean of the first records of its class"
    )

    def classes_of(self, column: str) -> tuple[Scalar | None, ...] | None:
        return self.classes

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        _vector_of(self, signals, target)
        if self.classes is None and isinstance(target, Labels) and target.column != "label":
            raise SpecError(
                f"center on record.{target.column}: set 'classes' to the values of that column in class order"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fascore.components.objectives.center import CenterObjective

        return CenterObjective(
            _vector_of(self, signals, target), len(self.classes or (0, 1)), rate=self.rate, start=self.start
        )

    @classmethod
    def examples(cls) -> list[Any]:
        species: tuple[Scalar | None, ...] = (None, "print", "replay")
        return [
            (cls(), [Vector(6)], Labels("label")),
            (cls(classes=species, start="first"), [Vector(4)], Labels("species")),
        ]


class SupervisedContrastive(Objective):
    """Pulls features of one target value together and others apart (Khosla et al. 2020, eq. 2). Accepts a Vector.

    Positives and negatives are the records of the entire step, gathered over all processes with gradients. Records
    without a positive have no loss.
    """

    type: Literal["supervised_contrastive"] = "supervised_contrastive"
    temperature: PositiveFloat = Field(0.1, description="tau")
    width: PositiveInt | None = Field(
        None, description="width of a projection (two layers, ReLU) before the loss; default: the feature itself"
    )

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        _vector_of(self, signals, target)

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fascore.components.objectives.supervised_contrastive import SupervisedContrastiveObjective

        return SupervisedContrastiveObjective(
            _vector_of(self, signals, target), temperature=self.temperature, projection=self.width
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [Vector(6)], Labels("label")), (cls(width=4), [Vector(5)], Labels("label"))]


__all__ = ["Center", "SupervisedContrastive"]
