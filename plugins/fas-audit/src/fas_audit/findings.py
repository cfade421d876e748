"""The findings of an audit, and when a finding is a failure."""

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
"""Largest standard error, as a share of the limit, at which an AUC within the limit passes."""
GROUPED = 1.15
"""Factor by which subjects with several records may increase the standard error."""
COARSEST = 0.05
"""Standard error above which the AUC of a statistic is meaningless."""


@dataclass(frozen=True)
class Limits:
    """`distance`: largest allowed distance of an AUC from 0.50; `statistic`: largest allowed AUC of a single statistic."""

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
    """All findings for one task of a part; `notes` state what was left out or assumed."""

    part: str
    task: str
    bona_fide: int
    attacks: int
    findings: tuple[Finding, ...]
    species: tuple[BySpecies, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """A whole audit. `duplicates` is None if there are no two splits to compare; `unreadable` is keyed by id."""

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
        """The verdict of every question."""
        verdicts = [finding.verdict for task in self.tasks for finding in task.findings]
        if self.duplicates is not None:
            verdicts.append("failed" if self.duplicates else "passed")
        return verdicts

    def verdict(self) -> Verdict:
        """Failed if anything failed; not measurable if nothing passed."""
        verdicts = self.verdicts()
        if "failed" in verdicts:
            return "failed"
        return "passed" if "passed" in verdicts else "not measurable"


def enough(limit: float) -> float:
    """Records per label that an out-of-fold AUC of one half needs to pass: its standard error by chance is sqrt(1 / 6n)."""
    return (GROUPED * CROSSED / (FINE * limit)) ** 2 / 6 if limit else math.inf


def near_half(measured: Measured, limit: float) -> Verdict:
    """The verdict on an out-of-fold AUC that must be 0.50.

    Below the limit it is not measurable: a model is worse than chance on unseen people if there are too few of them, or if a
    cue flips between people. Neither is a shortcut that a model could take.
    The AUC fails above the limit if chance does not explain it. It passes within the limit if its standard error is small
    compared with the limit. Otherwise there are too few records to decide.
    """
    distance = measured.auc - 0.5
    if abs(distance) > limit:
        return "failed" if distance > SURE * measured.error else "not measurable"
    return "passed" if measured.error <= FINE * limit else "not measurable"


def at_most(measured: Measured, limit: float) -> Verdict:
    """The verdict on an AUC that must not exceed a limit above one half."""
    if measured.auc > limit:
        return (
            "failed" if measured.auc - limit > SURE * measured.error or measured.error <= COARSEST else "not measurable"
        )
    return "passed" if measured.error <= COARSEST else "not measurable"
