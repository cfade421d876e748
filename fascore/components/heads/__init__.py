"""The built-in heads. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from fascore.contract.errors import SpecError
from fascore.contract.kinds import Dense, Head, Labels, Target
from fascore.contract.kinds.head import Scalar, class_numbers
from fascore.contract.signals import Image, Level, Plane, Pyramid, Signal, Tokens, Vector

if TYPE_CHECKING:
    from torch import nn

DROPOUT = Field(0.0, ge=0, lt=1, description="dropout before the last layer")
HIDDEN = Field(None, description="width of one hidden layer with ReLU; default: a linear head")
SMOOTHING = Field(0.0, ge=0, lt=0.5, description="share of the target that goes to the other classes")


def _one_vector(head: Head, signals: Sequence[Signal]) -> int:
    """Width of the one input. Raises SpecError."""
    if len(signals) != 1:
        raise SpecError(f"{head.type} reads one input; got {len(signals)}: put a fusion before it, such as concat")
    if not isinstance(signals[0], Vector):
        raise SpecError(
            f"{head.type} accepts a Vector, not {signals[0]}; pool it first, for example with attention_pool"
        )
    return signals[0].d


class Binary(Head):
    """Bona fide or attack: one logit, binary cross-entropy; the score is its sigmoid. Accepts a Vector."""

    type: Literal["binary"] = "binary"
    dropout: float = DROPOUT
    hidden: PositiveInt | None = HIDDEN
    label_smoothing: float = SMOOTHING

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        _one_vector(self, signals)
        if not (isinstance(target, Labels) and target.column == "label"):
            raise SpecError(
                f"binary learns record.label, not {target}; use multiclass for another column, or pixelwise for a map"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fascore.components.heads.binary import BinaryHead

        return BinaryHead(
            _one_vector(self, signals), hidden=self.hidden, dropout=self.dropout, label_smoothing=self.label_smoothing
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls(), [Vector(6)], Labels("label")),
            (cls(hidden=4, label_smoothing=0.1), [Vector(5)], Labels("label")),
        ]


class Multiclass(Head):
    """One of the listed classes of a column: softmax cross-entropy; the score is the bona fide class's probability.

    Accepts a Vector. A value that is not among `classes` is an error that names the record; `where` excludes records.
    For a column without a bona fide class (a device, a subject), the head produces no score.
    """

    type: Literal["multiclass"] = "multiclass"
    classes: tuple[Scalar | None, ...] = Field(
        min_length=2,
        description="values of the target column in class order; null is the class of records without a value",
    )
    bona_fide: Scalar | None = Field(
        None, description="the bona fide class; default: null if that is a class (species), 1 for record.label"
    )
    dropout: float = DROPOUT
    hidden: PositiveInt | None = HIDDEN
    label_smoothing: float = SMOOTHING
    probabilities: bool = Field(
        False, description="write the probability of each class to score files, `<head>.p.<class>`, for class_accuracy"
    )

    @model_validator(mode="after")
    def _bona_fide_is_a_class(self) -> Self:
        names = [str(value) for value in self.classes]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"'classes' names '{min(repeated)}' twice; delete one")
        if self.bona_fide is not None and str(self.bona_fide) not in names:
            raise ValueError(f"'bona_fide' is {self.bona_fide!r}, which is not among 'classes': {', '.join(names)}")
        return self

    @property
    def bona_fide_class(self) -> int | None:
        """Index of the bona fide class; None if the column has none."""
        value = 1 if self.bona_fide is None and self.target.column == "label" else self.bona_fide
        names = [str(value) for value in self.classes]
        return names.index(str(value)) if str(value) in names else None

    @property
    def scores(self) -> bool:  # type: ignore[override]  # for this head, it depends on the column
        return self.bona_fide_class is not None

    @property
    def numbers(self) -> tuple[str, ...]:  # type: ignore[override]  # for this head, they depend on its classes
        return class_numbers(self.classes) if self.probabilities else ()

    def classes_of(self, column: str) -> tuple[Scalar | None, ...]:
        return self.classes

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        _one_vector(self, signals)
        if not isinstance(target, Labels):
            raise SpecError(f"multiclass learns a column such as record.species, not {target}")

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fascore.components.heads.multiclass import MulticlassHead

        return MulticlassHead(
            _one_vector(self, signals),
            self.classes,
            bona_fide=self.bona_fide_class,
            hidden=self.hidden,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        species = {"target": "record.species", "classes": (None, "print", "replay")}
        binary = (cls(classes=(0, 1), probabilities=True), [Vector(6)], Labels("label"))
        return [binary, (cls.model_validate(species), [Vector(5)], Labels("species"))]


class Pixelwise(Head):
    """A map of values in [0, 1], 1 for bona fide; the score is their mean (George and Marcel 2019).

    Accepts a Pyramid (one level of it), a Plane, or Tokens with a grid. Learns record.label at every position, or a
    Plane such as a pseudo depth map, resampled to the feature map. `contrast_depth` is the squared error of the values
    and of their differences to the eight neighbors (Wang et al. 2020, CDL). All losses apply a sigmoid to the map.
    """

    type: Literal["pixelwise"] = "pixelwise"
    level: int = Field(-1, description="level of a Pyramid; negative values count from the end")
    criterion: Literal["bce", "mse", "contrast_depth"] = Field(
        "bce", description="binary cross-entropy, squared error, or contrastive depth loss"
    )
    contrast: float = Field(1.0, gt=0, description="weight of the neighbor differences in contrast_depth")

    def level_of(self, signals: Sequence[Signal]) -> Level:
        """The feature map that the head reads. Raises SpecError."""
        if len(signals) != 1:
            raise SpecError(f"pixelwise reads one input; got {len(signals)}")
        signal = signals[0]
        if isinstance(signal, Pyramid):
            if not -len(signal.levels) <= self.level < len(signal.levels):
                raise SpecError(f"pixelwise: 'level' is {self.level}, but the input has {len(signal.levels)}: {signal}")
            return signal.levels[self.level]
        if isinstance(signal, Plane):
            return Level(signal.c, (signal.h, signal.w), 1)
        if isinstance(signal, Tokens) and signal.grid is not None:
            return Level(signal.d, signal.grid, 1)
        raise SpecError(
            f'pixelwise accepts a Pyramid, a Plane, or Tokens with a grid, not {signal}; set "output": "pyramid" in its encoder'
        )

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        size = self.level_of(signals).size
        if isinstance(target, Dense):
            if not isinstance(target.signal, Plane | Image) or target.signal.c != 1:
                raise SpecError(f"pixelwise learns record.label or a map of one channel, not {target}")
        elif not (isinstance(target, Labels) and target.column == "label"):
            raise SpecError(f"pixelwise learns record.label or a map, not {target}")
        if self.criterion == "contrast_depth" and min(size) < 3:
            raise SpecError(
                f"pixelwise: contrast_depth compares neighbors and needs a map of at least 3 x 3; the input has {size[0]} x {size[1]}"
            )

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fascore.components.heads.pixelwise import PixelwiseHead

        level, signal = self.level_of(signals), signals[0]
        return PixelwiseHead(
            level.channels,
            level.size,
            level=self.level if isinstance(signal, Pyramid) else None,
            prefix=signal.prefix if isinstance(signal, Tokens) else None,
            criterion=self.criterion,
            contrast=self.contrast,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        pyramid = Pyramid((Level(4, (8, 6), 4), Level(6, (4, 3), 8)))
        return [
            (cls(), [pyramid], Labels("label")),
            (cls(criterion="mse"), [Tokens(7, 5, 1, (2, 3))], Labels("label")),
            (cls(criterion="contrast_depth"), [Plane(2, 6, 5)], Dense(Plane(1, 12, 10))),
        ]


__all__ = ["Binary", "Multiclass", "Pixelwise"]
