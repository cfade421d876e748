"""From the spec's data entries to the records of train, dev and each test set."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fascore.contract.errors import FascoreError, NoResponse, Problem, SpecErrors
from fascore.contract.random_streams import generator
from fascore.contract.record import FIELDS, Record, Source
from fascore.data.media import MediaSource
from fascore.spec.documents import Data, DataEntry, RunSpec


@dataclass(frozen=True)
class Splits:
    """Records of a run. `carved` is true if dev was split off train, by subject, with the run's seed."""

    train: tuple[Record, ...]
    dev: tuple[Record, ...]
    tests: Mapping[str, tuple[Record, ...]]
    carved: bool

    def named(self) -> dict[str, tuple[Record, ...]]:
        """All splits by name: train, dev, then the test sets."""
        return {"train": self.train, "dev": self.dev, **self.tests}

    def every(self) -> list[Record]:
        """Each record once, even if two test sets share it."""
        return list({record.id: record for records in self.named().values() for record in records}.values())

    def manifest(self) -> str:
        """SHA-256 of every record's facts and split: the same data gives the same hash, in any order of listing."""
        rows = sorted(
            json.dumps([split, r.id, r.dataset, r.label, r.task, r.species, r.subject, r.presenter, sorted(r.channels)])
            for split, records in self.named().items()
            for r in records
        )
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def list_records(spec: RunSpec) -> Splits:
    """List the records of every split. Raises SpecErrors at the entry's path, FascoreError for ids that clash."""
    if {"train", "dev"} & set(spec.data.test):
        raise SpecErrors(
            [
                Problem(
                    "data.test",
                    "'train' and 'dev' are names of the run's own splits; choose another name for the test set",
                )
            ]
        )
    train = _entries("data.train", spec.data.train)
    dev = _entries("data.dev", spec.data.dev)
    tests = {name: _entries(f"data.test.{name}", entries) for name, entries in spec.data.test.items()}
    carved = not dev
    if carved:
        train, dev = carve(train, spec.data.carve, spec.seed)
    splits = Splits(tuple(train), tuple(dev), {name: tuple(records) for name, records in tests.items()}, carved)
    _refuse_clash(splits)
    _refuse_unknown_columns(spec, splits)
    _refuse_overlap(splits)
    _refuse_one_class(splits, spec.data)
    return splits


def _entries(path: str, entries: Sequence[DataEntry]) -> list[Record]:
    records: list[Record] = []
    for index, entry in enumerate(entries):
        try:
            listed = entry.dataset.records(entry.split)
        except FascoreError as error:
            raise SpecErrors([Problem(f"{path}.{index}", str(error))]) from error
        if not listed:
            raise SpecErrors(
                [Problem(f"{path}.{index}", f"split '{entry.split}' of {entry.dataset.type} has no records")]
            )
        records.extend(_hidden(f"{path}.{index}.hide", entry, listed) if entry.hide else listed)
    repeated = [id for id, count in Counter(r.id for r in records).items() if count > 1]
    if repeated:
        raise SpecErrors(
            [
                Problem(
                    path,
                    f"the id '{repeated[0]}' and {len(repeated) - 1} more occur twice; ids must be unique over all entries",
                )
            ]
        )
    return records


def _hidden(path: str, entry: DataEntry, records: Sequence[Record]) -> list[Record]:
    """Records without the entry's hidden columns. Raises SpecErrors for a column that none of them has."""
    known = {name for record in records for name in record.metadata}
    if unknown := [name for name in entry.hide if name not in known]:
        raise SpecErrors(
            [
                Problem(
                    path, f"the records have no column '{unknown[0]}' of metadata; they have {', '.join(sorted(known))}"
                )
            ]
        )
    return [
        replace(r, metadata={name: value for name, value in r.metadata.items() if name not in entry.hide})
        for r in records
    ]


