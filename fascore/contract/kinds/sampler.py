"""The interface of samplers."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, PositiveInt

from fascore.contract.component import Component
from fascore.contract.record import Record


class Sampler(Component):
    """Plans the batches of an epoch. `examples()` returns samplers; the suite generates records for them.

    Batches are global: process r of n takes `batch[r::n]`, so a sampler with groups interleaves the groups.
    """

    kind: ClassVar[str] = "sampler"

    batch_size: PositiveInt = Field(32, description="records per step, over all processes")

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        """The ids of each batch, as a function of the arguments only. Raises SpecError if there are too few records."""
        raise NotImplementedError
