"""The whole audit: draw records, read them, answer the questions for every part and task, compare splits."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from fas_audit.columns import CAUSES
from fas_audit.duplicates import duplicates
from fas_audit.findings import Audit, Limits, TaskFindings, enough
from fas_audit.questions import Task
from fas_audit.record_facts import Facts
from fas_audit.sample import Kind, read, sample
from fas_audit.surroundings import region_of, shown
from fas_audit.target import Part, Row
from fascore import FascoreError


def audit(
    target: str,
    parts: Sequence[Part],
    *,
    records: int = 1000,
    seed: int = 0,
    limits: Limits | None = None,
    ignored: Collection[str] = (),
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """Audit `parts`: at most `records` per task and label of each part. Raises FascoreError if no record can be read."""
    limits = limits or Limits()
    drawn = [sample(part, records, seed) for part in parts]
    facts = dict(read([row for rows in drawn for row in rows], processes, progress))
    wanted = [_wanted(rows, facts, records, limits) for rows in drawn]
    further = [sample(part, records, seed, more) for part, more in zip(parts, wanted)]
    more = [row for rows in further for row in rows if row.record.id not in facts]
    so_far = len(facts)
    facts |= read(
        more, processes, None if progress is None else lambda done, total: progress(so_far + done, so_far + total)
    )
    unreadable = {id: seen.problem for id, seen in facts.items() if seen.problem is not None}
    if len(unreadable) == len(facts):
        id, why = next(iter(unreadable.items()), ("", ""))
        raise FascoreError(
            f"none of {len(facts)} records can be read; '{id}': {why}" if facts else f"{target} lists no records"
        )
    usable, extra = (
        [[row for row in rows if row.record.id not in unreadable] for rows in each] for each in (drawn, further)
    )
    tasks = [
        task
        for part, rows, more in zip(parts, usable, extra)
        for task in _tasks(part, rows, more, facts, seed, limits, ignored)
    ]
    compared = list({row.record.id: row for rows in reversed(usable + extra) for row in rows if row.splits}.values())
    several = len({row.splits[0] for row in compared}) > 1
    return Audit(
        target,
        limits,
        tuple(tasks),
        tuple(duplicates(compared, [facts[row.record.id] for row in compared])) if several else None,
        len(compared),
        unreadable,
        len({row.record.id for part in parts for row in part.rows}),
        len(facts),
        (*CAUSES, *sorted(ignored)),
        seed,
    )


def _wanted(rows: Sequence[Row], facts: Mapping[str, Facts], records: int, limits: Limits) -> dict[Kind, int]:
    """How many more records of each task and label the surroundings need to pass, since many records do not show any.

    At most `records`; none if that would not be enough or nothing is missing.
    """
    more: dict[Kind, int] = {}
    for task in {row.record.task for row in rows}:
        chosen = [row.record for row in rows if row.record.task == task and facts[row.record.id].problem is None]
        seen = [facts[record.id] for record in chosen]
        kept = [chosen[place].label for place in shown(seen, region_of(seen)).rows.tolist()] if seen else []
        lacking = {}
        for label in (0, 1):
            stay, total = kept.count(label), sum(record.label == label for record in chosen)
            short = max(0.0, enough(limits.distance) - stay)
            lacking[task, label] = short * total / stay if stay else math.inf
        if max(lacking.values()) <= records:
            more |= {kind: math.ceil(count) for kind, count in lacking.items()}
    return more


def _tasks(
    part: Part,
    rows: Sequence[Row],
    further: Sequence[Row],
    facts: Mapping[str, Facts],
    seed: int,
    limits: Limits,
    ignored: Collection[str],
) -> Iterator[TaskFindings]:
    for name in sorted({row.record.task for row in rows}):
        chosen = [row for row in rows if row.record.task == name]
        bona_fide = sum(row.record.label for row in chosen)
        attacks, notes = len(chosen) - bona_fide, list(_splits(part, name))
        if not bona_fide or not attacks:
            missing = "bona fide records" if not bona_fide else "attacks"
            yield TaskFindings(
                part.name,
                name,
                bona_fide,
                attacks,
                (),
                (),
                (f"there are no {missing}, so no question can be answered", *notes),
            )
            continue
        more = [(row, facts[row.record.id]) for row in further if row.record.task == name]
        task = Task(chosen, [facts[row.record.id] for row in chosen], seed, limits, ignored, more)
        yield TaskFindings(
            part.name, name, bona_fide, attacks, tuple(task.findings()), tuple(task.species()), (*task.notes(), *notes)
        )


def _splits(part: Part, task: str) -> Iterator[str]:
    """Records and subjects that several splits share although they should not."""
    rows = [row for row in part.rows if row.record.task == task]
    if shared := [row.record.id for row in rows if len(row.splits) > 1]:
        yield f"{len(shared)} records are in several splits, such as '{shared[0]}'"
    people: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.record.subject is not None and len(row.splits) == 1:
            people[row.record.subject].update(row.splits)
    if across := sorted(who for who, splits in people.items() if len(splits) > 1):
        yield f"{len(across)} subjects are in several splits, such as '{across[0]}': metrics then measure how well people are remembered"
