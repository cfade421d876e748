"""The interface of fusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from fascore.contract.component import Component
from fascore.contract.refs import Ref
from fascore.contract.signals import Signal

if TYPE_CHECKING:
    from torch import nn


class Fusion(Component):
    """Combines features. `examples()` returns `(fusion, input signals)` pairs.

    The module receives one tensor per input. If it returns one output per input, their ports are `0`, `1`, ….
    """

    kind: ClassVar[str] = "fusion"
    context: ClassVar[tuple[str, ...]] = ()
    """Additional keywords of `forward`: those of an Encoder, and `mask` (B, inputs) bool, True where an input is present."""
    honours_mask: ClassVar[bool] = False
    """True if the module reads `mask` and returns a feature that does not depend on absent inputs."""

    inputs: tuple[Ref, ...] = Field((), description="nodes or modalities that it fuses, in order")
    weights: str | None = Field(
        None, description="initial weights: a safetensors file, or a run's folder followed by '#node'"
    )

    def infer(self, signals: Sequence[Signal]) -> Signal | Mapping[str, Signal]:
        """The output Signals for these inputs. Static, without torch. Raises SpecError."""
        raise NotImplementedError

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        """Build the module, randomly initialized from torch's current seed."""
        raise NotImplementedError
