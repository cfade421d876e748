"""Rows of one subject: they are not independent, so intervals resample subjects and not rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascore.evaluation.counting import BLOCK, tally

if TYPE_CHECKING:
    from fascore.evaluation.factor import Factor


@dataclass(frozen=True)
class Clusters:
    """`codes` (N,) number the subjects from 0 to `count`; `unnamed` rows have no subject and count as one each."""

    codes: NDArray[np.int64]
    count: int
    unnamed: int

    @classmethod
    def of(cls, dataset: Factor, subject: Factor) -> Clusters | None:
        """Subjects by name within a dataset; None where none has a name."""
        if not any(subject.present()):
            return None
        codes = dataset.codes.astype(np.int64) * len(subject.names) + subject.codes
        unnamed = np.flatnonzero(subject.equals(""))
        codes[unnamed] = len(dataset.names) * len(subject.names) + np.arange(len(unnamed))
        used = np.bincount(codes) > 0
        return cls((np.cumsum(used) - 1)[codes], int(used.sum()), len(unnamed))

    def shown(self, rows: NDArray[np.bool_]) -> int:
        """How many subjects some rows show."""
        return int(np.count_nonzero(tally(self.codes[rows], self.count)))

    def among(self, groups: NDArray[np.integer[Any]], count: int, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many subjects each of `count` groups has among some rows, (count,)."""
        seen = np.zeros((count, self.count), np.bool_)
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            picked = rows[part]
            seen[groups[part][picked], self.codes[part][picked]] = True
        return np.asarray(seen.sum(axis=1))
