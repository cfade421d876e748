"""Samplers of live and spoof pairs. Importing this module imports no numpy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, PositiveInt, model_validator

from fascore import BONA_FIDE, Record, Sampler, SpecError


class Paired(Sampler):
    """Half of every batch bona fide, half attacks, all batches full: the k-th of one half is the partner of the k-th of the other.

    In an epoch the larger class comes once (`longer`) or the smaller (`shorter`); what is missing in the last batch comes from the
    next round. Each half stands together, so that `batch[r::n]` has its share of both where half a batch divides by n.
    """

    type: Literal["physttd.paired"] = "physttd.paired"
    batch_size: PositiveInt = Field(8, description="records a step, over all processes; even")
    epoch: Literal["shorter", "longer"] = Field("longer", description="which class sets the length of the epoch")
    species: Literal["as_is", "equal"] = Field(
        "as_is", description="attacks as they come, or species in turn, each equally often"
    )

    @model_validator(mode="after")
    def _has_halves(self) -> Paired:
        if self.batch_size % 2:
            raise ValueError(f"'batch_size' is {self.batch_size}, and half of it is bona fide: write an even number")
        return self

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        from fas_physttd.samplers.paired import paired

        bona_fide = [record.id for record in records if record.label == BONA_FIDE]
        attacks: dict[str, list[str]] = defaultdict(list)
        for record in records:
            if record.label != BONA_FIDE:
                attacks[record.species or "" if self.species == "equal" else ""].append(record.id)
        if not bona_fide or not attacks:
            lacking = "attack" if bona_fide else "bona fide record"
            raise SpecError(
                f"{self.type}: none of {len(records)} training records is a{'n' if bona_fide else ''} {lacking}; add data that has both"
            )
        groups = [attacks[name] for name in sorted(attacks)]
        return paired(bona_fide, groups, self.batch_size // 2, epoch, seed, longer=self.epoch == "longer")

    @classmethod
    def examples(cls) -> list[Any]:
        return [cls(batch_size=4), cls(batch_size=6, epoch="shorter", species="equal")]


__all__ = ["Paired"]
