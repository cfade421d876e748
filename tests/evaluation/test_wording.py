"""What qualifies a figure in the report: every metric of the core is worded, and no metric of a plugin can stop the report."""

from typing import Any

import numpy as np
import pytest

from fascore.contract.component import load
from fascore.contract.kinds import Metric
from fascore.contract.registry import index
from fascore.evaluation.metric_entry import describe
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose

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
    parts = metric.build().compute(ScoreTable.from_columns(columns), choose("fixed=0.5", None))
    assert describe(metric, parts).detail
