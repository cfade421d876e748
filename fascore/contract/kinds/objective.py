"""The interface of objectives: extra losses, in training only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, NonNegativeFloat

from fascore.contract.component import Component
from fascore.contract.refs import Ref
from fascore.contract.signals import Signal

if TYPE_CHECKING:
    from torch import nn

    from fascore.contract.kinds.head import Scalar, Target, Where
else:
    from fascore.contract.kinds.head import Where


class Objective(Component):
    """A loss beside the heads; absent from evaluation, export and the deployed model's parameters.

    `examples()` gives `(objective, input signals, Target)` triples. The module's `forward(*features, target)` gives (B,)
    float32. A module with state may define `update(reduce)`, called once after each optimizer step, without gradient;
    `reduce(tensor)` sums a tensor over all processes. In a run of several processes it is called with no rows too, so that
    one that gathers over processes finds them all.
    """

    kind: ClassVar[str] = "objective"
    context: ClassVar[tuple[str, ...]] = ()
    """Further keywords of `forward`: those of an Encoder, and `mask` (B, inputs) bool, True where an input is present."""
    honours_mask: ClassVar[bool] = False
    """True where the module reads `mask`: it gets every row that has some input. Else only rows that have all of them."""

    inputs: tuple[Ref, ...] = Field((), description="nodes that it reads, in order")
    weight: NonNegativeFloat = Field(1.0, description="of this loss in the sum")
    target: Ref = Field(Ref("record.label"), description="the column or modality that it is given")
    where: Where = Field(default_factory=dict, description="rows that it sees, such as {'task': 'spoof'}")

    def classes_of(self, column: str) -> tuple[Scalar | None, ...] | None:
        """As a Head's: values of the target's column in class order, or None."""
        return None

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        """Refuse inputs or a target that it cannot use: raise SpecError. Static, no torch."""
        raise NotImplementedError

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        """The module."""
        raise NotImplementedError
