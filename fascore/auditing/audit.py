"""The whole audit: draw records, read them, ask the questions of every part and task, compare splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from fascore.auditing.columns import CAUSES
from fascore.auditing.duplicates import duplicates
from fascore.auditing.facts import Facts
from fascore.auditing.findings import Audit, Limits, TaskFindings
from fascore.auditing.questions import Task
from fascore.auditing.sample import read, sample
from fascore.auditing.target import Part, Row
from fascore.data.prepare import Progress
from fascore.errors import FascoreError


def audit(
    target: str, parts: Sequence[Part], *, records: int = 1000, seed: int = 0, limits: Limits | None = None, ignored: Collection[str] = (),
    processes: int | None = None, progress: Progress | None = None,
) -> Audit:  # fmt: skip
    """Audit `parts`: at most `records` of each task and label of each. Raises FascoreError where nothing can be read."""
    limits = limits or Limits()
    drawn = [sample(part, records, seed) for part in parts]
    facts = read([row for rows in drawn for row in rows], processes, progress)
    unreadable = {id: found.problem for id, found in facts.items() if found.problem is not None}
    if len(unreadable) == len(facts):
        id, why = next(iter(unreadable.items()), ("", ""))
        raise FascoreError(f"none of {len(facts)} records can be read; '{id}': {why}" if facts else f"{target} lists no records")
    usable = [[row for row in rows if row.record.id not in unreadable] for rows in drawn]
    tasks = [found for part, rows in zip(parts, usable) for found in _tasks(part, rows, facts, seed, limits, ignored)]
    compared = list({row.record.id: row for rows in reversed(usable) for row in rows if row.splits}.values())
    several = len({row.splits[0] for row in compared}) > 1
    return Audit(
        target, limits, tuple(tasks), tuple(duplicates(compared, [facts[row.record.id] for row in compared])) if several else None, len(compared),
        unreadable, len({row.record.id for part in parts for row in part.rows}), len(facts), (*CAUSES, *sorted(ignored)), seed,
    )  # fmt: skip


def _tasks(
    part: Part, rows: Sequence[Row], facts: Mapping[str, Facts], seed: int, limits: Limits, ignored: Collection[str]
) -> Iterator[TaskFindings]:
    for name in sorted({row.record.task for row in rows}):
        chosen = [row for row in rows if row.record.task == name]
        bona_fide = sum(row.record.label for row in chosen)
        attacks, notes = len(chosen) - bona_fide, list(_splits(part, name))
        if not bona_fide or not attacks:
            lacks = "bona fide records" if not bona_fide else "attacks"
            yield TaskFindings(part.name, name, bona_fide, attacks, (), (), (f"there are no {lacks}: nothing can be asked", *notes))
            continue
        task = Task(chosen, [facts[row.record.id] for row in chosen], seed, limits, ignored)
        yield TaskFindings(part.name, name, bona_fide, attacks, tuple(task.findings()), tuple(task.species()), (*task.notes(), *notes))


def _splits(part: Part, task: str) -> Iterator[str]:
    """What splits share, which a record or a person should not."""
    rows = [row for row in part.rows if row.record.task == task]
    if shared := [row.record.id for row in rows if len(row.splits) > 1]:
        yield f"{len(shared)} records stand in several splits, such as '{shared[0]}'"
    people: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.record.subject is not None and len(row.splits) == 1:
            people[row.record.subject].update(row.splits)
    if across := sorted(who for who, splits in people.items() if len(splits) > 1):
        yield f"{len(across)} subjects stand in several splits, such as '{across[0]}': figures then tell how well people are remembered"
