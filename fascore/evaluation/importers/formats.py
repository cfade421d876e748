"""The formats of score files, and how each is converted to fascore's columns."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from fascore.contract.errors import FascoreError
from fascore.evaluation.cells import shown
from fascore.evaluation.importers.labels import LabelFile, Labels, LabelsAre
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.table_reader import Building, csv_rows, word_rows

Polarity: TypeAlias = Literal["bona_fide_high", "attack_high"]
Found: TypeAlias = tuple[ScoreTable, str]
"""A table with the file's own scores, and a description of how its labels were read."""


@dataclass(frozen=True)
class Given:
    """What the user states for a reader: `labels_are` for numeric labels, `labels` for a format without labels."""

    labels_are: LabelsAre | None
    labels: LabelFile | None


@dataclass(frozen=True)
class Format:
    """One format.

    `meaning` describes it for people. `polarity` is None if the format does not define it. `labels` is "own" if the
    format defines them, "said" if the user must state the meaning of numbers, and "file" if they are in a separate
    file.
    """

    meaning: str
    polarity: Polarity | None
    labels: Literal["own", "said", "file"]
    read: Callable[[Path, Given], Found]


def _fascore(path: Path, _: Given) -> Found:
    return ScoreTable.read(path), "1 = bona fide (by the format)"


def _csv(path: Path, given: Given) -> Found:
    with csv_rows(path) as (header, rows):
        building = Building(header, str(path))
        labels = Labels(given.labels_are, building.place)
        for start, cells in building.chunks(rows):
            columns: dict[str, Any] = dict(zip(header, cells))
            building.add({**columns, "label": labels.read(columns["label"], start)})
    return ScoreTable(**building.finish()), labels.meaning


def _bob_csv(path: Path, given: Given) -> Found:
    """The format that bob.pad.base 6 writes with `save_sample_scores`."""
    with csv_rows(path) as (header, rows):
        if missing := [name for name in BOB if name not in header]:
            raise FascoreError(f"{path}: there is no column '{missing[0]}'; bob's score file has {', '.join(BOB)}")
        names = {name: BOB.get(name, f"bob_{name}" if name in _TAKEN else name.replace(".", "_")) for name in header}
        building = Building([*names.values(), "clip"], str(path))
        numbering = _Numbering()
        for start, cells in building.chunks(rows):
            columns: dict[str, Any] = dict(zip(names.values(), cells))
            columns["label"] = [_true(cell, building, start + index) for index, cell in enumerate(columns["label"])]
            building.add({**columns, "clip": columns["id"], "id": numbering.of(columns["id"])})
    return ScoreTable(**building.finish()), f"'is_bonafide' (by the format){numbering.note}"


def _true(cell: str, building: Building, index: int) -> int:
    if cell not in ("True", "False"):
        raise building.place.error(index, "is_bonafide", f"'{shown(cell)}' is neither True nor False")
    return int(cell == "True")


def _bob_text(width: Literal[4, 5]) -> Callable[[Path, Given], Found]:
    """bob's older text files: `claimed real path score`, or with the model's label `claimed label real path score`."""

    def read(path: Path, given: Given) -> Found:
        with word_rows(path, width) as rows:
            building = Building(("id", "clip", "label", "species", "subject", "score"), str(path))
            numbering, persons, first = _Numbering(), set[str](), dict[str, int]()
            for start, cells in building.chunks(rows):
                claimed, (real, names, score) = cells[0], cells[-3:]
                bona_fide = [a == b for a, b in zip(claimed, real)]
                species = ["" if same else word for same, word in zip(bona_fide, real)]
                persons |= set(claimed)
                for index, word in enumerate(species, start):
                    first.setdefault(word, index)
                building.add(
                    {
                        "id": numbering.of(names),
                        "clip": names,
                        "label": list(map(int, bona_fide)),
                        "species": species,
                        "subject": claimed,
                        "score": score,
                    }
                )
            if imposters := sorted((first[word], word) for word in persons & first.keys() - {""}):
                index, word = imposters[0]
                complaint = f"'{shown(word)}' is another claimed identity: this file is about recognition, not attacks"
                raise building.place.error(index, "real", complaint)
        return ScoreTable(
            **building.finish()
        ), f"bona fide if real = claimed, otherwise the species (by the format){numbering.note}"

    return read


