"""Rows of one subject: they are not independent, so intervals resample subjects and not rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fascore.evaluation.bincount import BLOCK, tally

if TYPE_CHECKING:
    from fascore.contract.kinds.protocols import ScoreTable
    from fascore.evaluation.categorical import Factor

Codes = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Clusters:
    """`codes` (N,) number the subjects from 0 to `count`; `unnamed` rows have no subject and count as one each."""

    codes: Codes
    count: int
    unnamed: int

    @classmethod
    def of(cls, dataset: Factor, subject: Factor) -> Clusters | None:
        """Subjects by name within a dataset; None where none has a name."""
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
    """How many subjects the answered presentations show: of bona fide, of all attacks, and of each species."""

    bona_fide: int
    attack: int
    species: Mapping[str, int]

    @classmethod
    def of(cls, table: ScoreTable) -> Shown | None:
        """None where the table names no subject."""
        clusters, factor = table.clusters, table.factor("species").named()
        if clusters is None:
            return None
        count = len(factor.names)
        seen = np.zeros((count + 1, clusters.count), np.bool_)
        for start in range(0, len(table), BLOCK):
            rows = slice(start, start + BLOCK)
            answered = table.responded[rows]
            group = np.where(table.label[rows] == 1, count, factor.codes[rows])
            seen[group[answered], clusters.codes[rows][answered]] = True
        species = dict(zip(factor.names, seen[:count].sum(axis=1).tolist()))
        return cls(int(seen[count].sum()), int(seen[:count].any(axis=0).sum()), species)


def people(dataset: Factor, subject: Factor) -> set[tuple[str, str]]:
    """Dataset and name of each subject that has one."""
    if not any(subject.present()):
        return set()
    codes, count = _pairs(dataset, subject)
    found = [divmod(code, len(subject.names)) for code in np.flatnonzero(tally(codes, count)).tolist()]
    return {(dataset.names[d], subject.names[s]) for d, s in found if subject.names[s]}


def _pairs(dataset: Factor, subject: Factor) -> tuple[Codes, int]:
    """A code of both words for each row, (N,), and how many there may be."""
    count = len(dataset.names) * len(subject.names)
    if len(dataset.names) == 1:
        return subject.codes, count
    wide: Codes = dataset.codes if count <= np.iinfo(np.int32).max else dataset.codes.astype(np.int64)
    return wide * len(subject.names) + subject.codes, count
