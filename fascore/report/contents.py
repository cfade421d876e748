"""The contents of a report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fascore.contract.hooks import Section
from fascore.contract.record import Record
from fascore.evaluation.table import ScoreTable

Counts: TypeAlias = Mapping[str, Any]
"""`bona_fide`, `subjects`, and `species` by name, as returned by `fascore.evaluation.evaluate.counts`."""
Curves: TypeAlias = Mapping[str, Mapping[float, float]]
"""Values by epoch, by name."""
People: TypeAlias = frozenset[tuple[str, str]]
"""(dataset, name) of everyone who appears or presents in a split."""


@dataclass(frozen=True)
class Timing:
    """Seconds from a presentation's media to its score, one presentation at a time. `where` describes the machine and procedure."""

    seconds: Sequence[float]
    where: str


@dataclass(frozen=True)
class ReportFacts:
    """Everything that report.html shows. All fields except the first three are optional.

    `metrics` is the content of metrics.json, and `tests` holds its score tables under the same names. `system` describes
    the system under test as (name, value) pairs in print order (spec, versions, hash of the weights, device, seed). `log`
    holds the rows of log.jsonl, `quarantine` those of quarantine.jsonl. `splits` and `people` hold counts and names for
    splits without a score table (train). `pictures` holds JPEG bytes by test set and id, for records that may be shown.
    `sections` holds the sections added by hook plugins.
    """

    title: str
    metrics: Mapping[str, Any]
    tests: Mapping[str, ScoreTable]
    dev: ScoreTable | None = None
    system: Mapping[str, str] = field(default_factory=dict)
    log: Sequence[Mapping[str, Any]] = ()
    quarantine: Sequence[Mapping[str, Any]] = ()
    splits: Mapping[str, Counts] = field(default_factory=dict)
    people: Mapping[str, People] = field(default_factory=dict)
    timing: Timing | None = None
    pictures: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    sections: Sequence[Section] = ()
    shared: bool = False
    """True if media were removed and names replaced; see `fascore.report.sharing`."""

    @property
    def tables(self) -> dict[str, ScoreTable]:
        """All score tables by split name, dev first."""
        return {**({} if self.dev is None else {"dev": self.dev}), **self.tests}


def record_counts(records: Sequence[Record]) -> Counts:
    """Count the records of a split, for `ReportFacts.splits`."""
    species = Counter(record.species or "unknown" for record in records if not record.label)
    subjects = {record.subject for record in records if record.subject}
    return {
        "bona_fide": sum(record.label for record in records),
        "subjects": len(subjects),
        "species": dict(sorted(species.items())),
    }


def record_people(records: Sequence[Record]) -> People:
    """Everyone in a split, in any role, for `ReportFacts.people`."""
    return frozenset(
        (record.dataset, name) for record in records for name in (record.subject, record.presenter) if name
    )


def curves(log: Sequence[Mapping[str, Any]]) -> dict[str, Curves]:
    """Means by epoch of the values under `losses` (train) and `dev` (dev figures) in the log."""
    by_kind: dict[str, dict[str, dict[float, list[float]]]] = {
        kind: defaultdict(lambda: defaultdict(list)) for kind in ("losses", "dev")
    }
    for row in log:
        for kind, series in by_kind.items():
            for name, value in dict(row.get(kind) or {}).items():
                if isinstance(value, int | float) and "epoch" in row:
                    series[name][float(row["epoch"])].append(float(value))
    return {
        kind: {
            name: {epoch: sum(values) / len(values) for epoch, values in sorted(points.items())}
            for name, points in series.items()
        }
        for kind, series in by_kind.items()
        if series
    }
