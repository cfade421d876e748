"""The interface of encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from fascore.contract.component import Component
from fascore.contract.refs import Ref
from fascore.contract.signals import Signal

if TYPE_CHECKING:
    from torch import nn


class Encoder(Component):
    """Turns modalities into features. `examples()` returns `(encoder, input signals)` pairs.

    The module receives the tensors of `inputs` in order. It returns a tensor, a list of tensors (Pyramid), or a dict by port.
    """

    kind: ClassVar[str] = "encoder"
    context: ClassVar[tuple[str, ...]] = ()
    """Additional keywords of `forward`: `task` (B,) int64, 0 spoof and 1 forgery; `label` (B,) int64, in training only."""

    inputs: tuple[Ref, ...] = Field((), description="modalities or nodes that it reads, in order")
    weights: str | None = Field(
        None, description="initial weights: a safetensors file, or a run's folder followed by '#node'"
    )

    def infer(self, signals: Sequence[Signal]) -> Signal | Mapping[str, Signal]:
        """The output Signals for these inputs. Static, without torch. Raises SpecError."""
        raise NotImplementedError

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        """Build the module, randomly initialized from torch's current seed.

        A module may define `adopt_pretrained()`. The graph calls it once when a run begins, but not before it loads a
        checkpoint.
        """
        raise NotImplementedError
