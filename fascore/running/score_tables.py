"""Score tables of a run: the output of the heads and the facts of the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fascore.contract.record import Record
from fascore.data.prepare import Missing, Prepared
from fascore.evaluation.score_rules import Floats, Rule, combine
from fascore.evaluation.table import ScoreTable
from fascore.spec.plan import Plan
from fascore.training.scoring import Scores

_FIELDS = ("dataset", "task", "subject", "presenter", "species")
_METADATA = ("instrument", "attack_potential", "session", "device", "attempt")


def head_columns(
    records: Sequence[Record], scored: Mapping[str, Mapping[str, float]], heads: Sequence[str]
) -> dict[str, Floats]:
    """Scores by head, and other numbers by `<head>.<name>`, (N,) in the order of the records; NaN if there is none."""
    return {
        head: np.array([scored.get(r.id, {}).get(head, np.nan) for r in records], dtype=np.float64) for head in heads
    }


def scored_table(
    plan: Plan, prepared: Prepared, records: Sequence[Record], scores: Scores, weights: Mapping[str, float]
) -> ScoreTable:
    """`score_table` of these records by the plan's score rule, with a column for every head that produces scores."""
    scoring = [head for head, node in plan.heads.items() if node.component.scores]
    columns = head_columns(records, scores.by_record(), list(dict.fromkeys([*scoring, *scores.heads])))
    return score_table(records, prepared, columns, plan.spec.model.score, weights)


def score_table(
    records: Sequence[Record],
    prepared: Prepared,
    columns: Mapping[str, Floats],
    rule: Rule,
    weights: Mapping[str, float],
) -> ScoreTable:
    """One row per record of the split; quarantined records are non-responses, with the reason as their response."""
    tasks = np.array([record.task for record in records], dtype=np.str_)
    score = combine(rule, columns, tasks, weights)
    facts: dict[str, Any] = {
        "id": [r.id for r in records],
        "label": [r.label for r in records],
        "score": score,
        "response": [_response(r, prepared, value) for r, value in zip(records, score, strict=True)],
    }
    facts |= {name: [getattr(r, name) for r in records] for name in _FIELDS}
    extra = sorted({name for r in records for name in r.metadata if "." not in name} - set(facts))
    facts |= {name: [r.metadata.get(name) for r in records] for name in dict.fromkeys([*_METADATA, *extra])}
    return ScoreTable.from_columns(
        {**facts, **{head if "." in head else f"{head}.score": values for head, values in columns.items()}}
    )


def _response(record: Record, prepared: Prepared, score: float) -> str:
    """`ok`, or why there is no score: the response of the first modality that the record lacks."""
    if np.isfinite(score):
        return "ok"
    missing = [entry for entry in prepared.entries.get(record.id, {}).values() if isinstance(entry, Missing)]
    return missing[0].response if missing else "refused"
