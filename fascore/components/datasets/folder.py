"""Read a manifest. All problems of the file are reported in one error, and no media are decoded."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fascore.components.datasets.annotations import AnnotationFile
from fascore.contract.errors import SpecError, no_column
from fascore.contract.record import ATTACK, BONA_FIDE, Annotation, AnnotationSource, Record, Source
from fascore.data.open_source import open_source

LABELS = {"1": BONA_FIDE, "bona_fide": BONA_FIDE, "0": ATTACK, "attack": ATTACK}
TASKS = ("spoof", "forgery")
OWN = ("id", "label", "species", "subject", "presenter", "split", "task", "box", "annotation")
SHOWN = 20
"""Largest number of problems that one error prints."""


class Row(NamedTuple):
    """A record and the split it belongs to."""

    record: Record
    split: str | None


@dataclass(frozen=True)
class Box(AnnotationSource):
    """One box for all frames."""

    corners: tuple[float, float, float, float]

    def digest(self) -> str:
        return hashlib.sha256(repr(self.corners).encode()).hexdigest()

    def load(self) -> Annotation:
        import numpy as np

        return Annotation(np.array([self.corners], dtype=np.float32), None)


def read_manifest(manifest: Path, *, root: Path, dataset: str, channels: Sequence[str], fps: float) -> list[Row]:
    """Rows in the order of the manifest. Paths are relative to `root`; `channels` are the columns with paths of media.

    `fps` is the frame rate of folders of frames. Raises SpecError with one sentence per problem, twenty at most.
    """
    reader = _Reader(root, dataset, channels, fps)
    rows = [row for number, fields in _lines(manifest) if (row := reader.row(number, fields)) is not None]
    if reader.problems:
        shown = reader.problems[:SHOWN]
        rest = len(reader.problems) - len(shown)
        count = "1 problem" if len(reader.problems) == 1 else f"{len(reader.problems)} problems"
        raise SpecError("\n".join([f"{manifest}: {count}", *shown, *([f"… and {rest} more"] if rest else [])]))
    if not rows:
        raise SpecError(
            f"{manifest} lists no records: write a header such as id,label,rgb,species and one row per record"
        )
    return rows


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """(line number, fields), with an error sentence instead of the fields if a line cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(f"the manifest {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"the manifest {path} is not UTF-8 text: byte {error.start}") from error
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from _json_lines(text)
    elif path.suffix.lower() in (".csv", ".tsv"):
        yield from _csv_lines(path, text, "\t" if path.suffix.lower() == ".tsv" else ",")
    else:
        raise SpecError(
            f"the name of the manifest {path} ends with '{path.suffix}'; write .csv, .tsv, .jsonl or .ndjson"
        )


def _json_lines(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    # Not splitlines: a text may contain characters that Unicode counts as line ends, such as U+2028.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except json.JSONDecodeError as error:
            yield number, f"is not JSON: column {error.colno}: {error.msg}"
            continue
        yield number, fields if isinstance(fields, dict) else f"is not a JSON object but {type(fields).__name__}"


def _csv_lines(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    header = [name.strip() for name in next(rows, [])]
    if repeated := [name for name in header if header.count(name) > 1]:
        raise SpecError(f"{path}: the column '{repeated[0]}' occurs twice")
    if header and (missing := [name for name in ("id", "label") if name not in header]):
        raise SpecError(
            f"{path}: {no_column(missing[0], header, delimiter)}; the first line names the columns, such as id,label,species,rgb"
        )
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            yield rows.line_num, f"has {len(cells)} cells, and the header {len(header)} columns"
            continue
        yield rows.line_num, {name: cell.strip() for name, cell in zip(header, cells)}


class _Reader:
    """Turns fields into records and collects the problems in them."""

    def __init__(self, root: Path, dataset: str, channels: Sequence[str], fps: float) -> None:
        self.root, self.dataset, self.channels, self.fps = root, dataset, channels, fps
        self.problems: list[str] = []
        self.seen: dict[str, int] = {}

    def row(self, number: int, fields: Mapping[str, Any] | str) -> Row | None:
        """The row of a line, or None if it has problems, which are recorded."""
        before = len(self.problems)
        if isinstance(fields, str):
            self._problem(number, fields)
            return None
        fields = {name: None if value == "" else value for name, value in fields.items()}
        id, label = self._id(number, fields), self._label(number, fields)
        species, task = self._species(number, fields, label), self._task(number, fields)
        channels, faces = self._channels(number, fields), self._faces(number, fields)
        metadata = {
            name: self._plain(number, name, value)
            for name, value in fields.items()
            if name not in (*OWN, *self.channels)
        }
        if len(self.problems) > before:
            return None
        record = Record(
            id,
            label,
            channels,
            self.dataset,
            task,
            species,
            _text(fields.get("subject")),
            _text(fields.get("presenter")),
            faces,
            metadata,
        )
        return Row(record, _text(fields.get("split")))

    def _problem(self, number: int, sentence: str) -> None:
        self.problems.append(f"line {number}: {sentence}")

    def _id(self, number: int, fields: Mapping[str, Any]) -> str:
        id = _text(fields.get("id"))
        if id is None:
            self._problem(number, "has no id")
            return ""
        if id in self.seen:
            self._problem(number, f"the id '{id}' is already used on line {self.seen[id]}; ids must be unique")
        self.seen.setdefault(id, number)
        return id

    def _label(self, number: int, fields: Mapping[str, Any]) -> int:
        text = _text(fields.get("label"))
        if text not in LABELS:
            self._problem(
                number,
                f"the label {'is missing' if text is None else repr(text) + ' is unknown'}; write 1 or bona_fide, 0 or attack",
            )
            return -1
        return LABELS[text]

    def _species(self, number: int, fields: Mapping[str, Any], label: int) -> str | None:
        species = _text(fields.get("species"))
        if label == ATTACK and species is None:
            self._problem(number, "an attack needs a species, such as print.flat or replay.phone")
        if label == BONA_FIDE and species is not None:
            self._problem(number, f"a bona fide record must not have a species; here it is '{species}'")
        return species

    def _task(self, number: int, fields: Mapping[str, Any]) -> Any:
        task = _text(fields.get("task")) or "spoof"
        if task not in TASKS:
            self._problem(number, f"the task '{task}' is unknown; write spoof or forgery")
        return task

    def _channels(self, number: int, fields: Mapping[str, Any]) -> dict[str, Source]:
        channels: dict[str, Source] = {}
        for name in self.channels:
            if (text := _text(fields.get(name))) is None:
                continue
            path = self.root / text
            if not path.exists():
                self._problem(number, f"{name}: there is no file {path}")
            channels[name] = open_source(path, fps=self.fps)
        if not channels:
            self._problem(number, f"names no file: fill one of the columns {', '.join(self.channels)}")
        return channels

    def _faces(self, number: int, fields: Mapping[str, Any]) -> AnnotationSource | None:
        """The box of the row, or its file of boxes and landmarks."""
        box, text = self._box(number, fields), _text(fields.get("annotation"))
        if text is None:
            return box
        if fields.get("box") is not None:
            self._problem(number, "has a box and an annotation; leave one of them empty")
        if not (path := self.root / text).is_file():
            self._problem(number, f"annotation: there is no file {path}")
        return AnnotationFile(path)

    def _box(self, number: int, fields: Mapping[str, Any]) -> Box | None:
        value = fields.get("box")
        if value is None:
            return None
        try:
            numbers = [
                float(number) for number in (value.replace(",", " ").split() if isinstance(value, str) else value)
            ]
            x1, y1, x2, y2 = numbers
            if not (-math.inf < x1 < x2 < math.inf and -math.inf < y1 < y2 < math.inf):
                raise ValueError
        except (TypeError, ValueError):
            self._problem(
                number,
                f"the box {value!r} is not four numbers that span an area; write x1 y1 x2 y2 in pixels, x1 < x2 and y1 < y2",
            )
            return None
        return Box((x1, y1, x2, y2))

    def _plain(self, number: int, name: str, value: Any) -> str | int | float | None:
        if value is not None and not isinstance(value, str | int | float):
            self._problem(number, f"{name}: metadata is text or a number, not {json.dumps(value)}")
            return None
        return value


def _text(value: Any) -> str | None:
    """A cell as text; None if it is empty."""
    return None if value is None else str(value).strip() or None
