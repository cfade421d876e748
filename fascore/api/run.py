"""`fascore.run`: train, choose the threshold, evaluate, report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fascore.api.figures import COLUMNS, Figure, figures
from fascore.api.frames import data_frame
from fascore.api.paths import PathLike, SpecLike, document_of, path_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Run(os.PathLike[str]):
    """A finished run: its `folder`, `threshold`, and `metrics`, the content of metrics.json.

    It stands for its folder wherever a path is expected, such as in `fascore.predict(run, ["a.mp4"])`.
    """

    folder: Path
    metrics: Mapping[str, Any] = field(repr=False)

    def __fspath__(self) -> str:
        return str(self.folder)

    @property
    def name(self) -> str:
        """The name of the run's folder."""
        return self.folder.name

    @property
    def threshold(self) -> float:
        """A presentation is accepted as bona fide when its score is at least this."""
        return float(self.metrics["threshold"]["value"])

    @property
    def report(self) -> Path:
        """The path of report.html."""
        return self.folder / "report.html"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure of every test set."""
        return figures(self.metrics)

    def scores(self, split: str) -> Path:
        """The score file of `dev` or of a test set."""
        return self.folder / "scores" / f"{split}.csv"

    def to_dict(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return dict(self.metrics)

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each figure. Raises FascoreError without pandas."""
        return data_frame([figure.to_dict() for figure in self.figures], COLUMNS)

    def _repr_html_(self) -> str:
        from fascore.report.notebook import framed

        return framed(self.report.read_text(encoding="utf-8"))


def run(
    spec: SpecLike,
    *,
    overrides: Mapping[str, Any] | None = None,
    runs: PathLike = "runs",
    fresh: bool = False,
    processes: int = 1,
    strict: bool = False,
) -> Run:
    """Run a spec: the path of its JSON, a dict, or a RunSpec. Imports torch.

    The run's folder is `runs/<name>`. A run that was interrupted resumes there and gives identical results; a finished one is
    returned as it is, unless `fresh` begins again. `overrides` changes fields by their paths, such as `{"recipe.epochs": 5}`.
    `processes` trains in several processes; `strict` makes an unreadable record an error. Progress goes to stderr.
    Raises SpecErrors with all problems of the spec, FascoreError for anything else that a user can act on.
    """
    from fascore.spec.plan import check

    checked, document = document_of(spec, overrides)
    check(checked)
    from fascore.running.run import execute_document

    folder = execute_document(document, fresh=fresh, processes=processes, strict=strict, runs=path_of(runs, "runs"))
    return open_finished(folder)


def open_finished(folder: Path) -> Run:
    """A finished run from its folder. Raises FascoreError for one that is not finished."""
    from fascore.contract.errors import FascoreError
    from fascore.running.folder import open_run

    opened = open_run(folder)
    if not opened.finished():
        raise FascoreError(f"{folder}: is not finished; continue it with fascore run {opened.spec}")
    return Run(folder, opened.read(opened.metrics))
