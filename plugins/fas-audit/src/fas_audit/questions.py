"""The questions of an audit, each about one task: they turn records and their facts into a finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fas_audit.columns import Columns, attributes, geometry, metadata
from fas_audit.findings import SURE, BySpecies, Finding, Limits, Verdict, at_most, near_half
from fas_audit.prediction import CROSSED, MODELS, Ints, Measured, Model, folds, identity, measure, predicted, telling
from fas_audit.record_facts import Facts
from fas_audit.surroundings import REGIONS, Region, region_of, surroundings
from fas_audit.target import Row

SHOWN = 5
"""Number of columns that a finding names."""
TOO_FEW = "too few records to decide; audit more (--records), or treat the answer as unknown"
BALANCED = "below 0.50: labels are balanced within subjects better than by chance"
ADVICE = {
    "metadata": "record, cut and encode both classes the same way; --ignore COLUMN leaves out what follows "
    "from the attack itself",
    "surroundings": "capture both classes in the same places with the same cameras and coding, or train on "
    "crops without the surroundings",
    "geometry": "capture both classes at the same distances, or crop to the face before training",
    "attributes": "record both labels for every kind of person, device and place; --ignore COLUMN leaves out "
    "what follows from the attack itself",
    "identity": "record bona fide and attack presentations of each subject, or a model can learn identities "
    "instead of attacks",
    "statistics": "use the same exposure, focus and coding for both classes, or expect a model to learn this "
    "number and nothing else",
}
WHAT = {
    "metadata": "container, metadata, id and place in the list reveal",
    "surroundings": "pixels outside face and instrument reveal",
    "geometry": "position and size of the face box reveal",
    "attributes": "known attributes reveal",
    "identity": "the subject's identity reveals",
    "statistics": "a single statistic of the picture reveals",
}


@dataclass(frozen=True)
class Task:
    """Readable records of one task with their facts, and the settings of the questions.

    `further` are rows that were read only for the surroundings because too few records show them.
    """

    rows: Sequence[Row]
    facts: Sequence[Facts]
    seed: int
    limits: Limits
    ignored: Collection[str]
    further: Sequence[tuple[Row, Facts]] = ()

    @cached_property
    def widened(self) -> Task:
        """The task with its further records."""
        rows, facts = zip(*self.further) if self.further else ((), ())
        return replace(self, rows=[*self.rows, *rows], facts=[*self.facts, *facts], further=())

    @cached_property
    def region(self) -> Region:
        """The region that is excluded from the pictures."""
        return region_of(self.facts)

    @cached_property
    def label(self) -> Ints:
        """(N,) 1 for bona fide, 0 for an attack."""
        return np.array([row.record.label for row in self.rows], dtype=np.int64)

    @cached_property
    def groups(self) -> Ints:
        """(N,) the number of each record's subject; a record without a subject is a group of its own."""
        names = [
            f"id {row.record.id}" if row.record.subject is None else f"subject {row.record.subject}"
            for row in self.rows
        ]
        return np.unique(names, return_inverse=True)[1].astype(np.int64)

    def findings(self) -> list[Finding]:
        """The answers to all questions, in order."""
        findings = []
        for question, task, columns in (
            ("metadata", self, metadata(self.rows, self.facts, self.ignored)),
            ("surroundings", self.widened, surroundings(self.widened.facts, self.region)),
            ("geometry", self, geometry(self.rows, self.facts, self.ignored)),
            ("attributes", self, attributes(self.rows, self.ignored)),
        ):
            findings += task._models(question, columns)
        return [*findings, self._identity(), self._statistics()]

    def notes(self) -> Iterator[str]:
        """What was assumed."""
        yield f"surroundings are {REGIONS[self.region]}"
        if self.further:
            yield f"{len(self.further)} more records were read for the surroundings because many records do not show them"
        if lacking := sum(row.record.subject is None for row in self.rows):
            yield f"{lacking} of {len(self.rows)} records name no subject and count as separate people, so one person may be in two folds"

    def _models(self, question: str, columns: Columns) -> list[Finding]:
        """The answer of each model; if one fails, the most informative columns are named, the same for all models."""
        label, groups = self.label[columns.rows], self.groups[columns.rows]
        if not columns.names:
            why = "nothing differs between records" if len(columns.rows) else "no record shows surroundings"
            return [Finding(question, model, "not measurable", None, why) for model in MODELS]
        parts = folds(label, groups, self.seed)
        if not parts:
            why = "each label needs at least two subjects"
            return [Finding(question, model, "not measurable", None, why) for model in MODELS]
        measured = {model: self._measured(columns, label, groups, parts, model) for model in MODELS}
        verdicts = {model: near_half(measured[model], self.limits.distance) for model in MODELS}
        strongest: tuple[tuple[str, float], ...] = ()
        if "failed" in verdicts.values():
            strongest = tuple(telling(columns.names, columns.values, label, parts, self.seed))[:SHOWN]
        findings = []
        for model, verdict in verdicts.items():
            clues = strongest if verdict == "failed" else ()
            findings.append(
                Finding(question, model, verdict, measured[model], _sentence(question, verdict, clues), clues)
            )
        return findings

    def _measured(
        self, columns: Columns, label: Ints, groups: Ints, parts: list[tuple[Ints, Ints]], model: Model
    ) -> Measured:
        """The AUC of out-of-fold scores; its error is larger than that of independent scores."""
        score = predicted(columns.values, label, parts, model, self.seed)
        tested = np.flatnonzero(np.isfinite(score))
        measured = measure(score[tested], label[tested], np.unique(groups[tested], return_inverse=True)[1])
        return measured._replace(error=CROSSED * measured.error)

    def _identity(self) -> Finding:
        if self.ignored and "subject" in self.ignored:
            return Finding("identity", "shares", "not measurable", None, "excluded by --ignore subject")
        named = np.array([row.record.subject is not None for row in self.rows])
        measured = identity(self.label[named], self.groups[named], self.seed) if named.any() else None
        if measured is None:
            return Finding("identity", "shares", "not measurable", None, "no subject has two records")
        balanced = measured.auc < 0.5 - SURE * measured.error
        verdict = (
            "passed" if balanced else near_half(measured._replace(auc=max(0.5, measured.auc)), self.limits.distance)
        )
        return Finding(
            "identity", "shares", verdict, measured, BALANCED if balanced else _sentence("identity", verdict, ())
        )

    def _statistics(self) -> Finding:
        ranked = self._best(np.ones(len(self.rows), dtype=bool))
        if not ranked:
            return Finding("statistics", "one number", "not measurable", None, "no picture has statistics")
        clues = tuple((name, measured.auc) for name, measured in ranked[:SHOWN])
        verdict = at_most(ranked[0][1], self.limits.statistic)
        return Finding(
            "statistics", "one number", verdict, ranked[0][1], _sentence("statistics", verdict, clues[:1]), clues
        )

    def species(self) -> list[BySpecies]:
        """The best statistic of each species against all bona fide records of the task."""
        kinds = np.array([row.record.species or "" for row in self.rows])
        table = []
        for name in sorted(set(kinds[self.label == 0])):
            if best := self._best((kinds == name) | (self.label == 1)):
                statistic, measured = best[0]
                table.append(BySpecies(name, int((kinds == name).sum()), statistic, measured.auc))
        return table

    def _best(self, rows: np.ndarray) -> list[tuple[str, Measured]]:
        """(statistic, AUC in its better direction), the best first; only statistics that both labels have."""
        values: dict[str, dict[int, float]] = defaultdict(dict)
        for place in np.flatnonzero(rows).tolist():
            for (channel, region, name), value in self.facts[place].statistics.items():
                values[f"{channel} {name} of the {region}"][place] = value
        ranked = []
        for name, by_place in values.items():
            places, numbers = np.array(list(by_place)), np.array(list(by_place.values()))
            if len(np.unique(self.label[places])) == 2:
                measured = measure(numbers, self.label[places], np.unique(self.groups[places], return_inverse=True)[1])
                ranked.append((name, measured if measured.auc >= 0.5 else measured._replace(auc=1 - measured.auc)))
        return sorted(ranked, key=lambda pair: -pair[1].auc)


def _sentence(question: str, verdict: Verdict, clues: Sequence[tuple[str, float]]) -> str:
    if verdict == "passed":
        return ""
    if verdict == "not measurable":
        return TOO_FEW
    strongest = f", above all {', '.join(f'{name} ({auc:.2f})' for name, auc in clues)}" if clues else ""
    return f"{WHAT[question]} the label{strongest}: {ADVICE[question]}"
