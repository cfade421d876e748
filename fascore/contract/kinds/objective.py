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
    """A loss in addition to those of the heads; absent from evaluation, export, and the deployed model's parameters.

    `examples()` returns `(objective, input signals, Target)` triples. The module's `forward(*features, target)` returns
    (B,) float32. A module with state may define `update(reduce)`, called once after each optimizer step, without gradient;
    `reduce(tensor)` sums a tensor over all processes. In a run with several processes, `forward` is also called with no
    rows, so that every process takes part when an objective gathers tensors.
    """

    kind: ClassVar[str] = "objective"
    context: ClassVar[tuple[str, ...]] = ()
    """Additional keywords of `forward`: those of an Encoder, and `mask` (B, inputs) bool, True where an input is present."""
    honours_mask: ClassVar[bool] = False
    """True if the module reads `mask`: it receives every row with at least one input, otherwise only rows with all inputs."""

    inputs: tuple[Ref, ...] = Field((), description="nodes that it reads, in order")
    weight: NonNegativeFloat = Field(1.0, description="weight of this loss in the sum")
    target: Ref = Field(Ref("record.label"), description="the column or modality that it receives as its target")
    where: Where = Field(
        default_factory=dict, description="condition on the rows that it uses, such as {'task': 'spoof'}"
    )

    def classes_of(self, column: str) -> tuple[Scalar | None, ...] | None:
        """As in a Head: values of the target's column in class order, or None."""
        return None

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        """Raise SpecError for inputs or a target that it cannot use. Static, without torch."""
        raise NotImplementedError

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        """Build the module."""
        raise NotImplementedError
