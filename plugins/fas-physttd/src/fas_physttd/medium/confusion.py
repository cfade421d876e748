"""Confusion matrix of media and the figures of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fascore import SpecError, Value

if TYPE_CHECKING:
    from fas_physttd.medium.components import MediumAccuracy
    from fascore import Resampling, ScoreTable


class Confusion(NamedTuple):
    """`counts` (K, K): records of the class of a row that were said to be of the class of a column; `silent` had no answer."""

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    silent: int


class Decided(NamedTuple):
    """Place of the true and of the most probable class (N,), -1 for a record of no class; which rows have an answer (N,)."""

    classes: tuple[str, ...]
    true: NDArray[np.intp]
    said: NDArray[np.intp]
    answered: NDArray[np.bool_]


def decided(table: ScoreTable, metric: MediumAccuracy) -> Decided:
    """What the head says of each record, and what its species is; classes of `merge` as one. Raises SpecError."""
    if metric.target not in table.words:
        raise SpecError(f"the score table has no column '{metric.target}' of species; it has {', '.join(table.words)}")
    columns = [f"{metric.head}.p.{name}" for name in metric.classes]
    if lacking := [name for name in columns if name not in table.heads]:
        raise SpecError(
            f"the score table has no column '{lacking[0]}'; name a head physttd.trace_medium with these classes in 'head'"
        )
    whole = _wholes(metric)
    names = tuple(dict.fromkeys(whole.values()))
    place = {name: names.index(whole[name]) for name in metric.classes}
    of_species = {species or "": place[name] for name, group in metric.classes.items() for species in group}
    factor = table.words[metric.target]
    true = np.array([of_species.get(name, -1) for name in factor.names], np.intp)[factor.codes]
    given = np.stack([table.heads[name] for name in columns], axis=1)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(given).all(axis=1))
    best = np.where(finite[:, None], given, -np.inf).argmax(axis=1)
    return Decided(names, true, np.array(list(place.values()), np.intp)[best], finite & (true >= 0))


def confusion(table: ScoreTable, metric: MediumAccuracy) -> Confusion:
    """Counts of true and of named media. Raises SpecError for a table without the columns, or without a record of any class."""
    found = decided(table, metric)
    if not (found.true >= 0).any():
        raise SpecError(
            f"no record has a species of the classes {', '.join(metric.classes)} in the column '{metric.target}'"
        )
    counts = np.zeros((len(found.classes),) * 2, np.int64)
    np.add.at(counts, (found.true[found.answered], found.said[found.answered]), 1)
    return Confusion(found.classes, counts, int(((found.true >= 0) & ~found.answered).sum()))


def figures(found: Confusion) -> Mapping[str, Value]:
    """`value`, errors and n; `balanced`, the mean over classes that occur; `classes`, the share right of each; `confusion`, true then named."""
    right, sums = np.diag(found.counts), found.counts.sum(axis=1)
    shares = {name: int(right[row]) / int(sums[row]) for row, name in enumerate(found.classes) if sums[row]}
    n = int(sums.sum())
    return {
        "value": int(right.sum()) / n if n else None,
        "errors": n - int(right.sum()),
        "n": n,
        "non_responses": found.silent,
        "balanced": sum(shares.values()) / len(shares) if shares else None,
        "classes": shares,
        "confusion": {
            name: dict(zip(found.classes, map(int, found.counts[row]), strict=True))
            for row, name in enumerate(found.classes)
        },
    }


def resampled(table: ScoreTable, metric: MediumAccuracy, draws: Resampling) -> Mapping[str, Value]:
    """`bootstrap` of `value` over subjects."""
    found = decided(table, metric)
    # A row counts as accepted where it must be for the resampled accuracy to call it right.
    accepted = np.where(found.true == found.said, table.bona_fide, table.attack)
    return draws.beside(table, lambda part: part.rates_of(accepted, found.answered).accuracy)


def _wholes(metric: MediumAccuracy) -> dict[str, str]:
    """Name under which each class counts."""
    of = {part: whole for whole, parts in metric.merge.items() for part in parts}
    if unknown := [name for name in of if name not in metric.classes]:
        raise SpecError(f"'merge' names '{unknown[0]}', which is no class; there are {', '.join(metric.classes)}")
    return {name: of.get(name, name) for name in metric.classes}
