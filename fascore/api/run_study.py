"""`fascore.run_study`: tables of runs from a base spec and rows of overrides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fascore.api.frames import data_frame
from fascore.api.paths import PathLike, path_of

if TYPE_CHECKING:
    import pandas

    from fascore.running.study import Cell


@dataclass(frozen=True)
class Study:
    """A study that has run: its `folder`, and `table`, by row and figure the mean over seeds and folds with its deviation."""

    folder: Path
    table: Mapping[str, Mapping[str, Cell]]

    def to_dict(self) -> dict[str, Any]:
        """By row and figure: `mean`, `deviation` (NaN for one run) and the number of `runs`."""
        return {row: {name: asdict(cell) for name, cell in cells.items()} for row, cells in self.table.items()}

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each row of the study and figure. Raises FascoreError without pandas."""
        rows = [
            {"row": row, "figure": name, **cell}
            for row, cells in self.to_dict().items()
            for name, cell in cells.items()
        ]
        return data_frame(rows, ("row", "figure", "mean", "deviation", "runs"))

    def _repr_html_(self) -> str:
        from fascore.report.notebook import table

        figures = list(dict.fromkeys(name for cells in self.table.values() for name in cells))
        rows = [
            [row, *(str(cells[name]) if name in cells else None for name in figures)]
            for row, cells in self.table.items()
        ]
        return table(["row", *figures], rows, f"study {self.folder.name}: mean ± deviation")


def run_study(
    study: PathLike,
    *,
    base: PathLike | None = None,
    runs: PathLike = "runs",
    processes: int = 1,
    strict: bool = False,
    note: Callable[[str], None] | None = None,
) -> Study:
    """Run what has not run yet of a study, the path of its JSON, and return its table. Imports torch.

    `base` replaces its base spec; the other parameters are those of `fascore.run`. `note` receives one line for each run, by default on
    stderr. Raises SpecErrors with all problems of all runs; FascoreError at the end if some runs failed.
    """
    path, folder = path_of(study, "study"), path_of(runs, "runs")
    from fascore.running.progress import say
    from fascore.running.run import execute_document
    from fascore.running.study import read_study, run_study as run_missing, table

    read = read_study(path, None if base is None else path_of(base, "base"))
    run_missing(
        read,
        folder,
        lambda document, below: execute_document(document, processes=processes, strict=strict, runs=below),
        note or say,
    )
    return Study(folder / read.name, table(read, folder))
