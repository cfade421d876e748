"""Choose the records that a section shows: some of each species, always the same ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fascore import Record, generator

BONA_FIDE_NAME = "bona fide"


def group_of(record: Record, column: str) -> str:
    """The name of a record's group: the value of its column; "bona fide" for bona fide records by species or label."""
    if column == "label":
        return BONA_FIDE_NAME if record.label else "attack"
    value = record.column(column)
    return (
        str(value) if value not in (None, "") else BONA_FIDE_NAME if column == "species" and record.label else "unknown"
    )


def by_group(records: Sequence[Record], column: str, seed: int, each: int) -> dict[str, list[Record]]:
    """At most `each` records of each group, drawn with the run's seed; bona fide comes first, then by name."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[group_of(record, column)].append(record)
    names = sorted(groups, key=lambda name: (name != BONA_FIDE_NAME, name))
    return {
        name: [groups[name][i] for i in sorted(generator(seed, "section", name).permutation(len(groups[name]))[:each])]
        for name in names
    }


def evenly(records: Sequence[Record], column: str, seed: int, most: int) -> list[Record]:
    """At most `most` records, spread as evenly over the groups as their sizes allow."""
    sizes = sorted(len(group) for group in by_group(records, column, seed, len(records)).values())
    each, remaining = 0, most
    for index, size in enumerate(sizes):
        each = min(size, remaining // (len(sizes) - index))
        remaining -= each
    chosen = by_group(records, column, seed, max(each, 1))
    return [record for group in chosen.values() for record in group][:most]


def listed(records: Sequence[Record], column: str, seed: int, each: int, groups: int) -> list[tuple[str, Record]]:
    """(group, record) of at most `each` records of the first `groups` groups, as `by_group` draws them."""
    chosen = by_group(records, column, seed, each)
    return [(name, record) for name in list(chosen)[:groups] for record in chosen[name]]
