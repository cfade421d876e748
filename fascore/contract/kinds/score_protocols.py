"""Protocols of the objects that a metric receives: score tables, thresholds, and resamples of subjects.

Importing this imports no numpy.

A table has N rows, one per presentation. B resamples are drawn from S subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fascore.contract.kinds.values import Value
from fascore.contract.threshold_rule import ThresholdRule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Categorical(Protocol):
    """A column of words, stored as codes: N rows, K words."""

    @property
    def names(self) -> tuple[str, ...]:
        """The K words, sorted and distinct."""

    @property
    def codes(self) -> NDArray[np.int32]:
        """(N,): the index in `names` of each row's word."""

    def decode(self) -> NDArray[np.str_]:
        """The words, (N,)."""

    def equals(self, word: str) -> NDArray[np.bool_]:
        """(N,): a mask of the rows with this word."""

    def select(self, rows: NDArray[Any] | slice) -> Categorical:
        """Select rows by mask, index, or slice."""

    def named(self) -> Categorical:
        """The column with the empty word renamed to `unknown`."""

    def present(self, rows: NDArray[Any] | slice = slice(None)) -> tuple[str, ...]:
        """The words that occur in some rows."""


class Clusters(Protocol):
    """Which rows show the same subject."""

    @property
    def codes(self) -> NDArray[np.integer[Any]]:
        """(N,): the number of each row's subject, counted from 0."""

    @property
    def count(self) -> int:
        """Number of subjects; a row without a name counts as a separate one."""

    @property
    def unnamed(self) -> int:
        """Number of rows whose subject has no name."""


class Shown(Protocol):
    """Number of subjects shown by the presentations with a response."""

    @property
    def bona_fide(self) -> int:
        """Subjects of bona fide."""

    @property
    def attack(self) -> int:
        """Subjects of all attacks."""

    @property
    def species(self) -> Mapping[str, int]:
        """Subjects of the attacks of each species."""


class SortedScores(Protocol):
    """Scores of presentations with a response, each array increasing."""

    @property
    def bona_fide(self) -> NDArray[np.float64]:
        """Scores of bona fide."""

    @property
    def attack(self) -> NDArray[np.float64]:
        """Scores of all attacks."""

    @property
    def species(self) -> Mapping[str, NDArray[np.float64]]:
        """Scores of the attacks of each species, including species without any response."""

    @property
    def silent(self) -> Mapping[str, int]:
        """Number of attacks of each species without a response."""

    @property
    def silent_bona_fide(self) -> int:
        """Number of bona fide without a response."""


class ScoreTable(Protocol):
    """Scores with labels, N rows, one row per presentation."""

    @property
    def id(self) -> NDArray[Any]:
        """(N,) text, unique within a dataset."""

    @property
    def label(self) -> NDArray[np.int8]:
        """(N,): 1 bona fide, 0 attack."""

    @property
    def score(self) -> NDArray[np.float64]:
        """(N,): higher = more bona fide, NaN if there is no score."""

    @property
    def words(self) -> Mapping[str, Categorical]:
        """The other text columns: `species`, `subject`, `response`, …, and further metadata."""

    @property
    def heads(self) -> Mapping[str, NDArray[np.float64]]:
        """Further numbers, (N,) each, by `<head>.<name>`."""

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, in the order of the file."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that have attacks, `spoof` first."""

    @property
    def responded(self) -> NDArray[np.bool_]:
        """(N,): rows with a response and a finite score."""

    @property
    def bona_fide(self) -> NDArray[np.bool_]:
        """(N,): rows of bona fide, including non-responses."""

    @property
    def attack(self) -> NDArray[np.bool_]:
        """(N,): rows of attacks, including non-responses."""

    @property
    def sorted_scores(self) -> SortedScores:
        """Scores of rows with a response, sorted by class and species."""

    @property
    def sorted_bona_fide(self) -> NDArray[np.float64]:
        """Scores of bona fide with a response, increasing."""

    @property
    def sorted_attack(self) -> NDArray[np.float64]:
        """Scores of attacks with a response, increasing."""

    @property
    def clusters(self) -> Clusters | None:
        """Which rows show the same subject; None if the table names no subject."""

    @property
    def shown(self) -> Shown | None:
        """Number of subjects shown by the rows with a response; None if the table names no subject."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> NDArray[Any]:
        """(N,): a column as numbers or words. Raises FascoreError for an unknown column."""

    def categorical(self, name: str) -> Categorical:
        """A column of words, stored as codes. Raises FascoreError for an unknown column."""

    def select(self, rows: NDArray[Any]) -> ScoreTable:
        """Select rows by mask or index."""

    def reading(self, column: str) -> ScoreTable:
        """The table with another column as its score. Raises FascoreError if that column holds no numbers."""

    def task(self, name: str) -> ScoreTable:
        """The attacks of one task with its bona fide, or with all bona fide if the task has none of its own."""

    def with_bona_fide(self, rows: NDArray[np.bool_]) -> ScoreTable:
        """The given rows; if they contain no bona fide, all bona fide of the table are added."""

    def by_group(self, column: str, rows: NDArray[np.bool_]) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Yield the name and row indices of each group of `column` in `rows`, in the order of the names."""