def carve(records: Sequence[Record], share: float, seed: int) -> tuple[list[Record], list[Record]]:
    """Split records into train and dev, disjoint by subject, about `share` of the subjects in dev.

    A record without a subject counts as a separate subject. Raises FascoreError if either part would lack a class.
    """
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.dataset, record.subject or f"\x00{record.id}"].append(record)
    keys = sorted(groups)
    order = generator(seed, "carve").permutation(len(keys))
    count = max(1, round(share * len(keys)))
    chosen = {keys[i] for i in order[:count]}
    dev = [r for r in records if (r.dataset, r.subject or f"\x00{r.id}") in chosen]
    train = [r for r in records if (r.dataset, r.subject or f"\x00{r.id}") not in chosen]
    for name, records_of_part in (("train", train), ("dev", dev)):
        if len({r.label for r in records_of_part}) < 2:
            raise FascoreError(
                f"data.dev: is empty, and carving {count} of {len(keys)} subjects from train leaves {name} without bona fide or without attacks; "
                "name a dev split, add subjects, or change data.carve"
            )
    return train, dev


def _refuse_unknown_columns(spec: RunSpec, splits: Splits) -> None:
    """Refuse heads and objectives that read columns that no record has, now that the columns are known."""
    known = sorted(
        {*FIELDS, *(name for records in splits.named().values() for record in records for name in record.metadata)}
    )
    problems = []
    for section, sinks in (("heads", spec.model.heads), ("objectives", spec.model.objectives)):
        for name, sink in sinks.items():
            wanted = {"target": sink.target.column, **{f"where.{column}": column for column in sink.where}}
            for field, column in wanted.items():
                if column is not None and column not in known:
                    matches = difflib.get_close_matches(column, known, 1, 0.6)
                    hint = f"Did you mean '{matches[0]}'?" if matches else f"There are: {', '.join(known)}."
                    problems.append(
                        Problem(f"model.{section}.{name}.{field}", f"the records have no column '{column}'. {hint}")
                    )
    if problems:
        raise SpecErrors(problems)


def _refuse_clash(splits: Splits) -> None:
    """Refuse ids that are not unique: two test sets may share a record, but two records must not share an id."""
    seen: dict[str, tuple[str, Record]] = {}
    for name, records in splits.named().items():
        for record in records:
            where, other = seen.setdefault(record.id, (name, record))
            if other is not record and _facts(other) != _facts(record):
                raise FascoreError(
                    f"the id '{record.id}' names a record of {where} (dataset '{other.dataset}') and another of {name} (dataset '{record.dataset}'); "
                    "ids must be unique across all data of a spec: change those of one dataset, for example by prefixing its name"
                )


def _facts(record: Record) -> list[Any]:
    """Facts that distinguish a record from another one with the same id."""
    origins = {name: _origin(source) for name, source in record.channels.items()}
    return [record.label, record.task, record.species, origins, record.annotation and record.annotation.digest()]


def _origin(source: Source) -> Any:
    """The files of a source, without reading them, or its digest."""
    if not isinstance(source, MediaSource):
        return source.digest()
    try:
        return [path.resolve() for path in source.files()]
    except NoResponse as missing:
        return missing.reason


def _refuse_overlap(splits: Splits) -> None:
    """Refuse a test on records that were used for training or tuning."""
    owner: dict[str, str] = {}
    for name in ("train", "dev"):
        for record in splits.named()[name]:
            if record.id in owner:
                raise FascoreError(
                    f"data.{name}: '{record.id}' is in {owner[record.id]} too; splits must not share records"
                )
            owner[record.id] = name
    for name, records in splits.tests.items():
        shared = [record.id for record in records if record.id in owner]
        if shared:
            raise FascoreError(
                f"data.test.{name}: {len(shared)} of {len(records)} records are in {owner[shared[0]]} too, such as '{shared[0]}'; "
                "a test on them would show nothing: choose another split"
            )


def _refuse_one_class(splits: Splits, data: Data) -> None:
    for name in ("train", "dev"):
        labels = {record.label for record in splits.named()[name]}
        if len(labels) < 2:
            absent = "attacks" if labels == {1} else "bona fide records"
            raise FascoreError(
                f"data.{name}: has no {absent}; both classes are needed ({len(getattr(data, name))} entries read)"
            )
