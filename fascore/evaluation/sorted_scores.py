"""Scores by class and species, sorted once: the source of every rate and curve of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore.evaluation.bincount import tally
from fascore.evaluation.categorical import Categorical

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class SortedScores:
    """Scores of presentations with a response, each array increasing.

    `silent` counts the presentations without a response.

    `species` maps every attack species, in the order of the names, including species without any response.
    """

    bona_fide: Floats
    species: Mapping[str, Floats]
    silent: Mapping[str, int]
    silent_bona_fide: int

    @classmethod
    def of(cls, score: Floats, species: Categorical, attack: Mask, responded: Mask) -> SortedScores:
        """Sort the columns of a table, each (N,).

        Rows are grouped by a counting sort of small codes; text is never sorted. Needs O(N) additional memory.
        """
        names, key = _groups(species.named(), attack, responded)
        sizes = tally(key, 2 * len(names) + 2)
        scores = score[np.argsort(key, kind="stable")]
        parts = np.split(scores, np.cumsum(sizes)[:-1])
        answered, silent = parts[: len(names)], sizes[len(names) :].tolist()
        for part in (*answered, parts[-2]):
            part.sort()
        present = [code for code in range(len(names)) if len(answered[code]) + silent[code]]
        by_species = {names[code]: answered[code] for code in present}
        return cls(parts[-2], by_species, {names[code]: silent[code] for code in present}, silent[-1])

    @cached_property
    def attack(self) -> Floats:
        """Scores of all attacks with a response, increasing: the sorted species, merged."""
        if len(self.species) == 1:
            return next(iter(self.species.values()))
        merged = np.concatenate([np.empty(0), *self.species.values()])
        merged.sort(kind="stable")  # detects the sorted runs and merges them
        return merged


def _groups(species: Categorical, attack: Mask, responded: Mask) -> tuple[tuple[str, ...], NDArray[np.integer[Any]]]:
    """K species, and the group of each row (N,): attacks by species, silent attacks from K, bona fide 2 K, silent bona
    fide 2 K + 1.
    """
    count = len(species.names)
    small = 2 * count + 2 <= np.iinfo(np.int16).max  # numpy sorts 16-bit integers by counting
    key: NDArray[np.integer[Any]] = species.codes.astype(np.int16) if small else species.codes.copy()
    key[~attack] = 2 * count
    silent = ~responded
    if silent.any():
        key[silent & attack] += count
        key[silent & ~attack] += 1
    return species.names, key