class Threshold(Protocol):
    """The number that decides: accept if the score is at least `value`."""

    @property
    def value(self) -> float:
        """The number."""

    @property
    def rule(self) -> ThresholdRule:
        """How it was chosen."""

    @property
    def split(self) -> str:
        """The split that it was chosen on; `given` for a fixed threshold."""

    @property
    def column(self) -> str:
        """The column of the score table that it applies to."""

    @property
    def origin(self) -> str:
        """The origin of the threshold, in words."""


class ResampledRates(Protocol):
    """Error rates of each resample, (B,) each; NaN if a resample lacks those presentations."""

    @property
    def bona_fide(self) -> NDArray[np.float64]:
        """Share of bona fide that were rejected."""

    @property
    def species(self) -> Mapping[str, NDArray[np.float64]]:
        """Share of the attacks of each species that were accepted."""

    @property
    def pooled(self) -> NDArray[np.float64]:
        """Share of all attacks that were accepted."""

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share of all rows decided correctly."""

    @property
    def hter(self) -> NDArray[np.float64]:
        """Mean of `bona_fide` and `pooled`."""

    @property
    def mean_species(self) -> NDArray[np.float64]:
        """Mean of `species`."""


class ResampledCurves(Protocol):
    """Threshold-free figures of each resample, (B,) each; NaN if a resample lacks a class."""

    @property
    def auc(self) -> NDArray[np.float64]:
        """Area under the ROC curve."""

    @property
    def interpolated(self) -> NDArray[np.float64]:
        """Equal error rate, interpolated between thresholds."""

    @property
    def nearest(self) -> NDArray[np.float64]:
        """Equal error rate at the nearest threshold."""


class Resampling(Protocol):
    """B draws with replacement of as many subjects as a table has.

    A row's weight is the number of times its subject was drawn.
    """

    @property
    def count(self) -> int:
        """B, the number of resamples."""

    @property
    def seed(self) -> int:
        """The seed of the random stream."""

    @property
    def clusters(self) -> Clusters:
        """The S subjects of the table's rows."""

    @property
    def weights(self) -> NDArray[np.uint16]:
        """(B, S): number of times each subject was drawn."""

    @property
    def curves(self) -> ResampledCurves:
        """AUC and equal error rate of each resample. Raises SpecError if the table lacks a class."""

    def on(self, table: ScoreTable) -> Resampling | None:
        """The same draws for another column or a part of the table; None if it names fewer than two subjects."""

    def interval(self, values: NDArray[np.float64]) -> dict[str, Value]:
        """`low`, `high` (2.5 and 97.5 %), and `subjects` of figures (B,)."""

    def beside(self, table: ScoreTable, values: Callable[[Resampling], NDArray[np.float64]]) -> dict[str, Value]:
        """`{"bootstrap": interval}` of a figure of this table; empty if the table cannot be resampled."""

    def rates(self, threshold: float) -> ResampledRates:
        """All error rates at a threshold."""

    def rates_of(self, accepted: NDArray[np.bool_], counted: NDArray[np.bool_]) -> ResampledRates:
        """All error rates if the rows of `accepted` (N,) are accepted, among the rows of `counted` (N,)."""


__all__ = [
    "Clusters",
    "Categorical",
    "SortedScores",
    "ResampledCurves",
    "ResampledRates",
    "Resampling",
    "ScoreTable",
    "Shown",
    "Threshold",
]
