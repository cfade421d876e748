"""The interface of samplers."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, PositiveInt

from fascore.contract.component import Component
from fascore.contract.record import Record


class Sampler(Component):
    """Plans the batches of an epoch. `examples()` gives samplers; the suite draws records for them.

    Batches are global: process r of n takes `batch[r::n]`, so a sampler with groups interleaves them.
    """

    kind: ClassVar[str] = "sampler"

    batch_size: PositiveInt = Field(32, description="records a step, over all processes")

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        """Ids of each batch, a function of the arguments only. Raises SpecError where the records do not suffice."""
        raise NotImplementedError
