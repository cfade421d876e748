"""Resolve a user's target to the records to audit, with their splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fascore import Dataset, FascoreError, Record, SpecError, load, read_spec, validate

MANIFESTS = (".csv", ".tsv", ".jsonl", ".ndjson")
EVERY = "all"


@dataclass(frozen=True)
class Row:
    """A listed record: the splits that contain it, and its place in the list from 0 to 1."""

    record: Record
    splits: tuple[str, ...]
    position: float


@dataclass(frozen=True)
class Part:
    """Records that are audited together, under the name used in the report."""

    name: str
    rows: tuple[Row, ...]


def read_target(text: str, split: str = EVERY) -> list[Part]:
    """The parts that `text` names: a component, inline JSON, a JSON file of a dataset or of a spec, or a manifest.

    Every dataset of a spec is a part, with the splits as the spec uses them. If train combines several datasets, train
    is one more part, since differences between datasets are shortcuts for a model that sees both. Raises FascoreError
    if `text` is none of these, has no such split, or lists an id twice.
    """
    path = Path(text)
    if text.lstrip().startswith("{"):
        return [_part(_dataset(_json(text, "the dataset")), split)]
    if path.suffix.lower() in MANIFESTS:
        return [_part(_dataset({"type": "folder", "manifest": text}), split)]
    if path.suffix.lower() == ".json":
        return _document(path, split)
    if path.exists():
        raise SpecError(
            f"{text} is not a dataset: name a manifest ({', '.join(MANIFESTS)}), a .json file of a dataset "
            "or a spec, or a component"
        )
    return [_part(_dataset({"type": text}), split)]


def _json(text: str, what: str) -> Any:
    import json

    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(f"{what} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error


def _document(path: Path, split: str) -> list[Part]:
    try:
        document = _json(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}") from error
    if isinstance(document, dict) and "data" in document:
        return _spec(path, split)
    if isinstance(document, dict) and isinstance(document.get("type"), str):
        return [_part(_dataset(document), split)]
    raise SpecError(f'{path} is neither a dataset, which has a "type", nor a spec, which has "data"')


def _dataset(document: Mapping[str, Any]) -> Dataset:
    name = document.get("type")
    if not isinstance(name, str):
        raise SpecError('a dataset as JSON needs a "type", such as {"type": "folder", "manifest": "videos.csv"}')
    dataset = validate(load("dataset", name), dict(document))
    assert isinstance(dataset, Dataset)
    return dataset


def _part(dataset: Dataset, split: str) -> Part:
    named = [name for name in dataset.splits() if name != EVERY]
    if split != EVERY and split not in named:
        raise SpecError(f"{dataset.type} has no split '{split}'; it has {', '.join([*named, EVERY])}")
    listed: dict[str, list[Record]] = {
        name: list(dataset.records(name)) for name in (named if split == EVERY else [split])
    }
    if split == EVERY and (EVERY in dataset.splits() or not named):
        known = {record.id for records in listed.values() for record in records}
        listed[""] = [record for record in dataset.records(EVERY) if record.id not in known]
    return Part(dataset.type, rows_of(listed))


def rows_of(listed: Mapping[str, Sequence[Record]]) -> tuple[Row, ...]:
    """Rows of records by split, each record once; an empty name means that a record has no split.

    Raises SpecError if a split lists an id twice.
    """
    splits: dict[str, list[str]] = {}
    records: dict[str, Record] = {}
    for split, of_split in listed.items():
        if repeated := [id for id, count in Counter(record.id for record in of_split).items() if count > 1]:
            raise SpecError(f"the id '{repeated[0]}' is listed twice in one split; ids must be unique")
        for record in of_split:
            records.setdefault(record.id, record)
            splits.setdefault(record.id, []).extend([split] if split else [])
    last = max(1, len(records) - 1)
    return tuple(Row(record, tuple(splits[id]), place / last) for place, (id, record) in enumerate(records.items()))


def _spec(path: Path, split: str) -> list[Part]:
    data = read_spec(path)[0].data
    used = {"train": data.train, "dev": data.dev, **{f"test.{name}": entries for name, entries in data.test.items()}}
    if split != EVERY and split not in used:
        raise SpecError(f"the spec {path} has no split '{split}'; it has {', '.join([*used, EVERY])}")
    used = {name: entries for name, entries in used.items() if split in (EVERY, name)}
    by_dataset: dict[str, dict[str, list[Record]]] = {}
    for name, entries in used.items():
        for entry in entries:
            listed = by_dataset.setdefault(entry.dataset.canonical(), {})
            listed.setdefault(name, []).extend(_records(entry.dataset, entry.split, name))
    parts = [Part(label, rows_of(listed)) for label, listed in zip(_labels(by_dataset), by_dataset.values())]
    if len([listed for listed in by_dataset.values() if "train" in listed]) > 1:
        parts.append(
            Part(
                "train",
                rows_of({"train": [record for listed in by_dataset.values() for record in listed.get("train", ())]}),
            )
        )
    return parts


def _records(dataset: Dataset, split: str, name: str) -> Sequence[Record]:
    try:
        return dataset.records(split)
    except FascoreError as error:
        raise SpecError(f"data.{name}: {error}") from error


def _labels(canonical: Iterable[str]) -> list[str]:
    """Short names of datasets: their type, with a number if several share a type."""
    import json

    types = [json.loads(text)["type"] for text in canonical]
    return [
        name if types.count(name) == 1 else f"{name} {types[:place].count(name) + 1}"
        for place, name in enumerate(types)
    ]
