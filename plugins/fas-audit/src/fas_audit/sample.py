"""Draw a number of records of each task and label with the seed, and read them in parallel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from fas_audit.record_facts import Facts, look
from fas_audit.target import Part, Row
from fascore import Record, SpecError, generator, map_records

Kind: TypeAlias = tuple[str, int]
"""Task and label."""


def sample(part: Part, count: int, seed: int, further: Mapping[Kind, int] | None = None) -> list[Row]:
    """At most `count` rows of each task and label, in list order; with `further`, that many of the rows drawn next."""
    kinds: dict[Kind, list[int]] = {}
    for place, row in enumerate(part.rows):
        kinds.setdefault((row.record.task, row.record.label), []).append(place)
    chosen: list[int] = []
    for (task, label), places in sorted(kinds.items()):
        drawn = generator(seed, "audit", part.name, task, label).permutation(len(places))
        selected = drawn[:count] if further is None else drawn[count : count + further.get((task, label), 0)]
        chosen += [places[index] for index in selected]
    return [part.rows[place] for place in sorted(chosen)]


def read(
    rows: Sequence[Row], processes: int | None, progress: Callable[[int, int], None] | None = None
) -> Mapping[str, Facts]:
    """Facts of each record by its id; each record is read once, no matter how many parts list it.

    The other arguments are those of `fascore.map_records`.
    """
    records: dict[str, Record] = {}
    for row in rows:
        if records.setdefault(row.record.id, row.record).channels != row.record.channels:
            raise SpecError(
                f"the id '{row.record.id}' names two records; ids must be unique across all datasets that "
                "are used together"
            )
    return map_records(look, list(records.values()), processes=processes, progress=progress)
