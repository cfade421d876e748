"""What an audit finds, and when that is a failure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fas_audit.duplicates import Pair
from fas_audit.prediction import CROSSED, Measured

Verdict: TypeAlias = Literal["passed", "failed", "not measurable"]
SURE = 3.0
"""Standard errors from one half within which chance alone explains an AUC."""
FINE = 0.7
"""Share of a limit that the standard error may have for an AUC within it to count as within."""
GROUPED = 1.15
"""How much larger the standard error may be that subjects with several records give."""
COARSEST = 0.05
"""Standard error above which a statistic's AUC says nothing."""


@dataclass(frozen=True)
class Limits:
    """`distance` from one half that an AUC of what must say nothing may have; `statistic`, the best AUC of a single statistic."""

    distance: float = 0.03
    statistic: float = 0.75


@dataclass(frozen=True)
class Finding:
    """The answer to one question about one task of a part. `telling` are (column, AUC), the strongest first."""

    question: str
    model: str
    verdict: Verdict
    measured: Measured | None
    sentence: str
    telling: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class BySpecies:
    """The best single statistic of one species against bona fide."""

    species: str
    attacks: int
    statistic: str
    auc: float


@dataclass(frozen=True)
class TaskFindings:
    """All of one task of a part; `notes` say what was left out, or assumed."""

    part: str
    task: str
    bona_fide: int
    attacks: int
    findings: tuple[Finding, ...]
    species: tuple[BySpecies, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """The whole of it. `duplicates` is None where there are no two splits to compare; `unreadable` by id."""

    target: str
    limits: Limits
    tasks: tuple[TaskFindings, ...]
    duplicates: tuple[Pair, ...] | None
    compared: int
    unreadable: dict[str, str] = field(default_factory=dict)
    listed: int = 0
    read: int = 0
    excluded: tuple[str, ...] = ()
    seed: int = 0

    def verdicts(self) -> list[Verdict]:
        """Of every question."""
        verdicts = [finding.verdict for task in self.tasks for finding in task.findings]
        if self.duplicates is not None:
            verdicts.append("failed" if self.duplicates else "passed")
        return verdicts

    def verdict(self) -> Verdict:
        """Failed where anything failed; not measurable where nothing passed."""
        verdicts = self.verdicts()
        if "failed" in verdicts:
            return "failed"
        return "passed" if "passed" in verdicts else "not measurable"


def enough(limit: float) -> float:
    """Records of each label with which an AUC out of folds of half may pass: sqrt(1 / 6n) is its standard error if it is chance."""
    return (GROUPED * CROSSED / (FINE * limit)) ** 2 / 6 if limit else math.inf


def near_half(measured: Measured, limit: float) -> Verdict:
    """Of an AUC out of folds that must be .50.

    Below the limit it is not measurable: a model is worse than chance on people it has not seen where there are too few of them, or where a cue
    flips from one to the other, and neither is a shortcut that it could take.
    It fails beyond the limit where chance does not explain it; within the limit it passes where the standard error is small
    against it. Otherwise there are too few records to tell.
    """
    distance = measured.auc - 0.5
    if abs(distance) > limit:
        return "failed" if distance > SURE * measured.error else "not measurable"
    return "passed" if measured.error <= FINE * limit else "not measurable"


def at_most(measured: Measured, limit: float) -> Verdict:
    """Of an AUC that must not exceed a limit above one half."""
    if measured.auc > limit:
        return (
            "failed" if measured.auc - limit > SURE * measured.error or measured.error <= COARSEST else "not measurable"
        )
    return "passed" if measured.error <= COARSEST else "not measurable"
