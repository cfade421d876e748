"""Evaluation of very many scores, relative to one `numpy.argsort` of them in the same run; the bootstrap against its
stated limit.
"""

import time
import tracemalloc

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from timing import processor

from fascore.evaluation.bootstrap import Resampling
from fascore.evaluation.categorical import Categorical
from fascore.evaluation.evaluate import evaluate
from fascore.evaluation.score_files import default_metrics
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose

ROWS, SPECIES = 10_000_000, 20
LONGEST, MOST_MEMORY = 2.5, 4.0
"""Multiples of the time of an argsort, and of the bytes of the scores."""


def scores(rows: int, subjects: int) -> ScoreTable:
    """Half bona fide, half attacks of twenty species, some without a response."""
    random = np.random.default_rng(0)
    label = random.integers(0, 2, rows, dtype=np.int8)
    names = ("", *(f"print.{number:02d}" for number in range(SPECIES)))
    species = Categorical(names, np.where(label == 1, 0, random.integers(1, SPECIES + 1, rows, np.int32)))
    silent = random.random(rows) < 0.01
    score = np.where(silent, np.nan, random.normal(label))
    words = {
        "species": species,
        "response": Categorical(("no_face", "ok"), (~silent).astype(np.int32)),
        "task": Categorical.constant("spoof", rows),
        "subject": Categorical(
            tuple(f"s{number:04d}" for number in range(subjects)), random.integers(0, subjects, rows, np.int32)
        ),
    }
    return ScoreTable(np.zeros(rows, "U1"), label, score, words)


def unsorted(table: ScoreTable) -> ScoreTable:
    """The same columns in a table that has not been sorted yet."""
    return ScoreTable(table.id, table.label, table.score, table.words)


@pytest.mark.benchmark(timer=time.process_time)
def test_all_figures_of_ten_million_scores(benchmark: BenchmarkFixture) -> None:
    table = scores(ROWS, 1000)
    dev = table.select(np.arange(100_000))
    threshold, metrics, sorting = choose("eer", dev), default_metrics({"t": table}), []

    def setup() -> tuple[tuple[ScoreTable], dict]:
        sorting.append(processor(lambda: np.argsort(table.score)))
        return (unsorted(table),), {}

    benchmark.pedantic(lambda fresh: evaluate({"t": fresh}, threshold, metrics, dev), setup=setup, rounds=3)
    tracemalloc.start()
    evaluate({"t": unsorted(table)}, threshold, metrics, dev)
    memory = tracemalloc.get_traced_memory()[1] / table.score.nbytes
    tracemalloc.stop()
    ratio = benchmark.stats.stats.min / min(sorting)
    benchmark.extra_info.update(
        times_argsort=round(ratio, 2), limit=LONGEST, memory=round(memory, 2), memory_limit=MOST_MEMORY
    )
    assert ratio <= LONGEST
    assert memory <= MOST_MEMORY


@pytest.mark.parametrize("subjects", [50, 1000, 30_000])
def test_a_thousand_resamples_of_a_hundred_thousand_scores(benchmark: BenchmarkFixture, subjects: int) -> None:
    table = scores(100_000, subjects)

    def resample() -> None:
        draws = Resampling.of(unsorted(table), 1000, 0)
        assert draws is not None
        assert len(draws.rates(0.5).hter) == len(draws.curves.auc) == 1000

    benchmark.pedantic(resample, rounds=3)
    benchmark.extra_info.update(limit_seconds=5)
    assert benchmark.stats.stats.min < 5
