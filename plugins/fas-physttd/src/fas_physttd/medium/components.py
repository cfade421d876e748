"""A network, a head, and a metric for attack media, from traces or pictures. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, PositiveFloat

from fascore import (
    PERCENT,
    Encoder,
    Head,
    Image,
    Labels,
    Measures,
    Metric,
    Plane,
    Signal,
    SpecError,
    Target,
    Vector,
    class_numbers,
)

if TYPE_CHECKING:
    from torch import nn

    from fas_physttd.medium.confusion import MediumAccuracyModule

Species = tuple[str | None, ...]
MEDIA: dict[str, Species] = {
    "live": (None,),
    "print": ("print.flat", "print.warped", "print.cut"),
    "replay": ("replay.screen", "replay.phone"),
    "mask": ("mask.rigid", "mask.half", "mask.silicone", "mask.transparent", "mask.paper", "mannequin"),
    "makeup": ("makeup.obfuscation", "makeup.impersonation", "makeup.cosmetic"),
    "partial": ("partial.funny_eye", "partial.paper_glasses", "partial.eye_paper", "partial.mouth_paper", "glasses"),
}
"""The six classes of Table 7."""
SMALLEST = 63
"""Side of the smallest picture that the strides and poolings of AlexNet allow."""


def _disjoint(media: dict[str, Species]) -> dict[str, Species]:
    species = [name for group in media.values() for name in group]
    if len(media) < 2 or not all(media.values()):
        raise ValueError("name at least two classes, each with the species that belong to it")
    if twice := next((name for name in species if species.count(name) > 1), False):
        raise ValueError(
            f"the species '{twice}' belongs to two classes; name it once"
            if twice
            else "bona fide (null) belongs to two classes"
        )
    return media


Media = Annotated[dict[str, Species], AfterValidator(_disjoint)]
CLASSES: Any = Field(
    MEDIA, description="species of each class; null means bona fide; default: the six classes of Table 7"
)


class AlexNet(Encoder):
    """AlexNet: square pictures of one size, with concatenated channels -> Vector(4096); recognizes media as PhySTD does (Section 4.4).

    The inputs are the traces B, C, and T (`gen.b`, `gen.c`, `gen.t`), the traces of another generator, or an image.
    Five convolutions and two layers of 4096 (Krizhevsky 2014, one column). Batch statistics first standardize each
    channel, because traces are faint.
    """

    type: Literal["physttd.alexnet"] = "physttd.alexnet"
    width: PositiveFloat = Field(1.0, description="factor for all channel counts; 1: as published")
    standardise: bool = Field(
        True, description="scale every input channel to mean 0 and standard deviation 1, over batches"
    )
    dropout: float = Field(0.5, ge=0, lt=1, description="dropout rate before each of the two layers of 4096")

    def channels(self, signals: Sequence[Signal]) -> int:
        """Total number of channels of all inputs. Raises SpecError."""
        dense = [signal for signal in signals if isinstance(signal, Plane | Image)]
        if not dense or len(dense) < len(signals):
            raise SpecError(
                f"{self.type} reads traces or images (Plane or Image); got {', '.join(map(str, signals)) or 'nothing'}"
            )
        if len({(signal.h, signal.w) for signal in dense}) > 1 or min(dense[0].h, dense[0].w) < SMALLEST:
            got = ", ".join(map(str, dense))
            raise SpecError(f"{self.type} reads pictures of one size, at least {SMALLEST} pixels per side; got {got}")
        return sum(signal.c for signal in dense)

    def infer(self, signals: Sequence[Signal]) -> Vector:
        from fas_physttd.widths import widened

        self.channels(signals)
        return Vector(widened(4096, self.width))

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        from fas_physttd.medium.alexnet import AlexNetModule

        return AlexNetModule(self.channels(signals), self.width, standardise=self.standardise, dropout=self.dropout)

    @classmethod
    def examples(cls) -> list[Any]:
        small = {"width": 0.05, "dropout": 0}
        return [(cls(**small), [Plane(3, 64, 64)] * 3), (cls(**small, standardise=False), [Image(3, 64, 64)])]


class TraceMedium(Head):
    """Classifier of the medium: each class contains some species; softmax cross-entropy on a Vector (Tables 6 and 7).

    The score is the probability of the bona fide class. The metric `physttd.trace_medium` reads the numbers
    `p.<class>`.
    """

    type: Literal["physttd.trace_medium"] = "physttd.trace_medium"
    classes: Media = CLASSES

    @property
    def live(self) -> int | None:
        """Index of the bona fide class."""
        return next((place for place, species in enumerate(self.classes.values()) if None in species), None)

    @property
    def scores(self) -> bool:  # type: ignore[override]  # depends on the classes
        return self.live is not None

    @property
    def numbers(self) -> tuple[str, ...]:  # type: ignore[override]  # depend on the classes
        return class_numbers(tuple(self.classes))

    def classes_of(self, column: str) -> Species:
        return tuple(species for group in self.classes.values() for species in group)

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        if len(signals) != 1 or not isinstance(signals[0], Vector):
            raise SpecError(
                f"{self.type} reads one Vector, such as the output of physttd.alexnet; got {', '.join(map(str, signals)) or 'nothing'}"
            )
        if not isinstance(target, Labels) or target.column == "label":
            raise SpecError(f'{self.type} learns a column of species, not {target}: set "target": "record.species"')

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_physttd.medium.heads import TraceMediumHead

        assert isinstance(signals[0], Vector)
        return TraceMediumHead(
            signals[0].d, [len(species) for species in self.classes.values()], self.numbers, self.live
        )

    @classmethod
    def examples(cls) -> list[Any]:
        two: Any = {"live": (None,), "attack": ("print", "replay")}
        return [(cls.model_validate({"target": "record.species", "classes": two}), [Vector(5)], Labels("species"))]


class MediumAccuracy(Metric):
    """Share of records whose most probable medium is correct, over all classes, with the confusion matrix (Tables 6 and 7).

    `merge` combines classes after the decision, as in the paper's 3-class accuracy of 5 classes. Records of no class
    are ignored.
    """

    type: Literal["physttd.trace_medium"] = "physttd.trace_medium"
    title: ClassVar[str] = "Medium accuracy"
    measures: ClassVar[Measures] = "other_task"
    head: str = Field("medium", description="name of the head of type physttd.trace_medium")
    target: str = Field("species", description="column that contains the species")
    classes: Media = CLASSES
    merge: dict[str, tuple[str, ...]] = Field(
        {}, description="classes to combine, by the name of the combined class; other classes stay as they are"
    )

    def lacks(self, columns: Sequence[str]) -> str | None:
        missing = [name for name in class_numbers(tuple(self.classes)) if f"{self.head}.{name}" not in columns]
        return (
            f"head '{self.head}' produces no '{missing[0]}'; name a head physttd.trace_medium with the same classes in 'head'"
            if missing
            else None
        )

    def build(self) -> MediumAccuracyModule:
        from fas_physttd.medium.confusion import MediumAccuracyModule

        return MediumAccuracyModule(head=self.head, target=self.target, classes=self.classes, merge=self.merge)

    def detail(self, parts: Mapping[str, Any]) -> str:
        return f"balanced {PERCENT.text(parts['balanced'])}; n = {parts['n']}"

    @classmethod
    def examples(cls) -> list[Any]:
        probabilities = {f"medium.p.{name}": 0.5 if name == "print" else 0.1 for name in MEDIA}
        return [
            (cls(), {**probabilities, "species": "print.flat"}),
            (cls(merge={"flat": ("print", "replay")}), {**probabilities, "species": ""}),
        ]


__all__ = ["AlexNet", "MediumAccuracy", "TraceMedium"]
