"""fas-phantom: rendered face clips with exact truth. Importing it imports no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fas_phantom.oracle import Truth
    from fascore import Record


def truth(record: Record) -> Truth:
    """Exact landmarks, pulse and live counterpart of a record of `phantom`."""
    from fas_phantom.oracle import truth as of

    return of(record)


def mini() -> list[Record]:
    """A few records for the tests of plugins: 3 subjects, 8 frames of 64 pixels, the default species."""
    from fas_phantom.components import Phantom

    return list(Phantom(subjects=3, frames=8, size=64).records("all"))


__all__ = ["mini", "truth"]
