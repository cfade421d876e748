"""A network and a head that tell the medium of an attack from traces or pictures, and its accuracy. Importing this module imports no torch."""

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
"""Side of the smallest picture that the strides and poolings of AlexNet bear."""


def _disjoint(media: dict[str, Species]) -> dict[str, Species]:
    species = [one for group in media.values() for one in group]
    if len(media) < 2 or not all(media.values()):
        raise ValueError("name two classes or more, each with the species that belong to it")
    if twice := next((one for one in species if species.count(one) > 1), False):
        raise ValueError(
            f"the species '{twice}' belongs to two classes; name it once"
            if twice
            else "bona fide (null) belongs to two classes"
        )
    return media


Media = Annotated[dict[str, Species], AfterValidator(_disjoint)]
CLASSES: Any = Field(
    MEDIA, description="species of each class, null for bona fide; default: the six classes of Table 7"
)


class AlexNet(Encoder):
    """AlexNet on square pictures of one size, one channel after the other -> Vector(4096), as PhySTD tells media apart (Section 4.4).

    Traces B, C and T (`gen.b`, `gen.c`, `gen.t`), the traces of another generator, or an image. Five convolutions and two layers
    of 4096 (Krizhevsky 2014, one column). Each channel is standardised by its batch statistics first: traces are faint.
    """

    type: Literal["physttd.alexnet"] = "physttd.alexnet"
    width: PositiveFloat = Field(1.0, description="factor of all channels; 1: the published ones")
    standardise: bool = Field(True, description="bring every input channel to mean 0 and deviation 1, over batches")
    dropout: float = Field(0.5, ge=0, lt=1, description="dropout before both layers of 4096")

    def channels(self, signals: Sequence[Signal]) -> int:
        """Channels of all inputs together. Raises SpecError."""
        dense = [signal for signal in signals if isinstance(signal, Plane | Image)]
        if not dense or len(dense) < len(signals):
            raise SpecError(
                f"{self.type} reads traces or images, Planes or Images; got {', '.join(map(str, signals)) or 'nothing'}"
            )
        if len({(signal.h, signal.w) for signal in dense}) > 1 or min(dense[0].h, dense[0].w) < SMALLEST:
            got = ", ".join(map(str, dense))
            raise SpecError(f"{self.type} reads pictures of one size, {SMALLEST} pixels a side at least; got {got}")
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
    """Which medium: classes that each gather some species, by softmax cross-entropy on a Vector (Tables 6 and 7).

    The score is the probability of the class of bona fide. Numbers `p.<class>` are what `physttd.trace_medium` of the metrics reads.
    """

    type: Literal["physttd.trace_medium"] = "physttd.trace_medium"
    classes: Media = CLASSES

    @property
    def live(self) -> int | None:
        """Place of the class of bona fide."""
        return next((place for place, species in enumerate(self.classes.values()) if None in species), None)

    @property
    def scores(self) -> bool:  # type: ignore[override]  # of this head it depends on its classes
        return self.live is not None

    @property
    def numbers(self) -> tuple[str, ...]:  # type: ignore[override]  # of this head they depend on its classes
        return class_numbers(tuple(self.classes))

    def classes_of(self, column: str) -> Species:
        return tuple(species for group in self.classes.values() for species in group)

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        if len(signals) != 1 or not isinstance(signals[0], Vector):
            raise SpecError(
                f"{self.type} reads one Vector, such as that of physttd.alexnet; got {', '.join(map(str, signals)) or 'nothing'}"
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
    """Share of records whose most probable medium is theirs, over all classes, with the confusion matrix (Tables 6 and 7).

    `merge` counts classes as one after the decision, as the paper's 3-class accuracy of its 5 classes. Records of no class are left out.
    """

    type: Literal["physttd.trace_medium"] = "physttd.trace_medium"
    title: ClassVar[str] = "Medium accuracy"
    measures: ClassVar[Measures] = "other_task"
    head: str = Field("medium", description="the head physttd.trace_medium")
    target: str = Field("species", description="column of the species")
    classes: Media = CLASSES
    merge: dict[str, tuple[str, ...]] = Field(
        {}, description="classes that count as one, by the name of the whole; others stay"
    )

    def lacks(self, columns: Sequence[str]) -> str | None:
        lacking = [name for name in class_numbers(tuple(self.classes)) if f"{self.head}.{name}" not in columns]
        return (
            f"head '{self.head}' gives no '{lacking[0]}'; name a head physttd.trace_medium with the same classes in 'head'"
            if lacking
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
