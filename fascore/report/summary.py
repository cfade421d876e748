"""The parts of the report that describe what was tested: presentations, instruments, people, exclusions, time, training."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from markupsafe import Markup

from fascore.evaluation.categorical import Categorical
from fascore.evaluation.evaluate import counts
from fascore.evaluation.subjects import people
from fascore.evaluation.table import ScoreTable
from fascore.report import charts
from fascore.report.contents import People, ReportFacts, Timing, curves

TIME = "decision_time"
"""Column of a score file: duration of a decision in seconds."""


def presentations(facts: ReportFacts) -> dict[str, Any]:
    """Presentations by species (rows) and split (columns)."""
    splits = {**facts.splits, **{name: counts(table) for name, table in facts.tables.items()}}
    species = sorted({name for split in splits.values() for name in split["species"]})
    rows = [("bona fide", [split["bona_fide"] for split in splits.values()])]
    rows += [(name, [split["species"].get(name, 0) for split in splits.values()]) for name in species]
    return {"splits": list(splits), "rows": rows, "subjects": [split["subjects"] or None for split in splits.values()]}


def instruments(facts: ReportFacts) -> list[dict[str, Any]]:
    """By test set and species: number of presentations, instruments, sources (people whom the attack shows), and presenters."""
    rows = []
    for test, table in facts.tests.items():
        species, attack = table.categorical("species").named(), table.attack
        columns = {
            column: _distinct(species, table.categorical(column), attack)
            for column in ("instrument", "subject", "presenter")
        }
        sizes = np.bincount(species.codes[attack], minlength=len(species.names))
        rows += [
            {
                "test": test,
                "species": name,
                "presentations": int(sizes[code]),
                **{column: numbers[code] for column, numbers in columns.items()},
            }
            for code, name in enumerate(species.names)
            if sizes[code]
        ]
    return rows


def _distinct(species: Categorical, column: Categorical, rows: np.ndarray) -> list[int | None]:
    """Number of distinct words in a column for each species among some rows. None if the column is empty for that species."""
    named = rows & ~column.equals("")
    pairs = np.unique(species.codes[named].astype(np.int64) * max(len(column.names), 1) + column.codes[named])
    numbers = np.bincount(pairs // max(len(column.names), 1), minlength=len(species.names)).tolist()
    return [number or None for number in numbers]


def summary(facts: ReportFacts, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The totals over all test sets at the top of the report. `rows` are the rows of `instruments`."""
    named = [set(table.categorical("instrument").present(table.attack)) - {""} for table in facts.tests.values()]
    seen = {person for table in facts.tests.values() for person in _named(table, "subject")}
    return {
        "species": len({row["species"] for row in rows}),
        "instruments": len(set().union(*named)) or None,
        "sources": len(seen) or None,
        "attacks": sum(int(np.count_nonzero(table.attack)) for table in facts.tests.values()),
        "bona_fide": sum(int(np.count_nonzero(table.bona_fide)) for table in facts.tests.values()),
        "time": decision_time(facts),
    }


def decision_time(facts: ReportFacts) -> dict[str, Any] | None:
    """p50 and p95 in seconds, as measured by the run or else from the column `decision_time`. None if neither is available."""
    timing = facts.timing or _stated(facts)
    if timing is None or not len(timing.seconds):
        return None
    p50, p95 = np.percentile(np.asarray(timing.seconds), [50, 95]).tolist()
    return {"p50": p50, "p95": p95, "n": len(timing.seconds), "where": timing.where}


def _stated(facts: ReportFacts) -> Timing | None:
    seconds: list[float] = []
    for table in facts.tests.values():
        if TIME in table.words:
            times = table.words[TIME]
            values = np.array([_number(name) for name in times.names])[times.codes]
            seconds += values[np.isfinite(values)].tolist()
    return Timing(seconds, f"from column '{TIME}' of the score files") if seconds else None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def shared_people(facts: ReportFacts) -> list[dict[str, Any]]:
    """The number of people in both splits, in any role, for each pair of train, dev, and a test set.

    Test sets are not compared with each other.
    """
    seen = {name: _named(table, "subject") | _named(table, "presenter") for name, table in facts.tables.items()}
    named: dict[str, People] = {**facts.people, **seen}
    own = [name for name in named if name not in facts.tests]
    pairs = [*combinations(own, 2), *((split, test) for test in facts.tests for split in own)]
    return [
        {
            "first": first,
            "second": second,
            "known": bool(named[first] and named[second]),
            "shared": len(named[first] & named[second]),
            "sizes": (len(named[first]), len(named[second])),
        }
        for first, second in pairs
    ]


def _named(table: ScoreTable, column: str) -> People:
    return frozenset(people(table.categorical("dataset"), table.categorical(column)))


def silent(facts: ReportFacts) -> list[tuple[str, str, int, int]]:
    """(split, response, bona fide, attacks) for presentations without a response."""
    rows = []
    for name, table in facts.tables.items():
        quiet = ~table.responded
        kinds = Counter(zip(table.categorical("response").select(quiet).decode().tolist(), table.label[quiet].tolist()))
        rows += [
            (name, response, kinds[response, 1], kinds[response, 0])
            for response in sorted({response for response, _ in kinds})
        ]
    return rows


def quarantine(facts: ReportFacts) -> list[tuple[str, str, int, str]]:
    """(modality, reason, count, first id) for records that were excluded."""
    ids: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in facts.quarantine:
        ids[str(row.get("modality", "")), str(row.get("reason") or row.get("response", ""))].append(
            str(row.get("id", ""))
        )
    return [
        (modality, reason, len(group), group[0])
        for (modality, reason), group in sorted(ids.items(), key=lambda item: -len(item[1]))
    ]


def training(facts: ReportFacts) -> Iterator[tuple[str, Markup]]:
    """Yield the curves from the training log."""
    looks = {"losses": ("Training losses", "mean over the epoch", 30.0), "dev": ("Dev figures", "value", math.inf)}
    for kind, series in curves(facts.log).items():
        title, ylabel, spread = looks[kind]
        yield title, Markup(charts.training_chart(series, ylabel, title, spread=spread))
