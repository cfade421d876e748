"""An audit as JSON and as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from fas_audit.findings import Audit, Finding, Limits, TaskFindings

NAMED = 20
"""Number of pairs and ids that are printed on a terminal; the JSON has all."""


def document(audit: Audit) -> dict[str, Any]:
    """The whole audit as a JSON document; `verdict` is the overall verdict."""
    tasks = [{**asdict(task), "findings": [_finding(finding) for finding in task.findings]} for task in audit.tasks]
    pairs = None if audit.duplicates is None else [asdict(pair) for pair in audit.duplicates]
    return {"verdict": audit.verdict(), **asdict(audit), "tasks": tasks, "duplicates": pairs}


def _finding(finding: Finding) -> dict[str, Any]:
    measured = None if finding.measured is None else finding.measured._asdict()
    return {
        **asdict(finding),
        "measured": measured,
        "telling": [{"column": name, "auc": auc} for name, auc in finding.telling],
    }


def rows(audit: Audit) -> list[tuple[str, ...]]:
    """The table of answers: a header, then one row per question and model."""
    header = ("part", "task", "question", "by", "records", "AUC", "limit", "verdict", "most telling")
    return [header, *(_row(audit, task, finding) for task in audit.tasks for finding in task.findings)]


def _row(audit: Audit, task: TaskFindings, finding: Finding) -> tuple[str, ...]:
    measured = finding.measured
    count = "-" if measured is None else f"{measured.bona_fide} + {measured.attacks}"
    value = "-" if measured is None else f"{measured.auc:.3f} +- {measured.error:.3f}"
    explained = not measured or (finding.question == "identity" and finding.verdict == "passed")
    clue = ", ".join(f"{name} {auc:.2f}" for name, auc in finding.telling[:2]) or (
        finding.sentence if explained else ""
    )
    return (
        task.part,
        task.task,
        finding.question,
        finding.model,
        count,
        value,
        _limit(audit.limits, finding.question),
        finding.verdict,
        clue,
    )


def _limit(limits: Limits, question: str) -> str:
    """The limit of a question. Balanced labels within subjects are not a shortcut, so identity has only an upper limit."""
    if question in ("identity", "statistics"):
        return f"<= {limits.statistic if question == 'statistics' else 0.5 + limits.distance:.2f}"
    return f".50 +- {limits.distance:.2f}".replace("0.", ".")


def species_rows(audit: Audit) -> list[tuple[str, ...]]:
    """The best single statistic of each species."""
    table = [
        (task.part, row.species, str(row.attacks), f"{row.auc:.3f}", row.statistic)
        for task in audit.tasks
        for row in task.species
    ]
    return [("part", "species", "attacks", "AUC", "best single statistic"), *table] if table else []


def sentences(audit: Audit) -> Iterator[str]:
    """What the tables do not show, in order: what was left out, what leaked, what to do."""
    for task in audit.tasks:
        yield from (f"{task.part}, {task.task}: {note}" for note in task.notes)
    if audit.unreadable:
        named = "; ".join(f"{id}: {why}" for id, why in list(audit.unreadable.items())[:NAMED])
        yield f"{len(audit.unreadable)} of {audit.read} records cannot be read and are excluded: {named}"
    yield _compared(audit)
    for task in audit.tasks:
        yield from (
            f"failed: {task.part}, {task.task}, {f.question} ({f.model}): {f.sentence}"
            for f in task.findings
            if f.verdict == "failed"
        )
    for pair in (audit.duplicates or ())[:NAMED]:
        yield (
            f"failed: {pair.first} ({pair.splits[0]}) and {pair.second} ({pair.splits[1]}) show the same picture "
            f"({pair.bits} of 64 bits differ, correlation {pair.correlation:.3f}): keep them in one split, or drop one"
        )


def _compared(audit: Audit) -> str:
    examined = f"{audit.read} of {audit.listed} records were examined"
    if audit.duplicates is None:
        return f"{examined}; near-duplicates were not searched because there are fewer than two splits"
    pairs = f"{len(audit.duplicates)} pairs of near-duplicates" if audit.duplicates else "no near-duplicates"
    return f"{examined}; {pairs} across splits among {audit.compared}"


def aligned(table: Sequence[Sequence[str]]) -> str:
    """Rows with left-aligned cells, two spaces apart; the last cell is not padded."""
    if not table:
        return ""
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table)
