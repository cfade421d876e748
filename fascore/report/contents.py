"""What a report is made of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fascore.contract.hooks import Section
from fascore.contract.record import Record
from fascore.evaluation.table import ScoreTable

Counts: TypeAlias = Mapping[str, Any]
"""`bona_fide`, `subjects` and `species` by name, as `fascore.evaluation.evaluate.counts` gives them."""
Curves: TypeAlias = Mapping[str, Mapping[float, float]]
"""Values by epoch, by name."""
People: TypeAlias = frozenset[tuple[str, str]]
"""(dataset, name) of everybody who is seen or presents in a split."""


@dataclass(frozen=True)
class Timing:
    """Seconds from a presentation's media to its score, one presentation at a time, and on what they were taken."""

    seconds: Sequence[float]
    where: str


@dataclass(frozen=True)
class ReportFacts:
    """Everything that report.html shows; all but the first three may be left out.

    `metrics` is the content of metrics.json and `tests` its score tables by the same names; `system` what was tested, as
    (what, value) pairs in the order to print (spec, versions, weights' hash, device, seed); `log` the rows of log.jsonl;
    `quarantine` the rows of quarantine.jsonl; `splits` and `people` counts and names of splits without a score table
    (train); `pictures` JPEG bytes by test set and id, of records that may be shown; `sections` what hook plugins add.
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
    """True where media are stripped and names replaced: see `fascore.report.sharing`."""

    @property
    def tables(self) -> dict[str, ScoreTable]:
        """All score tables by the name of their split, dev first."""
        return {**({} if self.dev is None else {"dev": self.dev}), **self.tests}


def record_counts(records: Sequence[Record]) -> Counts:
    """Counts of a split from its records, for `ReportFacts.splits`."""
    species = Counter(record.species or "unknown" for record in records if not record.label)
    subjects = {record.subject for record in records if record.subject}
    return {
        "bona_fide": sum(record.label for record in records),
        "subjects": len(subjects),
        "species": dict(sorted(species.items())),
    }


def record_people(records: Sequence[Record]) -> People:
    """Everybody in a split, in any role, for `ReportFacts.people`."""
    return frozenset(
        (record.dataset, name) for record in records for name in (record.subject, record.presenter) if name
    )


def curves(log: Sequence[Mapping[str, Any]]) -> dict[str, Curves]:
    """Means by epoch of what the log's rows hold under `losses` (of train) and `dev` (figures of dev)."""
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
