"""Joins score tables of several systems: the same presentations, in the same order, with the same labels."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import FascoreError
from fascore.evaluation.table import ScoreTable

Named: TypeAlias = Mapping[str, ScoreTable]
"""One table per system, by the system's name."""
Words: TypeAlias = NDArray[Any]

AGREE = ("task", "species", "subject")
"""Columns that describe the presentation rather than a system's result; all systems must agree on them."""


def common(tables: Named) -> dict[str, ScoreTable]:
    """The presentations that all tables contain, in the order of the first table.

    Tables without rows if there are none.

    Rows are joined as in `align`, which rejects rows with conflicting descriptions. A description that one table lacks
    (dataset, task, species, subject) is taken from another table that has it. Raises FascoreError.
    """
    names, every = list(tables), list(tables.values())
    datasets = _datasets(every)
    if all(_same(every[0], table, (datasets[0], dataset)) for table, dataset in zip(every, datasets)):
        return _described(align(tables))
    keys = [_keys(dataset, table) for dataset, table in zip(datasets, every)]
    for name, listed in zip(names, keys):
        if len(set(listed)) < len(listed):
            raise FascoreError(
                f"{name}: ids repeat in several datasets, but another system does not name the datasets; the two cannot be joined"
            )
    shared = set(keys[0]).intersection(*keys[1:])
    kept = {
        name: table.select(np.array([key in shared for key in listed], np.bool_))
        for name, table, listed in zip(names, every, keys)
    }
    return _described(align(kept)) if shared else kept


def _described(tables: Named) -> dict[str, ScoreTable]:
    """Aligned tables, each completed with the descriptions that another table has."""
    known = {}
    for column in ("dataset", *AGREE):
        candidates = [table.categorical(column) for table in tables.values()]
        known[column] = next((values for values in candidates if any(values.names)), candidates[0])
    return {name: replace(table, words={**table.words, **known}) for name, table in tables.items()}


def align(tables: Named) -> dict[str, ScoreTable]:
    """The same presentations in every table, in the order of the first table. Raises FascoreError.

    Rows are joined by dataset and id, or by id alone if a table names no dataset. A row that is missing from a table,
    or whose label, task, species, or subject differs, is an error.
    """
    (name, first), *others = tables.items()
    return {name: first, **{other: _ordered(first, table, (name, other)) for other, table in others}}


def _ordered(first: ScoreTable, other: ScoreTable, names: tuple[str, str]) -> ScoreTable:
    datasets = _datasets((first, other))
    if not _same(first, other, datasets):
        keys = [_keys(dataset, table) for dataset, table in zip(datasets, (first, other))]
        place = {key: row for row, key in enumerate(keys[1])}
        if len(place) < len(other):
            raise FascoreError(
                f"{names[1]}: ids repeat in several datasets, but {names[0]} does not name the datasets; the two cannot be joined"
            )
        _whole(keys[0], place.keys(), names)
        _whole(keys[1], set(keys[0]), (names[1], names[0]))
        other = other.select(np.array([place[key] for key in keys[0]], np.int64))
    _agreeing(first, other, names)
    return other


def _whole(keys: Sequence[tuple[str, str]], known: Container[tuple[str, str]], names: tuple[str, str]) -> None:
    lacking = [key for key in keys if key not in known]
    if lacking:
        dataset, name = lacking[0]
        what = f"'{name}'" + (f" of dataset '{dataset}'" if dataset else "")
        advice = "add a row with an empty score if there is none"
        raise FascoreError(
            f"{names[1]} lacks {len(lacking)} of the {len(keys)} presentations of {names[0]}, such as {what}; {advice}"
        )


def _agreeing(first: ScoreTable, other: ScoreTable, names: tuple[str, str]) -> None:
    columns = {"label": (first.label, other.label)}
    for name in AGREE:
        if all(any(table.categorical(name).names) for table in (first, other)):
            columns[name] = (first.column(name), other.column(name))
    for name, (one, two) in columns.items():
        if len(differing := np.flatnonzero(one != two)):
            row = int(differing[0])
            complaint = f"'{one[row]}' in {names[0]} and '{two[row]}' in {names[1]}"
            raise FascoreError(
                f"column '{name}' of '{first.id[row]}' is {complaint} ({len(differing)} such rows); systems must agree on the truth"
            )


def _datasets(tables: Sequence[ScoreTable]) -> list[Words]:
    """The dataset of each row, by table. All are empty if one of the tables names no dataset."""
    if all(any(table.categorical("dataset").names) for table in tables):
        return [table.column("dataset") for table in tables]
    return [np.full(len(table), "") for table in tables]


def _same(first: ScoreTable, other: ScoreTable, datasets: Sequence[Words]) -> bool:
    return len(first) == len(other) and bool((first.id == other.id).all()) and bool((datasets[0] == datasets[1]).all())


def _keys(dataset: Words, table: ScoreTable) -> list[tuple[str, str]]:
    return list(zip(dataset.tolist(), table.id.tolist()))