class _Numbering:
    """Ids of rows whose names may repeat, as in bob's files with one row per frame: the second `name` becomes `name#2`."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, int] = defaultdict(int)
        self._repeats = 0

    def of(self, names: Sequence[str]) -> list[str]:
        """Ids of the next rows."""
        numbered = []
        for name in names:
            self._seen[name] += 1
            self._repeats += self._seen[name] > 1
            numbered.append(name if self._seen[name] == 1 else f"{name}#{self._seen[name]}")
        return numbered

    @property
    def note(self) -> str:
        """A description of the numbering, for people."""
        return (
            f"; {self._repeats} rows repeat a name and are numbered; the name itself is the column 'clip'"
            if self._repeats
            else ""
        )


def _words(*names: Literal["id", "label", "score"]) -> Callable[[Path, Given], Found]:
    """Reader of lines of words in a fixed order."""

    def read(path: Path, given: Given) -> Found:
        with word_rows(path, len(names)) as rows:
            building = Building(names, str(path))
            labels = Labels(given.labels_are, building.place)
            for start, cells in building.chunks(rows):
                columns: dict[str, Any] = dict(zip(names, cells))
                building.add({**columns, "label": labels.read(columns["label"], start)})
        return ScoreTable(**building.finish()), labels.meaning

    return read


def _id_score(path: Path, given: Given) -> Found:
    """Challenge lists: the first word is the id and the last is the score; paths of other channels may be in between."""
    labels = _needed(given, path, "a list of ids and scores")
    with word_rows(path) as rows:
        building = Building(("id", *labels.header, "score"), str(path))
        for start, cells in building.chunks(rows):
            if len(cells) < 2:
                raise FascoreError(f"{path}, row {building.place.row(start)}: one word instead of an id and a score")
            building.add({"id": cells[0], **labels.columns(cells[0], building.place, start), "score": cells[-1]})
    return ScoreTable(**building.finish()), f"of {labels.path}, {labels.labels.meaning}"


def _json(path: Path, given: Given) -> Found:
    """An object that maps ids to scores, as written by GRAD-GPAD; null and NaN mean no score."""
    labels = _needed(given, path, "a JSON map of ids to scores")
    pairs = _json_pairs(path)
    building = Building(("id", *labels.header, "score"), str(path), "entry")
    for start, cells in building.chunks([(range(1, len(pairs) + 1), pairs)] if pairs else []):
        ids, scores = cells[0], list[Any](cells[1])
        for index, score in enumerate(scores):
            if isinstance(score, bool) or not isinstance(score, float | int | None):
                raise building.place.error(index, "score", f"'{shown(score)}' of '{shown(ids[index])}' is not a number")
        building.add({"id": ids, **labels.columns(ids, building.place, start), "score": scores})
    return ScoreTable(**building.finish()), f"of {labels.path}, {labels.labels.meaning}"


def _json_pairs(path: Path) -> list[Any]:
    """Names and values of the single object in a file, in order, including duplicate names."""
    try:
        pairs = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_Pairs)
    except FileNotFoundError:
        raise FascoreError(f"there is no score file {path}") from None
    except OSError as error:
        raise FascoreError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise FascoreError(f"{path} is not JSON text in UTF-8: {error}") from None
    if not isinstance(pairs, _Pairs):
        raise FascoreError(
            f'{path}: a JSON score file is one object that maps ids to scores, such as {{"real/1.mp4": 0.93}}'
        )
    return pairs


class _Pairs(list[Any]):
    """A JSON object as a list of pairs."""


def _needed(given: Given, path: Path, what: str) -> LabelFile:
    if given.labels is None:
        raise FascoreError(
            f"{path} is {what} and has no labels: add them with --labels FILE, a CSV with id, label, and, if known, species"
        )
    return given.labels


BOB = {"claimed_id": "subject", "test_label": "id", "is_bonafide": "label", "attack_type": "species", "score": "score"}
_TAKEN = ("id", "clip", "label", "species", "subject", "task", "response")

FORMATS: Mapping[str, Format] = {
    "fascore": Format(
        "CSV with a header: label 1 = bona fide, higher score = bona fide; docs/conventions.md",
        "bona_fide_high",
        "own",
        _fascore,
    ),
    "csv": Format("the same columns with a different polarity or labels, set by options", None, "said", _csv),
    "bob-csv": Format(f"bob.pad's CSV: {','.join(BOB)}", "bona_fide_high", "own", _bob_csv),
    "bob-4": Format("bob's lines 'claimed real path score'", "bona_fide_high", "own", _bob_text(4)),
    "bob-5": Format("bob's lines 'claimed label real path score'", "bona_fide_high", "own", _bob_text(5)),
    "id-label-score": Format("lines 'id label score'", None, "said", _words("id", "label", "score")),
    "score-label": Format("lines 'score label', as CDCN writes them", None, "said", _words("score", "label")),
    "id-score": Format(
        "lines 'path score' or 'color depth infrared score', as the ChaLearn challenges ask for",
        None,
        "file",
        _id_score,
    ),
    "json": Format("a JSON object from id to score, as GRAD-GPAD writes it", None, "file", _json),
}
"""Formats by the value of --format."""
