"""Parts of a table by the words of a column: device, skin tone, session, site, or whatever the score file has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fascore.contract.errors import FascoreError
from fascore.evaluation.table import ScoreTable

MOST_VALUES = 1000


def breakdown(table: ScoreTable, column: str) -> Iterator[tuple[str, ScoreTable]]:
    """Value and rows of each part, values in order; rows without a word are `unknown`.

    Raises FascoreError for a column that the table lacks, and for one with so many values that it names presentations.
    """
    if (many := len(table.categorical(column).names)) > MOST_VALUES:
        raise FascoreError(
            f"column '{column}' has {many} values, and a breakdown allows at most {MOST_VALUES}; choose a column that groups presentations"
        )
    for value, rows in table.by_group(column, np.ones(len(table), np.bool_)):
        yield value, table.select(rows)
