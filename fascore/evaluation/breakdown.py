"""Split a table by the values of a column: device, skin tone, session, site, or any other column of the score file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fascore.contract.errors import FascoreError
from fascore.evaluation.table import ScoreTable

MOST_VALUES = 1000


def breakdown(table: ScoreTable, column: str) -> Iterator[tuple[str, ScoreTable]]:
    """Yield each value and its rows, in the order of the values. Rows without a value are `unknown`.

    Raises FascoreError if the table lacks the column, or if the column has so many values that it identifies
    presentations.
    """
    if (many := len(table.categorical(column).names)) > MOST_VALUES:
        raise FascoreError(
            f"column '{column}' has {many} values, and a breakdown allows at most {MOST_VALUES}; choose a column that groups presentations"
        )
    for value, rows in table.by_group(column, np.ones(len(table), np.bool_)):
        yield value, table.select(rows)
