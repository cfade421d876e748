"""Rows of the same subject are not independent, so intervals resample subjects instead of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore.evaluation.bincount import BLOCK, tally
from fascore.evaluation.categorical import Categorical

Codes: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Clusters:
    """`codes` (N,) number the subjects from 0 up to `count`.

    `unnamed` rows have no subject; each counts as a separate one.
    """

    codes: Codes
    count: int
    unnamed: int

    @classmethod
    def of(cls, dataset: Categorical, subject: Categorical) -> Clusters | None:
        """Subjects by name within a dataset; None if no subject is named."""
        if not any(subject.present()):
            return None
        codes, count = _pairs(dataset, subject)
        unnamed = np.flatnonzero(subject.equals("")) if "" in subject.names else np.empty(0, np.int64)
        if len(unnamed):
            codes = codes.astype(np.int64)
            codes[unnamed] = count + np.arange(len(unnamed))
        used = tally(codes, count + len(unnamed)) > 0
        return cls(
            codes if used.all() else (np.cumsum(used) - 1).astype(np.int32)[codes], int(used.sum()), len(unnamed)
        )


@dataclass(frozen=True)
class Shown:
    """Number of subjects shown by the presentations with a response: bona fide, all attacks, and each species."""

    bona_fide: int
    attack: int
    species: Mapping[str, int]

    @classmethod
    def of(
        cls, clusters: Clusters | None, species: Categorical, bona_fide: NDArray[np.bool_], responded: NDArray[np.bool_]
    ) -> Shown | None:
        """Count subjects in the columns of a table, each (N,); None if the table names no subject."""
        if clusters is None:
            return None
        named = species.named()
        count = len(named.names)
        seen = np.zeros((count + 1, clusters.count), np.bool_)
        for start in range(0, len(responded), BLOCK):
            rows = slice(start, start + BLOCK)
            answered = responded[rows]
            group = np.where(bona_fide[rows], count, named.codes[rows])
            seen[group[answered], clusters.codes[rows][answered]] = True
        by_species = dict(zip(named.names, seen[:count].sum(axis=1).tolist()))
        return cls(int(seen[count].sum()), int(seen[:count].any(axis=0).sum()), by_species)


def people(dataset: Categorical, subject: Categorical) -> set[tuple[str, str]]:
    """Dataset and name of each named subject."""
    if not any(subject.present()):
        return set()
    codes, count = _pairs(dataset, subject)
    pairs = [divmod(code, len(subject.names)) for code in np.flatnonzero(tally(codes, count)).tolist()]
    return {(dataset.names[d], subject.names[s]) for d, s in pairs if subject.names[s]}


def _pairs(dataset: Categorical, subject: Categorical) -> tuple[Codes, int]:
    """A code for each row's pair of dataset and subject, (N,), and the number of possible codes."""
    count = len(dataset.names) * len(subject.names)
    if len(dataset.names) == 1:
        return subject.codes, count
    wide: Codes = dataset.codes if count <= np.iinfo(np.int32).max else dataset.codes.astype(np.int64)
    return wide * len(subject.names) + subject.codes, count
