"""What a metric receives, as Protocols: score tables, thresholds and resamples of subjects. Importing this imports no numpy.

N rows of a table are presentations, one row per presentation; B resamples are drawn of S subjects.
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
    """A column of words by codes, N rows of K words."""

    @property
    def names(self) -> tuple[str, ...]:
        """The K words, sorted and distinct."""

    @property
    def codes(self) -> NDArray[np.int32]:
        """(N,): the place in `names` of each row's word."""

    def decode(self) -> NDArray[np.str_]:
        """The words, (N,)."""

    def equals(self, word: str) -> NDArray[np.bool_]:
        """(N,): rows that have this word."""

    def select(self, rows: NDArray[Any] | slice) -> Categorical:
        """Some rows, by mask, index or slice."""

    def named(self) -> Categorical:
        """The empty word as `unknown`."""

    def present(self, rows: NDArray[Any] | slice = slice(None)) -> tuple[str, ...]:
        """The words that occur among some rows."""


class Clusters(Protocol):
    """Which rows show the same subject."""

    @property
    def codes(self) -> NDArray[np.integer[Any]]:
        """(N,): the number of each row's subject, from 0."""

    @property
    def count(self) -> int:
        """How many subjects there are; a row without a name counts as one."""

    @property
    def unnamed(self) -> int:
        """Rows whose subject has no name."""


class Shown(Protocol):
    """How many subjects the answered presentations show."""

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
    """Answered scores, each array increasing."""

    @property
    def bona_fide(self) -> NDArray[np.float64]:
        """Scores of bona fide."""

    @property
    def attack(self) -> NDArray[np.float64]:
        """Scores of all attacks."""

    @property
    def species(self) -> Mapping[str, NDArray[np.float64]]:
        """Scores of the attacks of each species, also of one without any answer."""

    @property
    def silent(self) -> Mapping[str, int]:
        """Attacks of each species without an answer."""

    @property
    def silent_bona_fide(self) -> int:
        """Bona fide without an answer."""


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
        """(N,): higher = more bona fide, NaN where there is none."""

    @property
    def words(self) -> Mapping[str, Categorical]:
        """The other columns of text: `species`, `subject`, `response`, …, and further metadata."""

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
        """(N,): rows with an answer and a finite score."""

    @property
    def bona_fide(self) -> NDArray[np.bool_]:
        """(N,): rows of bona fide, answered or not."""

    @property
    def attack(self) -> NDArray[np.bool_]:
        """(N,): rows of attacks, answered or not."""

    @property
    def sorted_scores(self) -> SortedScores:
        """Answered scores, sorted by class and species."""

    @property
    def sorted_bona_fide(self) -> NDArray[np.float64]:
        """Scores of answered bona fide, increasing."""

    @property
    def sorted_attack(self) -> NDArray[np.float64]:
        """Scores of answered attacks, increasing."""

    @property
    def clusters(self) -> Clusters | None:
        """Which rows show the same subject; None where the table names no subject."""

    @property
    def shown(self) -> Shown | None:
        """How many subjects the answered rows show; None where the table names no subject."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> NDArray[Any]:
        """(N,): a column as numbers or words. Raises FascoreError for an unknown one."""

    def categorical(self, name: str) -> Categorical:
        """A column of words by codes. Raises FascoreError for an unknown one."""

    def select(self, rows: NDArray[Any]) -> ScoreTable:
        """Some rows, by mask or index."""

    def reading(self, column: str) -> ScoreTable:
        """The table with another column as its score. Raises FascoreError for one that holds no numbers."""

    def task(self, name: str) -> ScoreTable:
        """The attacks of one task with its bona fide; all bona fide where the task has none of its own."""

    def with_bona_fide(self, rows: NDArray[np.bool_]) -> ScoreTable:
        """The attacks among some rows with the bona fide among them; all bona fide where there are none."""

    def by_group(self, column: str, rows: NDArray[np.bool_]) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Name and row indices of each group of `column` among `rows`, names in order."""


class Threshold(Protocol):
    """The number that decides: accept when the score is at least `value`."""

    @property
    def value(self) -> float:
        """The number."""

    @property
    def rule(self) -> ThresholdRule:
        """How it was chosen."""

    @property
    def split(self) -> str:
        """The split that it was chosen on; `given` for a fixed one."""

    @property
    def column(self) -> str:
        """The column of the score table that it is for."""

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""


class ResampledRates(Protocol):
    """Error rates of each resample, (B,) each; NaN where a resample has none of them."""

    @property
    def bona_fide(self) -> NDArray[np.float64]:
        """Share of bona fide rejected."""

    @property
    def species(self) -> Mapping[str, NDArray[np.float64]]:
        """Share of the attacks of each species accepted."""

    @property
    def pooled(self) -> NDArray[np.float64]:
        """Share of all attacks accepted."""

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
    """Figures of each resample that need no threshold, (B,) each; NaN where one lacks a class."""

    @property
    def auc(self) -> NDArray[np.float64]:
        """Area under the ROC curve."""

    @property
    def interpolated(self) -> NDArray[np.float64]:
        """Equal error rate, interpolated between thresholds."""

    @property
    def nearest(self) -> NDArray[np.float64]:
        """Equal error rate at the threshold nearest to it."""


class Resampling(Protocol):
    """B draws of as many subjects as a table has, with replacement: a row weighs as often as its subject was drawn."""

    @property
    def count(self) -> int:
        """B, how many resamples there are."""

    @property
    def seed(self) -> int:
        """The seed of the stream."""

    @property
    def clusters(self) -> Clusters:
        """The S subjects of the table's rows."""

    @property
    def weights(self) -> NDArray[np.uint16]:
        """(B, S): how often each subject was drawn."""

    @property
    def curves(self) -> ResampledCurves:
        """AUC and equal error rate of each resample. Raises SpecError where the table lacks a class."""

    def on(self, table: ScoreTable) -> Resampling | None:
        """The same draws for another column, or for a part of the table; None where it names fewer than two subjects."""

    def interval(self, values: NDArray[np.float64]) -> dict[str, Value]:
        """`low`, `high` (2.5 and 97.5 %) and `subjects` of figures (B,)."""

    def beside(self, table: ScoreTable, values: Callable[[Resampling], NDArray[np.float64]]) -> dict[str, Value]:
        """`{"bootstrap": interval}` of a figure of this table; nothing where it cannot be resampled."""

    def rates(self, threshold: float) -> ResampledRates:
        """All error rates at a threshold."""

    def rates_of(self, accepted: NDArray[np.bool_], counted: NDArray[np.bool_]) -> ResampledRates:
        """All error rates where these rows were accepted (N,), among those that count (N,)."""


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
