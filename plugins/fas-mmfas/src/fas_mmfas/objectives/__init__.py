"""Alignment of modalities on two levels (mmFAS, Chen et al. 2025, section 3). Importing this module imports no torch.

The first input, RGB in the paper, is the bridge: each other input makes a pair of modalities with it. Tokens are averaged to one
vector first. A record that lacks one side has no pair there. Partners are the records of a process's own batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, model_validator

from fascore import Labels, Objective, Signal, SpecError, Target, Tokens, Vector

if TYPE_CHECKING:
    from torch import nn


class _Alignment(Objective):
    """Base of losses between the first input and each of the others."""

    context: ClassVar[tuple[str, ...]] = ("mask",)
    honours_mask: ClassVar[bool] = True

    def features(self, signals: Sequence[Signal]) -> list[Vector | Tokens]:
        """The inputs. Raises SpecError."""
        if len(signals) < 2:
            raise SpecError(
                f"{self.type} aligns other inputs with the first, and needs two or more; got {len(signals)}"
            )
        features = [signal for signal in signals if isinstance(signal, Vector | Tokens)]
        for place, signal in enumerate(signals):
            name = f"'{self.inputs[place]}'" if place < len(self.inputs) else f"input {place}"
            if not isinstance(signal, Vector | Tokens):
                raise SpecError(
                    f"{self.type} takes Vectors and Tokens, but {name} gives {signal}; give it the features of an encoder"
                )
            if signal.d != features[0].d:
                raise SpecError(
                    f"{self.type} compares features of one width: the first input has {features[0].d}, {name} has {signal.d}"
                )
        return features

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls.model_validate({}), [Vector(6), Vector(6)], Labels("label")),
            (cls.model_validate({}), [Tokens(5, 4, 1), Tokens(3, 4, optional=True), Vector(4)], Labels("label")),
        ]


class InstanceContrastive(_Alignment):
    """Instance-level contrastive learning (eq. 1-3): features of one record are alike, those of different records not.

    Half the sum of both directions' cross-entropies, added over the pairs of modalities. One temperature is learned for all.
    """

    type: Literal["mmfas.instance_contrastive"] = "mmfas.instance_contrastive"
    temperature: PositiveFloat = Field(0.07, description="tau before training")
    limits: tuple[PositiveFloat, PositiveFloat] = Field((0.001, 0.5), description="least and greatest tau")
    normalize: bool = Field(True, description="compare features of length 1; false: as they are, the letter of eq. 1")
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of the target that all records of the batch have alike"
    )

    @model_validator(mode="after")
    def _tau_within(self) -> Self:
        low, high = self.limits
        if not low <= self.temperature <= high:
            raise ValueError(f"'temperature' {self.temperature:g} is outside 'limits', {low:g} to {high:g}")
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
    """Class-level matching (eq. 4): a linear predictor says whether the features of two records are of one class.

    The mean cross-entropy over pairs of records, added over the pairs of modalities, which have a predictor each.
    """

    type: Literal["mmfas.class_matching"] = "mmfas.class_matching"
    pairs: Literal["mined", "all"] = Field(
        "mined",
        description="mined: of each record its most alike of the other class and its least alike of its own, 2 N pairs; all: N x N",
    )

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        self.features(signals)
        if not isinstance(target, Labels):
            raise SpecError(f"{self.type} matches classes of a column such as record.label, not {target}")

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_mmfas.objectives.class_matching import ClassMatchingObjective

        return ClassMatchingObjective(self.features(signals), mined=self.pairs == "mined")

    @classmethod
    def examples(cls) -> list[Any]:
        return [*super().examples(), (cls(pairs="all"), [Vector(6), Vector(6)], Labels("label"))]


__all__ = ["ClassMatching", "InstanceContrastive"]
