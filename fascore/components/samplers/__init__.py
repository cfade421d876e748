"""The built-in samplers. Importing this module does not import torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from fascore.contract.errors import SpecError
from fascore.contract.kinds import Sampler
from fascore.contract.record import Record


class Shuffle(Sampler):
    """Every record once per epoch, in a new order each time.

    `batch_size` determines the number of batches. They are of equal size, to within one record (33 records at 32: 17
    and 16), so that no tiny last batch spoils batch statistics.
    """

    type: Literal["shuffle"] = "shuffle"
    drop_last: bool = Field(
        False,
        description="true: every batch has exactly batch_size records; the remaining records are left out of the epoch",
    )

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        from fascore.components.samplers.shuffle import shuffled

        _need(self, len(records), self.batch_size if self.drop_last else 1)
        return shuffled([record.id for record in records], self.batch_size, epoch, seed, drop_last=self.drop_last)


class Balanced(Sampler):
    """Every group of records (by label, task, species, or subject) has an equal share of every batch.

    An epoch draws as many records as there are in total. A small group is repeated, newly shuffled; a large one is
    drawn in part. Within a batch the records of a group are contiguous, so that `batch[r::n]` has its share of every
    group.
    """

    type: Literal["balanced"] = "balanced"
    by: Literal["label", "task", "species", "subject"] = Field(
        "label", description="column that defines the groups; bona fide counts as one species"
    )

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        from fascore.components.samplers.balanced import balanced

        _need(self, len(records), 1)
        groups: dict[str, list[str]] = defaultdict(list)
        for record in records:
            value = record.column(self.by)
            if value is None and self.by != "species":
                raise SpecError(
                    f"balanced by {self.by}: record '{record.id}' has no {self.by}; balance by another column"
                )
            groups["" if value is None else f"={value}"].append(record.id)
        if len(groups) < 2:
            raise SpecError(
                f"balanced by {self.by}: all {len(records)} records are in one group; use shuffle, or balance by another column"
            )
        return balanced([groups[name] for name in sorted(groups)], self.batch_size, epoch, seed)

    @classmethod
    def examples(cls) -> list[Any]:
        return [cls(), cls(by="species", batch_size=6)]


def _need(sampler: Sampler, count: int, minimum: int) -> None:
    if count < minimum:
        raise SpecError(
            f"{sampler.type}: there are {count} training records, but a batch needs {minimum}; lower 'batch_size' or add records"
        )


__all__ = ["Balanced", "Shuffle"]
