"""What qualifies a figure in the report: every metric of the core is worded, and no metric of a plugin can stop the report."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from fascore.contract.component import load
from fascore.contract.kinds import Metric
from fascore.contract.registry import index
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.wording import detail

KEYS = (
    "apcer",
    "apcer_pooled",
    "apcer_worst",
    "apcer_worst_species",
    "area",
    "attacks",
    "bpcer",
    "convention",
    "errors",
    "false_accept_pooled",
    "false_reject",
    "fpr",
    "interpolated",
    "max_fpr",
    "n",
    "n_attack",
    "n_bona_fide",
    "n_positive",
    "nearest",
    "positive",
    "reached",
    "rule",
    "value",
)
EXAMPLES: list[tuple[Metric, dict[str, Any]]] = [
    example
    if isinstance(example, tuple)
    else (example, {})  # with the columns that it reads, where these are no usual ones
    for name in index().names("metric")
    if "." not in name
    for example in load("metric", name).examples()  # type: ignore[attr-defined]
]


@pytest.mark.parametrize(("metric", "further"), EXAMPLES, ids=[metric.canonical() for metric, _ in EXAMPLES])
def test_what_each_metric_of_the_core_gives_is_worded(metric: Metric, further: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    label = np.arange(4000) % 2
    columns = {
        "label": label,
        "score": rng.normal(label, 1),
        "species": np.where(label == 1, "", "print.flat"),
        "matcher.score": rng.random(4000),
        "matcher.accept": rng.integers(0, 2, 4000),
        **{name: [value] * 4000 for name, value in further.items()},
    }
    parts = metric.compute(ScoreTable.from_columns(columns), choose("fixed=0.5", None))
    assert detail(parts)


@given(st.dictionaries(st.sampled_from(KEYS), st.floats(0, 1), max_size=len(KEYS)))
def test_any_parts_of_a_plugins_metric_give_some_text(parts: dict[str, float]) -> None:
    assert isinstance(detail(parts), str)
