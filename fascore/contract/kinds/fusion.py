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
    """Combines features. `examples()` gives `(fusion, input signals)` pairs.

    The module gets one tensor for each input. One output for each input is named by ports `0`, `1`, ….
    """

    kind: ClassVar[str] = "fusion"
    context: ClassVar[tuple[str, ...]] = ()
    """Further keywords of `forward`: those of an Encoder, and `mask` (B, inputs) bool, True where an input is present."""
    honours_mask: ClassVar[bool] = False
    """True where the module reads `mask` and gives a feature that does not depend on absent inputs."""

    inputs: tuple[Ref, ...] = Field((), description="nodes or modalities that it fuses, in order")
    weights: str | None = Field(None, description="a safetensors file, or a run's folder with '#node', to start from")

    def infer(self, signals: Sequence[Signal]) -> Signal | Mapping[str, Signal]:
        """What it gives for these inputs. Static, no torch. Raises SpecError."""
        raise NotImplementedError

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        """The module, randomly initialized from torch's current seed."""
        raise NotImplementedError
