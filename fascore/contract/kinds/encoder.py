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
    """Turns modalities into features. `examples()` gives `(encoder, input signals)` pairs.

    The module gets the tensors of `inputs` in order and gives a tensor, a list of them (Pyramid), or a dict by port.
    """

    kind: ClassVar[str] = "encoder"
    context: ClassVar[tuple[str, ...]] = ()
    """Further keywords of `forward`: `task` (B,) int64, 0 spoof and 1 forgery; `label` (B,) int64, in training only."""

    inputs: tuple[Ref, ...] = Field((), description="modalities or nodes that it reads, in order")
    weights: str | None = Field(None, description="a safetensors file, or a run's folder with '#node', to start from")

    def infer(self, signals: Sequence[Signal]) -> Signal | Mapping[str, Signal]:
        """What it gives for these inputs. Static, no torch. Raises SpecError."""
        raise NotImplementedError

    def build(self, signals: Sequence[Signal]) -> nn.Module:
        """The module, randomly initialized from torch's current seed.

        A module may define `adopt_pretrained()`: the graph calls it once where a run begins, not where a checkpoint follows.
        """
        raise NotImplementedError
