"""Samplers of pairs of live and spoof records. Importing this module does not import numpy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, PositiveInt, model_validator

from fascore import BONA_FIDE, Record, Sampler, SpecError


class Paired(Sampler):
    """Full batches, half bona fide and half attacks; the k-th record of one half is paired with the k-th of the other.

    In an epoch, each record of the larger (`longer`) or the smaller (`shorter`) class occurs once; the next round fills
    up the last batch. Each half is contiguous, so that `batch[r::n]` has its share of both halves if half a batch is
    divisible by n.
    """

    type: Literal["physttd.paired"] = "physttd.paired"
    batch_size: PositiveInt = Field(8, description="records per step, over all processes; must be even")
    epoch: Literal["shorter", "longer"] = Field("longer", description="which class sets the length of the epoch")
    species: Literal["as_is", "equal"] = Field(
        "as_is", description="attacks in their natural proportions, or species in turn, each equally often"
    )

    @model_validator(mode="after")
    def _has_halves(self) -> Paired:
        if self.batch_size % 2:
            raise ValueError(
                f"'batch_size' is {self.batch_size}, but half of it must be bona fide; write an even number"
            )
        return self

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        from fas_physttd.samplers.paired import paired

        bona_fide = [record.id for record in records if record.label == BONA_FIDE]
        attacks: dict[str, list[str]] = defaultdict(list)
        for record in records:
            if record.label != BONA_FIDE:
                attacks[record.species or "" if self.species == "equal" else ""].append(record.id)
        if not bona_fide or not attacks:
            missing = "attack" if bona_fide else "bona fide record"
            raise SpecError(
                f"{self.type}: none of the {len(records)} training records is a{'n' if bona_fide else ''} {missing}; add data that has both"
            )
        groups = [attacks[name] for name in sorted(attacks)]
        return paired(bona_fide, groups, self.batch_size // 2, epoch, seed, longer=self.epoch == "longer")

    @classmethod
    def examples(cls) -> list[Any]:
        return [cls(batch_size=4), cls(batch_size=6, epoch="shorter", species="equal")]


__all__ = ["Paired"]
