"""Frame, clip, and attempt: which rows of a score file form one presentation, and the rule that combines their scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fascore.contract.component import Config
from fascore.contract.errors import FascoreError
from fascore.evaluation.categorical import Categorical
from fascore.evaluation.table import ScoreTable

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

KEYS: Mapping[str, tuple[str, ...]] = {
    "clip": ("dataset", "clip"),
    "attempt": ("dataset", "task", "subject", "presenter", "instrument", "species", "session", "device", "attempt"),
}
"""Columns whose values together identify one presentation."""
FIXED = ("task", "species", "attack_potential")
"""Columns in which the rows of one presentation must agree."""


class Level(Config):
    """What counts as one presentation.

    `majority` accepts if more than half of the rows would be accepted, at any threshold.
    """

    name: Literal["frame", "clip", "attempt"] = Field(
        "frame", description="each row as it is, the rows of a clip, or of a subject's attempt"
    )
    rule: Literal["mean", "median", "min", "max", "majority"] = Field(
        "mean", description="how scores of several rows become one"
    )


def fold(table: ScoreTable, level: Level) -> ScoreTable:
    """One row per presentation of a level, in the order of their first rows.

    Rows without a response are ignored, unless no row of the presentation has one: it is then a non-response, with the
    reason of its first row. Other columns keep their value if all rows share it. A clip consists of the rows of one
    dataset with the same value in column `clip`. An attempt consists of the rows with the same `attempt`, subject,
    presenter, instrument, species, session, and device. Raises FascoreError if the column is missing or empty, or if
    labels or species of one presentation differ.
    """
    if level.name == "frame":
        return table
    _require(table, level.name)
    group, first = _groups(
        [table.categorical(name) for name in KEYS[level.name]], table.label if level.name == "attempt" else None
    )
    _agree(table, level.name, group, first)
    score = _fold(table.score, group, len(first), table.responded, level.rule)
    words = {name: _shared(column, group, first) for name, column in table.words.items() if name != "frame"}
    answered = np.isfinite(score)
    silent = table.categorical("response").select(first)
    words["response"] = Categorical.of(np.where(answered, "ok", silent.decode()))
    heads = {
        name: _fold(values, group, len(first), np.isfinite(values), level.rule) for name, values in table.heads.items()
    }
    ids = table.column("clip")[first] if level.name == "clip" else table.id[first]
    return ScoreTable(ids, table.label[first], score, words, heads, table.notes)


def _require(table: ScoreTable, name: str) -> None:
    if name not in table.words:
        raise FascoreError(
            f"the score table has no column '{name}'; level '{name}' needs one that names the {name} of each row"
        )
    if len(empty := np.flatnonzero(table.categorical(name).equals(""))):
        raise FascoreError(
            f"column '{name}' is empty for '{table.id[empty[0]]}'; level '{name}' needs the {name} of each row"
        )


def _groups(columns: list[Categorical], label: NDArray[np.int8] | None) -> tuple[Ints, Ints]:
    """The group of each row (N,), with groups numbered in the order of their first rows, and those first rows (G,)."""
    code = np.zeros(len(columns[0].codes), np.int64) if label is None else label.astype(np.int64)
    for column in columns:
        code = np.unique(code * len(column.names) + column.codes, return_inverse=True)[
            1
        ]  # keeps the codes small before the next column
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[group], first[order]


def _agree(table: ScoreTable, name: str, group: Ints, first: Ints) -> None:
    columns: dict[str, NDArray[Any]] = {
        "label": table.label,
        **{column: table.categorical(column).codes for column in FIXED},
    }
    for column, codes in columns.items():
        if len(wrong := np.flatnonzero(codes != codes[first][group])):
            one, other = table.id[first[group[wrong[0]]]], table.id[wrong[0]]
            raise FascoreError(
                f"rows '{one}' and '{other}' are of one {name} and differ in column '{column}': name them as two"
            )


def _shared(column: Categorical, group: Ints, first: Ints) -> Categorical:
    """The value of each group, empty if its rows differ."""
    codes = column.codes[first]
    differ = np.zeros(len(first), np.bool_)
    differ[group[column.codes != codes[group]]] = True
    return Categorical.of(np.where(differ, "", np.asarray(column.names, dtype=np.str_)[codes]))


def _fold(values: Floats, group: Ints, groups: int, rows: NDArray[np.bool_], rule: str) -> Floats:
    """One value per group from some rows; NaN if a group has none of them."""
    picked = np.flatnonzero(rows)
    order = picked[np.lexsort((values[picked], group[picked]))]
    sizes = np.bincount(group[order], minlength=groups)
    start, shown = np.cumsum(sizes) - sizes, sizes > 0
    folded = np.full(groups, np.nan)
    folded[shown] = _RULES[rule](values[order], start[shown], sizes[shown])
    return folded


def _at(place: Callable[[Ints], Ints]) -> Callable[[Floats, Ints, Ints], Floats]:
    return lambda values, start, sizes: values[start + place(sizes)]


_RULES: dict[str, Callable[[Floats, Ints, Ints], Floats]] = {
    "min": _at(lambda sizes: 0 * sizes),
    "max": _at(lambda sizes: sizes - 1),
    "majority": _at(lambda sizes: (sizes - 1) // 2),  # accepted together with all above it: more than half
    "median": lambda values, start, sizes: (values[start + (sizes - 1) // 2] + values[start + sizes // 2]) / 2,
    "mean": lambda values, start, sizes: np.add.reduceat(values, start) / sizes,
}
"""Each rule receives the sorted values of all groups, concatenated, with the start and size of each group."""
