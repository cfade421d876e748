"""`fascore.evaluate`: measure scores; no model is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fascore.api.figures import COLUMNS, Figure, figures
from fascore.api.frames import data_frame
from fascore.api.measures import depth_of, level_of, rule_of
from fascore.api.paths import PathLike, path_of, paths_of
from fascore.api.score_columns import columns_of, is_table, table_of
from fascore.contract.errors import FascoreError

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike

    from fascore.evaluation.score_files import Evaluation as Measured
    from fascore.evaluation.sources import Sources
    from fascore.evaluation.table import ScoreTable
    from fascore.report.contents import ReportFacts

Scores: TypeAlias = "PathLike | Sequence[PathLike] | ArrayLike | Mapping[str, Any] | pandas.DataFrame | ScoreTable"
"""Score files or a run's folder; an array; a table with the columns of a score file."""
TEST = "test"
"""Name of a test set that comes from memory."""


@dataclass(frozen=True)
class Evaluation:
    """What scores amount to: `metrics`, the content of metrics.json, and the tables that it was measured on.

    `tables` are the test sets by name, `dev` that of the dev split. `notes` are sentences on how files were read.
    """

    metrics: Mapping[str, Any] = field(repr=False)
    tables: Mapping[str, ScoreTable] = field(repr=False)
    dev: ScoreTable | None = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def threshold(self) -> float | None:
        """A presentation is accepted as bona fide when its score is at least this; None without dev scores or a fixed number."""
        threshold = self.metrics["threshold"]
        return None if threshold is None else float(threshold["value"])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know before reading the figures."""
        return tuple(self.metrics["warnings"])

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure of every test set."""
        return figures(self.metrics)

    def to_dict(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return dict(self.metrics)

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each figure. Raises FascoreError without pandas."""
        return data_frame([figure.to_dict() for figure in self.figures], COLUMNS)

    def write(self, folder: PathLike) -> Path:
        """Write metrics.json, threshold.json, the scores and report.html into a folder; the path of the report. Raises FascoreError."""
        from fascore.evaluation.score_files import Evaluation as Measured, write_evaluation
        from fascore.evaluation.threshold import Threshold
        from fascore.report.html import write_report

        out, known = path_of(folder, "folder"), self.metrics["threshold"]
        threshold = None
        if known is not None:
            threshold = Threshold.model_validate({name: value for name, value in known.items() if name != "origin"})
        write_evaluation(out, Measured(dict(self.tables), self.dev, threshold, dict(self.metrics), list(self.notes)))
        write_report(out / "report.html", self._facts(out.name))
        return out / "report.html"

    def _facts(self, title: str) -> ReportFacts:
        from fascore.report.contents import ReportFacts

        system = {f"input {number}": note for number, note in enumerate(self.notes, start=1)}
        return ReportFacts(title, self.metrics, self.tables, self.dev, system=system)

    def _repr_html_(self) -> str:
        from fascore.report.html import render
        from fascore.report.notebook import framed

        return framed(render(self._facts("Evaluation")))


def evaluate(
    scores: Scores,
    labels: ArrayLike | PathLike | None = None,
    species: ArrayLike | None = None,
    *,
    subjects: ArrayLike | None = None,
    datasets: ArrayLike | None = None,
    tasks: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    columns: Mapping[str, ArrayLike] | None = None,
    dev: Scores | tuple[ArrayLike, ArrayLike] | None = None,
    threshold: str | float | None = None,
    metrics: str | Sequence[str | Mapping[str, Any]] | None = None,
    level: str = "frame",
    fold: str | None = None,
    by: str | Sequence[str] = (),
    bootstrap: int = 1000,
    seed: int = 0,
    combine: str | None = None,
    format: str | None = None,
    polarity: str | None = None,
    labels_are: str | None = None,
) -> Evaluation:
    """Measure scores by ISO/IEC 30107-3. Imports no torch. A higher score means more likely bona fide.

    `scores` is an array (N,) with `labels` (N,), 1 or `bona_fide` and 0 or `attack`, and further columns (N,) of words: `species`,
    `subjects`, `datasets`, `tasks` (`spoof` or `forgery`), `ids`, and any others in `columns`. A score of NaN is a non-response.
    Or `scores` is a DataFrame or a dict with the columns of a score file (`score`, `label`, `species`, …), or the path of a score
    file, several of them, or a run's folder.

    `dev` sets the threshold: a DataFrame, a dict, a path, or `(scores, labels)`. `threshold` is a rule such as `bpcer=0.01`
    (default: `eer`), or a number, which needs no dev. Without both, figures that need a threshold are left out and a warning says
    so. `metrics` names those to measure instead of the usual ones. `level` is what counts as one presentation (`frame`: a row,
    `clip` or `attempt`), `fold` the rule that makes one score of several. `by` repeats the figures for each value of some columns.
    `bootstrap` is the number of draws over subjects. For files only: `combine` (`sum`, `mean`, `weighted`, `logistic`) makes one
    system of several; `format`, `polarity`, `labels_are` and a path as `labels` describe files that do not describe themselves.
    Raises FascoreError for lengths that differ, unknown labels, and a dev that is the test.
    """
    from fascore.evaluation.comparison import metrics as metrics_of

    own = {"label": labels, "species": species, "subject": subjects, "dataset": datasets, "task": tasks, "id": ids}
    given = {name: values for name, values in own.items() if values is not None} | dict(columns or {})
    settings: dict[str, Any] = {
        "metrics": None if metrics is None else metrics_of([metrics] if isinstance(metrics, str) else metrics),
        "level": level_of(level, fold),
        "depth": depth_of(bootstrap, seed, by),
    }
    about = {"combine": combine, "format": format, "polarity": polarity, "labels_are": labels_are}
    if _are_paths(scores):
        measured = _of_files(scores, given, dev, rule_of(threshold), about, settings)
    else:
        measured = _of_memory(scores, given, dev, rule_of(threshold), about, settings)
    return Evaluation(measured.metrics, measured.tests, measured.dev, tuple(measured.notes))


def _are_paths(value: Any) -> bool:
    if isinstance(value, list | tuple) and value:
        return all(isinstance(item, str | os.PathLike) for item in value)
    return isinstance(value, str | os.PathLike)


def _of_files(
    scores: Any,
    given: Mapping[str, Any],
    dev: Any,
    rule: str | None,
    about: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Measured:
    from fascore.evaluation.importers.importer import importer
    from fascore.evaluation.score_files import evaluate_files

    labels = given.get("label")
    if extra := [name for name, value in given.items() if name != "label" or not isinstance(value, str | os.PathLike)]:
        raise FascoreError(f"a score file has its own columns; leave '{extra[0]}' out, or pass the scores as an array")
    if dev is not None and not _are_paths(dev):
        raise FascoreError("dev: the scores are read from files; pass the dev scores as a file too")
    reader = importer(
        about["format"], about["polarity"], about["labels_are"], None if labels is None else path_of(labels, "labels")
    )
    return evaluate_files(
        paths_of(scores, "scores"),
        dev=[] if dev is None else paths_of(dev, "dev"),
        rule=rule,
        importer=reader,
        combine=about["combine"],
        **settings,
    )


def _of_memory(
    scores: Any,
    given: Mapping[str, Any],
    dev: Any,
    rule: str | None,
    about: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Measured:
    from fascore.evaluation.score_files import evaluate_sources
    from fascore.evaluation.sources import Sources

    if unused := [name for name, value in about.items() if value is not None]:
        raise FascoreError(f"{unused[0]}: it describes score files, and these scores are in memory; leave it out")
    sources: Sources = Sources({TEST: _table(scores, given, TEST)}, None if dev is None else _dev(dev))
    return evaluate_sources(sources, rule, **settings)


def _dev(dev: Any) -> ScoreTable:
    """The dev scores: a path, a table, or `(scores, labels)`."""
    if _are_paths(dev):
        from fascore.evaluation.importers.importer import Importer

        return Importer().read(path_of(dev, "dev")).table
    if isinstance(dev, tuple):
        if len(dev) not in (2, 3):
            raise FascoreError(
                f"dev: pass (scores, labels) or (scores, labels, species); this tuple has {len(dev)} members"
            )
        return _table(dev[0], dict(zip(("label", "species"), dev[1:])), "dev")
    return _table(dev, {}, "dev")


def _table(scores: Any, given: Mapping[str, Any], what: str) -> ScoreTable:
    from fascore.evaluation.table import ScoreTable

    if isinstance(scores, ScoreTable):
        if given:
            raise FascoreError(f"{what}: a ScoreTable has its own columns; leave '{next(iter(given))}' out")
        return scores
    if is_table(scores):
        columns = columns_of(scores, what)
        if doubled := [name for name in given if name in columns]:
            raise FascoreError(f"{what}: the table has a column '{doubled[0]}' already; leave that parameter out")
        return table_of({**columns, **given}, what)
    if "label" not in given:
        where = "labels=…" if what == TEST else "dev=(scores, labels)"
        raise FascoreError(f"{what}: an array of scores needs one label per score; pass {where}")
    return table_of({"score": scores, **given}, what)
