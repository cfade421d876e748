"""Score tables from what a caller has in memory: arrays, a mapping of columns, or a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fascore.api.paths import named
from fascore.contract.errors import FascoreError

if TYPE_CHECKING:
    from fascore.evaluation.table import ScoreTable

WORDS = {"bona_fide": 1, "attack": 0}
NUMBERS = ("label", "score")


def table_of(columns: Mapping[str, Any], what: str) -> ScoreTable:
    """The score table of some columns; `what` names it in errors. Raises FascoreError, which names the column and the place in it."""
    from fascore.evaluation.table import ScoreTable

    for name in NUMBERS:
        if name not in columns:
            raise FascoreError(f"{what}: there is no column '{name}'; it has {', '.join(map(str, columns)) or 'none'}")
    cells = {str(name): _cells(values, f"{what}, '{name}'") for name, values in columns.items()}
    for name, values in cells.items():
        if len(values) != len(cells["label"]):
            raise FascoreError(
                f"{what}: '{name}' has {len(values)} values and 'label' has {len(cells['label'])}; pass one of each per presentation"
            )
    if not cells["label"]:
        raise FascoreError(f"{what}: there are no presentations; pass at least one score and its label")
    cells["label"] = [_label(value, place, what) for place, value in enumerate(cells["label"])]
    _check_scores(cells["score"], what)
    return ScoreTable.from_columns({"id": list(map(str, range(1, len(cells["label"]) + 1))), **cells}, what)


def columns_of(table: Any, what: str) -> dict[str, Any]:
    """The columns of a mapping or a DataFrame by name. Raises FascoreError for anything else."""
    if isinstance(table, Mapping):
        return dict(table)
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return {str(name): table[name] for name in table.columns}
    raise FascoreError(
        f"{what}: pass a path, a DataFrame, a dict of columns, or arrays of scores and labels; this is {named(table)}"
    )


def is_table(value: Any) -> bool:
    """Whether a value has named columns."""
    return isinstance(value, Mapping) or (hasattr(value, "columns") and hasattr(value, "__getitem__"))


def _cells(values: Any, what: str) -> list[Any]:
    """The values of a column, None where one is missing. Raises FascoreError for what is not one-dimensional."""
    import numpy as np

    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise FascoreError(f"{what}: pass one value per presentation, in an array or a list; this is {values!r}")
    shape = np.shape(values) if hasattr(values, "shape") else (len(values),)
    if len(shape) != 1:
        raise FascoreError(f"{what}: the shape is {tuple(shape)}; pass one value per presentation, with the shape (N,)")
    cells = values.tolist() if hasattr(values, "tolist") else list(values)
    return [None if cell is None or _missing(cell) else cell for cell in cells]


def _missing(cell: Any) -> bool:
    """NaN, and pandas' NA, which answers no question of equality."""
    try:
        return bool(cell != cell)
    except (TypeError, ValueError):
        return type(cell).__name__ == "NAType"


def _label(value: Any, place: int, what: str) -> int:
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]
    if not isinstance(value, str | list | tuple | dict) and value in (0, 1):
        return int(value)
    raise FascoreError(
        f"{what}: label {place} is {value!r}; write 1 or 'bona_fide' for a bona fide presentation, 0 or 'attack' for an attack"
    )


def _check_scores(scores: Sequence[Any], what: str) -> None:
    for place, value in enumerate(scores):
        if value is None:
            continue
        if isinstance(value, str) or not isinstance(value, int | float):
            raise FascoreError(f"{what}: score {place} is {value!r}; a score is a number, or NaN if there is none")
        if value in (float("inf"), float("-inf")):
            raise FascoreError(
                f"{what}: score {place} is infinite; a score is a finite number, or NaN if there is none"
            )
