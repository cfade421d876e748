"""Alignment of modalities on two levels (mmFAS, Chen et al. 2025, section 3). Importing this module imports no torch.

The first input, RGB in the paper, is the bridge: every other input forms a pair of modalities with it. Tokens are first
averaged to one vector. A record that lacks either side of a pair is left out of that pair. Records are compared only
with the records in the same process's batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, model_validator

from fascore import Labels, Objective, Signal, SpecError, Target, Tokens, Vector

if TYPE_CHECKING:
    from torch import nn


class _Alignment(Objective):
    """Base of losses between the first input and each other input."""

    context: ClassVar[tuple[str, ...]] = ("mask",)
    honours_mask: ClassVar[bool] = True

    def features(self, signals: Sequence[Signal]) -> list[Vector | Tokens]:
        """The inputs. Raises SpecError."""
        if len(signals) < 2:
            raise SpecError(
                f"{self.type} aligns other inputs with the first, so it needs two or more; got {len(signals)}"
            )
        features = [signal for signal in signals if isinstance(signal, Vector | Tokens)]
        for place, signal in enumerate(signals):
            name = f"'{self.inputs[place]}'" if place < len(self.inputs) else f"input {place}"
            if not isinstance(signal, Vector | Tokens):
                raise SpecError(
                    f"{self.type} accepts Vectors and Tokens, but {name} produces {signal}; use the features "
                    "of an encoder"
                )
            if signal.d != features[0].d:
                raise SpecError(
                    f"{self.type} compares features of equal width, but the first input has {features[0].d} "
                    f"and {name} has {signal.d}; change an encoder"
                )
        return features

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls.model_validate({}), [Vector(6), Vector(6)], Labels("label")),
            (cls.model_validate({}), [Tokens(5, 4, 1), Tokens(3, 4, optional=True), Vector(4)], Labels("label")),
        ]


class InstanceContrastive(_Alignment):
    """Instance-level contrastive learning (eq. 1-3).

    It makes features of the same record similar and features of different records dissimilar. The loss is half the sum
    of the cross-entropies of both directions, summed over the pairs of modalities. One temperature is learned for all
    pairs.
    """

    type: Literal["mmfas.instance_contrastive"] = "mmfas.instance_contrastive"
    temperature: PositiveFloat = Field(0.07, description="initial tau")
    limits: tuple[PositiveFloat, PositiveFloat] = Field((0.001, 0.5), description="smallest and largest tau")
    normalize: bool = Field(
        True, description="normalize features to length 1 before comparing them; false: as eq. 1 is written"
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of the target that is spread evenly over all records of the batch"
    )

    @model_validator(mode="after")
    def _tau_within(self) -> Self:
        low, high = self.limits
        if not low <= self.temperature <= high:
            raise ValueError(f"'temperature' is {self.temperature:g}, outside 'limits' ({low:g} to {high:g})")
        return self

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        self.features(signals)

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_mmfas.objectives.instance_contrastive import InstanceContrastiveObjective

        return InstanceContrastiveObjective(
            self.features(signals),
            temperature=self.temperature,
            limits=self.limits,
            normalize=self.normalize,
            label_smoothing=self.label_smoothing,
        )


class ClassMatching(_Alignment):
    """Class-level matching (eq. 4).

    A linear predictor decides whether the features of two records belong to the same class. The loss is the mean
    cross-entropy over pairs of records, summed over the pairs of modalities. Each pair of modalities has its own
    predictor.
    """

    type: Literal["mmfas.class_matching"] = "mmfas.class_matching"
    pairs: Literal["mined", "all"] = Field(
        "mined",
        description="mined: pair each record with the most similar record of another class and the least "
        "similar record of its own class, 2 N pairs; all: N x N pairs",
    )

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        self.features(signals)
        if not isinstance(target, Labels):
            raise SpecError(f"{self.type} matches the classes of a column such as record.label, not {target}")

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_mmfas.objectives.class_matching import ClassMatchingObjective

        return ClassMatchingObjective(self.features(signals), mined=self.pairs == "mined")

    @classmethod
    def examples(cls) -> list[Any]:
        return [*super().examples(), (cls(pairs="all"), [Vector(6), Vector(6)], Labels("label"))]


__all__ = ["ClassMatching", "InstanceContrastive"]
