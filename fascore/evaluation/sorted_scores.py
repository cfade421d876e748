"""Scores sorted once, by class and species: what every rate and curve of a table is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascore.evaluation.bincount import tally

if TYPE_CHECKING:
    from fascore.contract.kinds.protocols import ScoreTable

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ranked:
    """Answered scores, each array increasing; `silent` counts the presentations without an answer.

    `species` has every species of the attacks, by name, in order, also one without any answer.
    """

    bona_fide: Floats
    species: Mapping[str, Floats]
    silent: Mapping[str, int]
    silent_bona_fide: int

    @classmethod
    def of(cls, table: ScoreTable) -> Ranked:
        """Sort a table. Rows are grouped by a counting sort of small codes, and text is never sorted; O(N) further memory."""
        names, key = _groups(table)
        sizes = tally(key, 2 * len(names) + 2)
        scores = table.score[np.argsort(key, kind="stable")]
        parts = np.split(scores, np.cumsum(sizes)[:-1])
        answered, silent = parts[: len(names)], sizes[len(names) :].tolist()
        for part in (*answered, parts[-2]):
            part.sort()
        present = [code for code in range(len(names)) if len(answered[code]) + silent[code]]
        species, unanswered = (
            {names[code]: answered[code] for code in present},
            {names[code]: silent[code] for code in present},
        )
        return cls(parts[-2], species, unanswered, silent[-1])

    @cached_property
    def attack(self) -> Floats:
        """Answered attacks of all species, increasing: the sorted species merged."""
        if len(self.species) == 1:
            return next(iter(self.species.values()))
        merged = np.concatenate([np.empty(0), *self.species.values()])
        merged.sort(kind="stable")  # finds the runs that are sorted and merges them
        return merged


def _groups(table: ScoreTable) -> tuple[tuple[str, ...], NDArray[np.integer[Any]]]:
    """K species, and the group of each row (N,): answered attacks by species, silent ones from K, bona fide 2 K, silent bona fide 2 K + 1."""
    factor = table.factor("species").named()
    count = len(factor.names)
    small = 2 * count + 2 <= np.iinfo(np.int16).max  # sixteen bits are sorted by counting
    key: NDArray[np.integer[Any]] = factor.codes.astype(np.int16) if small else factor.codes.copy()
    key[table.bona_fide] = 2 * count
    silent = ~table.responded
    if silent.any():
        key[silent & table.attack] += count
        key[silent & table.bona_fide] += 1
    return factor.names, key
