"""Cells of score tables checked and turned into arrays; every complaint names row and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from fascore.errors import FascoreError, Response

if TYPE_CHECKING:
    from fascore.evaluation.table import Factor

COLUMNS = (
    "id", "dataset", "task", "subject", "presenter", "instrument", "species", "attack_potential", "session", "device", "attempt",
    "label", "score", "response",
)  # fmt: skip
"""Columns of a score file, in their order; `<head>.<name>` follow."""
REQUIRED = ("label", "score")
RESPONSES = get_args(Response)
MOST_SPECIES = 10_000

Cells = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True)
class Place:
    """Where a table came from, for sentences. Row 1 is the header, so index 0 is row 2."""

    source: str

    def error(self, index: int, column: str, complaint: str) -> FascoreError:
        """The error for one cell."""
        return FascoreError(f"{self.source}, row {index + 2}, column '{column}': {complaint}")

    def check_species(self, species: Factor | None, label: NDArray[np.int8]) -> None:
        """Refuse a species column that holds names of files or persons instead."""
        if species is not None and len(species.names) > MOST_SPECIES:
            index = int(np.flatnonzero((species.codes >= MOST_SPECIES) & (label == 0))[:1].sum())
            advice = "name the kind of instrument (print.flat, mask.rigid), not the presentation"
            raise self.error(index, "species", f"more than {MOST_SPECIES} species; {advice}")


def labels(cells: Cells, place: Place) -> NDArray[np.int8]:
    """(N,) int8 of 0 and 1. Raises FascoreError."""
    known = {"0": 0, "1": 1, 0: 0, 1: 1}
    found = np.empty(len(cells), np.int8)
    for index, cell in enumerate(cells.tolist() if isinstance(cells, np.ndarray) else cells):
        key = cell.strip() if isinstance(cell, str) else cell
        if key not in known:
            raise place.error(index, "label", f"'{cell}' is no label; write 1 for bona fide and 0 for an attack")
        found[index] = known[key]
    return found


def scores(cells: Cells, place: Place, column: str) -> NDArray[np.float64]:
    """(N,) float64, NaN where a cell is empty. Raises FascoreError for words and infinities."""
    try:
        found = np.array(cells, dtype=np.float64)
    except (TypeError, ValueError):  # some cell is empty or no number
        found = np.empty(len(cells))
        for index, cell in enumerate(cells):
            try:
                found[index] = np.nan if cell is None or cell == "" else float(cell)
            except (TypeError, ValueError):
                raise place.error(index, column, f"'{cell}' is no number; leave the cell empty where there is no score") from None
    if len(infinite := np.flatnonzero(np.isinf(found))):
        raise place.error(int(infinite[0]), column, "is infinite; a score is a finite number, higher = more bona fide")
    return found


def responses(cells: Cells | None, score: NDArray[np.float64], place: Place) -> tuple[list[str], tuple[str, ...]]:
    """Words of `Response`, and notes. Missing cells are `ok`; `ok` without a score becomes `refused`, and a note counts it."""
    found = ["ok"] * len(score) if cells is None else [str(cell).strip() if cell else "ok" for cell in cells]
    for index, word in enumerate(found):
        if word not in RESPONSES:
            raise place.error(index, "response", f"'{word}' is no response; write one of {', '.join(RESPONSES)}")
    silent = [index for index in np.flatnonzero(np.isnan(score)).tolist() if found[index] == "ok"]
    for index in silent:
        found[index] = "refused"
    if not silent:
        return found, ()
    note = f"{place.source}: {len(silent)} rows have no score and no reason (first: row {silent[0] + 2}); they count as non-responses, 'refused'"
    return found, (note,)


def check_unique(ids: NDArray[np.str_], datasets: NDArray[np.str_] | None, place: Place) -> None:
    """One row for each id of a dataset: the same name in two datasets is two presentations. Raises FascoreError."""
    pairs = set(zip(ids.tolist(), datasets.tolist())) if datasets is not None else set(ids.tolist())
    if len(pairs) == len(ids) and (ids != "").all():
        return
    seen: dict[tuple[str, str], int] = {}
    for index, key in enumerate(zip(ids.tolist(), [""] * len(ids) if datasets is None else datasets.tolist())):
        if not key[0]:
            raise place.error(index, "id", "is empty; every presentation needs an id of its own")
        if seen.setdefault(key, index) != index:
            raise place.error(index, "id", f"'{key[0]}' stands in row {seen[key] + 2} already; ids are unique within a dataset")
