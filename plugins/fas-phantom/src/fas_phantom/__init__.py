"""fas-phantom: rendered face clips with exact truth. Importing it does not import numpy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fas_phantom.oracle import Truth
    from fascore import Record


def truth(record: Record) -> Truth:
    """Return the exact landmarks, pulse, and live counterpart of a record of `phantom`."""
    from fas_phantom.oracle import truth as of

    return of(record)


def mini() -> list[Record]:
    """Return 50 records for plugin tests: 5 people, 5 species, as many bona fide; 4 frames of 32 pixels; below 2 MB."""
    from fas_phantom.components import Phantom
    from fas_phantom.species import DEFAULT

    return list(Phantom(subjects=5, frames=4, size=32, species=(*DEFAULT, "partial.funny_eye")).records("all"))


def fingerprint(records: Iterable[Record]) -> str:
    """Return the hex SHA-256 of the records' ids, labels, and contents, in any order, independent of the machine."""
    lines = []
    for record in records:
        facts = [record.id, record.label, record.species, record.annotation and record.annotation.digest()]
        lines.append(repr([*facts, *(f"{name} {record.channels[name].digest()}" for name in sorted(record.channels))]))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


__all__ = ["fingerprint", "mini", "truth"]
