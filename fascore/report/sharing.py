"""A report for sharing: without media, and with pseudonyms for presentations and people."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fascore.evaluation.table import ScoreTable
from fascore.report.contents import ReportFacts

PEOPLE = ("subject", "presenter")
COLUMNS = (*PEOPLE, "instrument", "clip", "attempt", "source")
"""Columns whose values may name a person."""


@dataclass(frozen=True)
class Pseudonyms:
    """Names numbered in the order of their hashes: the same names get the same numbers, and a number reveals nothing about its name."""

    numbers: Mapping[str, int]
    letter: str

    @classmethod
    def of(cls, names: Iterable[str], letter: str) -> Pseudonyms:
        """Number all names. The empty name stays empty."""
        ordered = sorted(set(names) - {""}, key=lambda name: hashlib.sha256(name.encode()).digest())
        return cls({name: number for number, name in enumerate(ordered, start=1)}, letter)

    def __call__(self, name: str) -> str:
        """The pseudonym of a name. A word that is not one of the names is returned unchanged."""
        return f"{self.letter}{self.numbers[name]:0{len(str(len(self.numbers)))}d}" if name in self.numbers else name

    def __contains__(self, name: str) -> bool:
        return name in self.numbers


def to_share(facts: ReportFacts) -> ReportFacts:
    """The same report without pictures or plugin sections that may show faces, and with pseudonyms for ids and people.

    The reason for excluding a record is reduced to its response class because it may contain file names.
    """
    tables = list(facts.tables.values())
    quarantined = [str(row.get("id", "")) for row in facts.quarantine]
    ids = Pseudonyms.of([*(name for table in tables for name in table.id.tolist()), *quarantined], "p")
    words = [
        word for table in tables for column in COLUMNS if column in table.words for word in table.words[column].names
    ]
    people = Pseudonyms.of([*words, *(name for pairs in facts.people.values() for _, name in pairs)], "s")
    return replace(
        facts,
        metrics=_metrics(facts.metrics, ids, people),
        tests={name: _table(table, ids, people) for name, table in facts.tests.items()},
        dev=None if facts.dev is None else _table(facts.dev, ids, people),
        pictures={},
        shared=True,
        quarantine=[
            {**row, "id": ids(str(row.get("id", ""))), "reason": row.get("response", "")} for row in facts.quarantine
        ],
        people={
            split: frozenset((dataset, people(name)) for dataset, name in pairs)
            for split, pairs in facts.people.items()
        },
        sections=[section for section in facts.sections if section.shareable],
    )


def _table(table: ScoreTable, ids: Pseudonyms, people: Pseudonyms) -> ScoreTable:
    words = {
        name: column.renamed([people(word) for word in column.names]) if name in COLUMNS else column
        for name, column in table.words.items()
    }
    return replace(table, id=np.array([ids(name) for name in table.id.tolist()], dtype=np.str_), words=words)


def _metrics(metrics: Mapping[str, Any], ids: Pseudonyms, people: Pseudonyms) -> dict[str, Any]:
    """The figures, with names replaced in sentences and breakdowns."""

    def pseudonym(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"'{people(name) if name in people else ids(name)}'"

    def hidden(value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            return re.sub(r"'([^']*)'", pseudonym, value)
        if isinstance(value, Mapping):
            return {people(name) if key in COLUMNS else name: hidden(part, name) for name, part in value.items()}
        return [hidden(part) for part in value] if isinstance(value, list) else value

    return {name: hidden(part, name) for name, part in metrics.items() if name != "sources"}
