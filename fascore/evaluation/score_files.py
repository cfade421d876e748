"""Evaluation of score files alone: no model, no data, no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fascore.contract.component import load, validate
from fascore.contract.errors import FascoreError
from fascore.contract.files import write_whole
from fascore.contract.kinds.metric import Metric
from fascore.evaluation.combining import Rule
from fascore.evaluation.evaluate import Depth, Metrics, evaluate
from fascore.evaluation.importers.importer import Importer
from fascore.evaluation.presentation_level import Level
from fascore.evaluation.sources import Sources, read_sources
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, choose, threshold_rule

METRICS: tuple[dict[str, Any], ...] = (
    {"type": "iso30107"},
    {"type": "hter"},
    {"type": "accuracy"},
    {"type": "accuracy", "threshold": "bpcer=0.01"},
    {"type": "auc"},
    {"type": "partial_auc"},
    {"type": "eer"},
    *({"type": "bpcer_at_apcer", "apcer": rate} for rate in (0.1, 0.05, 0.01)),
    *({"type": "apcer_at_bpcer", "bpcer": rate} for rate in (0.05, 0.01, 0.005)),
    *({"type": "tpr_at_fpr", "fpr": rate} for rate in (1e-2, 1e-3, 1e-4)),
)
"""Metrics for score files; `riapar` is added if the files contain the results of a matcher."""


@dataclass(frozen=True)
class Evaluation:
    """The result for score files: `tests` by name, the `dev` table, the `threshold`, and `metrics`, the content of
    metrics.json.

    `notes`: sentences that describe how each file was read and how systems were combined.
    """

    tests: dict[str, ScoreTable]
    dev: ScoreTable | None
    threshold: Threshold | None
    metrics: Metrics
    notes: list[str]


def evaluate_files(
    paths: Sequence[Path],
    *,
    dev: Path | Sequence[Path] = (),
    rule: str | None = None,
    out: Path | None = None,
    metrics: Sequence[Metric] | None = None,
    importer: Importer | None = None,
    combine: Rule | None = None,
    level: Level | None = None,
    depth: Depth | None = None,
) -> Evaluation:
    """Evaluate score files, each a test set named after its file, or the folder of a run with all its test sets.

    `dev` is the score file of the dev split. `rule` is a threshold rule (default: `eer` with dev scores), or
    `fixed=0.5`, which needs no dev file. Without both, only metrics that need no threshold are measured, and a warning
    states this. `combine` merges several systems into one, given a score file and a dev file of each in the same order,
    or the folders of their runs. Tables are then folded to `level` before anything is measured. `depth` selects what is
    measured beyond the figures. With `out`, the function writes `metrics.json`, `threshold.json`, and the measured
    `scores/` to that folder, and `combination.json` if systems were combined. Raises FascoreError.
    """
    dev = [dev] if isinstance(dev, Path) else list(dev)
    if rule and not dev and not rule.startswith("fixed=") and not any(path.is_dir() for path in paths):
        raise FascoreError(
            f"threshold rule '{rule}' needs the scores of a dev split: give a dev file, or a number with 'fixed=…'"
        )
    sources = read_sources(paths, dev, importer or Importer(), combine)
    evaluation = evaluate_sources(sources, rule, metrics=metrics, level=level, depth=depth)
    if out is not None:
        write_evaluation(out, evaluation)
    return evaluation


def evaluate_sources(
    sources: Sources,
    rule: str | None = None,
    *,
    metrics: Sequence[Metric] | None = None,
    level: Level | None = None,
    depth: Depth | None = None,
) -> Evaluation:
    """Evaluate score tables of any origin. Parameters and errors are those of `evaluate_files`."""
    level = level or Level()
    sources = sources.folded(level)
    threshold = choose(_turned(rule, sources), sources.dev) if rule or sources.dev is not None else None
    metrics = default_metrics(sources.tests) if metrics is None else metrics
    measured = evaluate(sources.tests, threshold, metrics, sources.dev, depth, level)
    measured["sources"] = sources.notes
    if sources.combination is not None:
        measured["combination"] = sources.combination.model_dump(mode="json")
    if threshold is None:
        measured["warnings"].insert(
            0, "there is no threshold: add dev scores, or a number with 'fixed=…'; rates at a threshold are left out"
        )
    return Evaluation(sources.tests, sources.dev, threshold, measured, sources.notes)


def _turned(name: str | None, sources: Sources) -> str:
    """The rule.

    If it is a number and scores were negated, the number is negated too, because it refers to the file's scores.
    """
    rule = threshold_rule(name or "eer")
    if rule.name != "fixed" or not sources.negated:
        return rule
    value = rule.level
    sources.notes.append(
        f"threshold {value:g} of the files' scores is {-value:g} here: accept where the file's score is at most {value:g}"
    )
    return f"fixed={-value!r}"


def write_evaluation(out: Path, evaluation: Evaluation) -> None:
    """Write the files of an evaluation to a folder; `evaluate_files` lists them."""
    metrics, dev = evaluation.metrics, evaluation.dev
    write_whole(out / "metrics.json", json.dumps(metrics, indent=2) + "\n")
    if evaluation.threshold is not None:
        write_whole(out / "threshold.json", evaluation.threshold.to_json())
    if "combination" in metrics:
        write_whole(out / "combination.json", json.dumps(metrics["combination"], indent=2) + "\n")
    for name, table in {**evaluation.tests, **({} if dev is None else {"dev": dev})}.items():
        table.write(out / "scores" / f"{name.replace('/', '_')}.csv")


def default_metrics(tests: Mapping[str, ScoreTable]) -> list[Metric]:
    """The metrics of `METRICS`, plus those that matcher columns allow."""
    matched = any("matcher.accept" in table.heads for table in tests.values())
    documents = (*METRICS, {"type": "riapar"}) if matched else METRICS
    return [cast("Metric", validate(load("metric", document["type"]), document)) for document in documents]
