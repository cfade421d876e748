"""Heads of joint training (Yu et al. 2024, Fig. 2, Tables II, V and VIII). Importing this module imports no torch.

For one head with two classes, use the core's `binary`. For two heads with two classes each, use two `binary` heads with
`where` and the score rule `by_task`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PositiveInt, field_validator

from fascore import Head, Labels, Plane, Ref, Signal, SpecError, Target, Vector, class_numbers

if TYPE_CHECKING:
    from torch import nn

DROPOUT: float = Field(0.0, ge=0, lt=1, description="dropout before each linear layer; 0.5 in the release's pulse head")
HIDDEN: PositiveInt | None = Field(
    None, description="width of one hidden layer with ReLU; half the feature's width in the release; default: no layer"
)


def _width(head: Head, signals: Sequence[Signal]) -> int:
    if len(signals) != 1 or not isinstance(signals[0], Vector):
        got = ", ".join(map(str, signals)) or "nothing"
        raise SpecError(
            f"{head.type} accepts one Vector; got {got}: pool or fuse it first, for example with joint.concat"
        )
    return signals[0].d


class ThreeClass(Head):
    """One head with three classes: spoof, bona fide, forgery (Fig. 2b). The score is P(bona fide). Accepts a Vector.

    The class of an attack is the task of its record. Further numbers: the probabilities of the two attack classes.
    """

    context = ("task",)
    numbers: ClassVar[tuple[str, ...]] = ("spoof", "forgery")

    type: Literal["joint.three_class"] = "joint.three_class"
    dropout: float = DROPOUT
    hidden: PositiveInt | None = HIDDEN

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        _width(self, signals)
        if not (isinstance(target, Labels) and target.column == "label"):
            raise SpecError(f"joint.three_class learns record.label and the task of attacks, not {target}")

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_joint.heads.three_class import ThreeClassHead

        return ThreeClassHead(_width(self, signals), hidden=self.hidden, dropout=self.dropout)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(), [Vector(6)], Labels("label")), (cls(hidden=4), [Vector(5)], Labels("label"))]


class OneHeadMulti(Head):
    """One head with 2 + K classes for attacks and another task (Table VIII, "shared 1 head"). Accepts a Vector.

    A record with a value in the target's column belongs to one of the K classes; without a value it is bona fide or an
    attack. The score is P(bona fide) renormalized over these two: the softmax of the first two logits. Further numbers:
    the probabilities of the K classes among themselves, which the metric class_accuracy reads.
    """

    context = ("label",)

    type: Literal["joint.one_head_multi"] = "joint.one_head_multi"
    target: Ref = Field(
        Ref("record.expression"),
        description="column of the other task, such as record.expression; empty for records of attack detection",
    )
    classes: tuple[str | int, ...] = Field(min_length=2, description="values of that column, in class order")
    dropout: float = DROPOUT
    hidden: PositiveInt | None = HIDDEN

    @field_validator("classes")
    @classmethod
    def _once_each(cls, classes: tuple[str | int, ...]) -> tuple[str | int, ...]:
        if len({str(name) for name in classes}) < len(classes):
            raise ValueError("a class is listed twice; list each class once")
        return classes

    @property
    def numbers(self) -> tuple[str, ...]:  # type: ignore[override]  # this head's numbers depend on its classes
        return class_numbers(self.classes)

    def classes_of(self, column: str) -> tuple[str | int | None, ...]:
        return (None, *self.classes)

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        _width(self, signals)
        if not isinstance(target, Labels) or target.column == "label":
            raise SpecError(
                "joint.one_head_multi learns record.label anyway; 'target' must be the other task's column, "
                f"not {target}"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_joint.heads.one_head_multi import OneHeadMultiHead

        return OneHeadMultiHead(_width(self, signals), self.numbers, hidden=self.hidden, dropout=self.dropout)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(classes=("female", "male", "unsure")), [Vector(6)], Labels("expression"))]


class PixelBinary(Head):
    """Pixel-wise and binary cross-entropy of one map (George and Marcel 2019). Accepts a Plane.

    A 1 x 1 convolution and a sigmoid produce the map. A linear layer over all pixels of the map produces the binary
    output. The loss is lambda L_pixel + (1 - lambda) L_binary.
    """

    type: Literal["joint.pixel_binary"] = "joint.pixel_binary"
    share: float = Field(0.5, ge=0, le=1, description="lambda, the weight of the pixel-wise loss")
    score: Literal["map", "binary"] = Field(
        "map", description="score: the mean of the map (as published) or the binary output"
    )

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        if len(signals) != 1 or not isinstance(signals[0], Plane):
            raise SpecError(
                "joint.pixel_binary accepts one Plane, such as the output of joint.deeppixbis; got "
                f"{', '.join(map(str, signals)) or 'nothing'}"
            )
        if not (isinstance(target, Labels) and target.column == "label"):
            raise SpecError(f"joint.pixel_binary learns record.label, not {target}")

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_joint.heads.pixel_binary import PixelBinaryHead

        self.check(signals, target)
        plane = signals[0]
        assert isinstance(plane, Plane)
        return PixelBinaryHead(plane.c, (plane.h, plane.w), share=self.share, by_map=self.score == "map")

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls(), [Plane(6, 4, 3)], Labels("label")),
            (cls(score="binary", share=0.3), [Plane(2, 5, 5)], Labels("label")),
        ]


__all__ = ["OneHeadMulti", "PixelBinary", "ThreeClass"]
