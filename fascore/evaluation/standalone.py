"""Evaluation of score files alone: no model, no data, no torch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fascore.component import load, validate
from fascore.errors import FascoreError
from fascore.evaluation.evaluate import Metrics, evaluate
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, choose
from fascore.files import write_whole
from fascore.kinds.metric import Metric

METRICS = ("auc", "eer", "hter", "accuracy", "iso30107")


@dataclass(frozen=True)
class Evaluation:
    """What score files give: `tests` by name, the `dev` table, the `threshold`, and `metrics`, the content of metrics.json."""

    tests: dict[str, ScoreTable]
    dev: ScoreTable | None
    threshold: Threshold | None
    metrics: Metrics


def evaluate_files(
    paths: Sequence[Path], *, dev: Path | None = None, rule: str | None = None, out: Path | None = None, metrics: Sequence[Metric] | None = None
) -> Evaluation:
    """Evaluate score files in fascore's CSV, each a test set named by its file.

    `dev` is the score file of the dev split; `rule` a threshold rule (default: `eer` with dev scores), or `fixed=0.5`, which
    needs no dev file. Without both, only metrics that need no threshold are measured, and a warning says so. With `out`,
    `metrics.json` and `threshold.json` are written there. Raises FascoreError in sentences.
    """
    if not paths:
        raise FascoreError("give at least one score file, such as runs/<name>/scores/test.csv")
    if rule and dev is None and not rule.startswith("fixed="):
        raise FascoreError(f"threshold rule '{rule}' needs the scores of a dev split: give a dev file, or a number with 'fixed=…'")
    if dev is not None and any(path.resolve() == dev.resolve() for path in paths):
        raise FascoreError(f"{dev} is both the dev file and a test file: a threshold chosen on the data it is tested on measures nothing")
    tests = {name: ScoreTable.read(path) for name, path in zip(_names(paths), paths)}
    dev_table = None if dev is None else ScoreTable.read(dev)
    threshold = choose(rule or "eer", dev_table) if rule or dev_table is not None else None
    found = evaluate(tests, threshold, _default_metrics() if metrics is None else metrics, dev_table)
    if threshold is None:
        found["warnings"].insert(0, "there is no threshold: give dev scores, or a number with 'fixed=…'; rates at a threshold are left out")
    if out is not None:
        write_whole(out / "metrics.json", json.dumps(found, indent=2) + "\n")
        if threshold is not None:
            write_whole(out / "threshold.json", threshold.to_json())
    return Evaluation(tests, dev_table, threshold, found)


def _default_metrics() -> list[Metric]:
    return [cast("Metric", validate(load("metric", name), {"type": name})) for name in METRICS]


def _names(paths: Sequence[Path]) -> list[str]:
    """The files' stems, with as many folders before them as it takes to tell them apart."""
    resolved = [path.resolve().with_suffix("") for path in paths]
    if doubled := [path for path, count in Counter(resolved).items() if count > 1]:
        raise FascoreError(f"{doubled[0]} is given twice")
    for depth in range(1, max(len(path.parts) for path in resolved) + 1):
        names = ["/".join(path.parts[-depth:]) for path in resolved]
        if len(set(names)) == len(names):
            break
    return names
