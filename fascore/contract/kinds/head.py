"""The interface of heads: output, loss and score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from pydantic import Field, NonNegativeFloat

from fascore.contract.component import Component
from fascore.contract.refs import Ref
from fascore.contract.signals import Signal

if TYPE_CHECKING:
    from torch import Tensor, nn

Scalar: TypeAlias = str | int | float | bool
Where: TypeAlias = dict[str, Scalar | tuple[Scalar, ...]]


def class_numbers(classes: Sequence[Scalar | None]) -> tuple[str, ...]:
    """The names in a head's `numbers` for the probability of each class, as the metric `class_accuracy` reads them; None: no value."""
    return tuple(f"p.{'' if value is None else value}" for value in classes)


class Target(ABC):
    """Static type of a head's target: `Labels` of a column, or the Signal of a modality."""

    @abstractmethod
    def __str__(self) -> str: ...


class Labels(Target):
    """Class indices (B,) int64 made from `record.<column>` by `classes_of`; `label` itself is 1 bona fide, 0 attack."""

    def __init__(self, column: str) -> None:
        self.column = column

    def __str__(self) -> str:
        return f"record.{self.column}"


class Dense(Target):
    """The tensor of a modality or port."""

    def __init__(self, signal: Signal) -> None:
        self.signal = signal

    def __str__(self) -> str:
        return str(self.signal)


class Head(Component):
    """A sink of the model graph. `examples()` returns `(head, input signals, Target)` triples.

    The module has `forward(*features) -> output`, `loss(output, target) -> (B,)`, and, if `scores` is true,
    `score(output) -> (B,)`: the probability of bona fide, higher = more bona fide. If `numbers` names further values per
    record, `numbers(output)` returns them by name, (B,) each. They become the columns `<head>.<name>` of score files, which
    metrics may read.
    """

    kind: ClassVar[str] = "head"
    scores: ClassVar[bool] = True
    numbers: ClassVar[tuple[str, ...]] = ()
    """Names of the values that the module's `numbers` returns."""
    context: ClassVar[tuple[str, ...]] = ()

    inputs: tuple[Ref, ...] = Field((), description="nodes that it reads, in order")
    weight: NonNegativeFloat = Field(1.0, description="weight of its loss in the sum")
    target: Ref = Field(Ref("record.label"), description="what it learns: a column of the record, or a modality")
    where: Where = Field(
        default_factory=dict, description="condition on the rows that its loss uses, such as {'task': 'spoof'}"
    )
    weights: str | None = Field(
        None, description="initial weights: a safetensors file, or a run's folder followed by '#head.name'"
    )

    def classes_of(self, column: str) -> tuple[Scalar | None, ...] | None:
        """Values of the target's column in class order; None in the tuple is the class of records without a value.

        Returns None if the column is `label` or if only equality matters: the target is then a code of the value.
        """
        return None

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        """Raise SpecError for inputs or a target that it cannot use. Static, without torch."""
        raise NotImplementedError

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        """Build the module with `forward`, `loss`, and `score`."""
        raise NotImplementedError


class HeadModule(ABC):
    """The methods of a head's module, for typing; derive from `nn.Module` and this class."""

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """(B,) float32."""

    @abstractmethod
    def score(self, output: Tensor) -> Tensor:
        """(B,) float32 in [0, 1], higher = more bona fide."""
