"""Rows of a result as a pandas DataFrame. pandas is optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fascore.contract.errors import FascoreError

if TYPE_CHECKING:
    import pandas


def data_frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> pandas.DataFrame:
    """One row for each mapping. Raises FascoreError where pandas is not installed."""
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise FascoreError("to_pandas() needs pandas, which is not installed: pip install pandas") from error
    return pandas.DataFrame(list(rows), columns=None if columns is None else list(columns))
