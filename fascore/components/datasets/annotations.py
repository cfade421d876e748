"""The faces of a record, read from a file: boxes, landmarks, and the area that face and instrument may cover."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fascore.contract.record import POINTS, Annotation, AnnotationSource
from fascore.data.media import file_digest, unreadable

BOX = ("x1", "y1", "x2", "y2")
AREA = tuple(f"area_{name}" for name in BOX)
LAYOUTS = {count: layout for layout, count in POINTS.items()}
"""Names of the landmark layouts by number of points; any other number serves as its own name."""


@dataclass(frozen=True)
class AnnotationFile(AnnotationSource):
    """A CSV table with one row per frame of `rgb`, or a single row for all frames.

    Columns, in pixels: `x1 y1 x2 y2` (a box), `x_0 y_0 x_1 y_1 …` (landmarks), and `area_x1 … area_y2` (the area that
    face and instrument may cover). The cells of a frame without a face are empty.
    """

    path: Path

    def digest(self) -> str:
        return file_digest(self.path)

    def load(self) -> Annotation:
        """Raises NoResponse if the file is not such a table."""
        try:
            header, *rows = csv.reader(io.StringIO(self.path.read_text(encoding="utf-8-sig"), newline=""))
            table = np.array([[float(cell) if cell.strip() else np.nan for cell in row] for row in rows], np.float32)
        except (OSError, ValueError) as error:
            raise unreadable(self.path, f"it is not a table of numbers ({error})") from error
        columns = {name.strip(): position for position, name in enumerate(header)}
        if table.ndim != 2 or table.shape[1] != len(columns):
            raise unreadable(self.path, "its rows do not have as many cells as its header, or it has no rows")
        count = sum(name.startswith("x_") for name in columns)
        points = self._select(table, columns, [f"{axis}_{number}" for number in range(count) for axis in "xy"])
        return Annotation(
            self._select(table, columns, BOX),
            None if points is None else points.reshape(len(table), count, 2),
            LAYOUTS.get(count, str(count)),
            self._select(table, columns, AREA),
        )

    def _select(self, table: np.ndarray, columns: Mapping[str, int], names: Sequence[str]) -> np.ndarray | None:
        """The named columns, (F, N); None if the table has none of them."""
        missing = [name for name in names if name not in columns]
        if len(missing) == len(names):
            return None
        if missing:
            raise unreadable(
                self.path, f"it has no column '{missing[0]}'; of {names[0]} … {names[-1]}, write all or none"
            )
        return table[:, [columns[name] for name in names]]
