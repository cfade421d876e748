"""Records grouped by species, as tables and sheets show them."""

from __future__ import annotations

from collections.abc import Sequence

from fascore import BONA_FIDE, Record


def name_of(record: Record) -> str:
    """The species, or "bona fide"."""
    return "bona fide" if record.label == BONA_FIDE else record.species or "unknown"


def by_species(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records of each species, sorted by id: bona fide first, then species by name."""
    groups: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: (record.label != BONA_FIDE, name_of(record), record.id)):
        groups.setdefault(name_of(record), []).append(record)
    return groups
