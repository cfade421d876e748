"""Columns of numbers from the facts of records: container, metadata, known attributes, position of the face."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fas_audit.prediction import Floats
from fas_audit.record_facts import Facts, Value
from fas_audit.target import Row

CAUSES = ("label", "species", "instrument", "attack_potential", "presenter", "response", "source", "split", "task")
"""Columns that follow from the label or define it. If they reveal the label, that is not a shortcut."""
ATTRIBUTES = (
    "dataset",
    "skin_tone",
    "tone",
    "glasses",
    "beard",
    "gender",
    "sex",
    "age",
    "ethnicity",
    "site",
    "session",
    "device",
)
"""Columns that are treated as words even if they hold numbers; any other column of words is an attribute too."""
COMMON, MOST = 5, 50
"""A word becomes a column if at least this many records have it; at most this many words do."""
HASHES = 4


class Columns(NamedTuple):
    """`values` (N, D) float64 without NaN, one name per column; `rows` (N,) are the rows of the part that have them."""

    names: list[str]
    values: Floats
    rows: np.ndarray


def metadata(rows: Sequence[Row], facts: Sequence[Facts], ignored: Collection[str]) -> Columns:
    """Container, numbers of the metadata, available channels, four numbers of the id's hash, place in the list."""
    numbers_by_row: list[dict[str, Value]] = []
    for row, seen in zip(rows, facts):
        digest = hashlib.sha256(row.record.id.encode()).digest()
        numbers_by_row.append(
            {
                **seen.container,
                "position": row.position,
                **{f"has {channel}": 1.0 for channel in row.record.channels},
                **{f"id hash {place}": digest[place] / 255 for place in range(HASHES)},
            }
        )
    numbers = {name: values for name, values in _metadata(rows).items() if name not in ATTRIBUTES and _numeric(values)}
    return _encoded(
        rows, _gathered(numbers_by_row) | numbers, ignored, absent=lambda name: 0.0 if name.startswith("has ") else None
    )


def attributes(rows: Sequence[Row], ignored: Collection[str]) -> Columns:
    """Words of the metadata and the attributes that are known by name, one column per word."""
    table = {name: values for name, values in _metadata(rows).items() if name in ATTRIBUTES or not _numeric(values)}
    table["dataset"] = [row.record.dataset for row in rows]
    words: dict[str, list[Value]] = {
        name: [None if value is None else str(value) for value in values] for name, values in table.items()
    }
    return _encoded(rows, words, ignored, absent=lambda name: None)


def geometry(rows: Sequence[Row], facts: Sequence[Facts], ignored: Collection[str]) -> Columns:
    """Position and size of the face box, and of the area that face and instrument may cover."""
    sizes_by_row: list[dict[str, Value]] = []
    for seen in facts:
        boxes = {"box": seen.box, "area": seen.area}
        sizes_by_row.append(
            {
                f"{name} {what}": value
                for name, box in boxes.items()
                if box is not None
                for what, value in _sizes(box).items()
            }
        )
    return _encoded(rows, _gathered(sizes_by_row), ignored, absent=lambda name: None)


def _sizes(box: Floats) -> dict[str, float]:
    x1, y1, x2, y2 = box.tolist()
    return {"x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "width": x2 - x1, "height": y2 - y1}


def _metadata(rows: Sequence[Row]) -> dict[str, list[Value]]:
    names = dict.fromkeys(name for row in rows for name in row.record.metadata)
    return {name: [row.record.metadata.get(name) for row in rows] for name in names}


def _gathered(table: Sequence[Mapping[str, Value]]) -> dict[str, list[Value]]:
    names = dict.fromkeys(name for row in table for name in row)
    return {name: [row.get(name) for row in table] for name in names}


def _number(value: Value) -> float | None:
    """A value as a number; None if it is not one, since manifests are text."""
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _numeric(values: Sequence[Value]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(_number(value) is not None for value in present)


def _encoded(
    rows: Sequence[Row],
    table: Mapping[str, Sequence[Value]],
    ignored: Collection[str],
    absent: Callable[[str], float | None],
) -> Columns:
    """Numbers as they are, one column per word; constant and ignored columns are left out."""
    names: list[str] = []
    columns: list[Floats] = []
    for name, values in table.items():
        if name in CAUSES or name in ignored:
            continue
        filled = [absent(name) if value is None else value for value in values]
        for title, column in _numbers(name, filled) if _plain(filled) else _words(name, filled):
            if np.ptp(column) > 0:
                names.append(title)
                columns.append(column)
    return Columns(names, np.stack(columns, axis=1) if columns else np.zeros((len(rows), 0)), np.arange(len(rows)))


def _plain(values: Sequence[Value]) -> bool:
    return not any(isinstance(value, str) and _number(value) is None for value in values)


def _numbers(name: str, values: Sequence[Value]) -> list[tuple[str, Floats]]:
    """The numbers, with missing ones replaced by the median, and a column that marks the missing ones."""
    numbers = np.array([math.nan if (number := _number(value)) is None else number for value in values])
    missing = np.isnan(numbers)
    if missing.all():
        return []
    numbers[missing] = np.median(numbers[~missing])
    return [(name, numbers), (f"{name} is missing", missing.astype(np.float64))]


def _words(name: str, values: Sequence[Value]) -> list[tuple[str, Floats]]:
    common = [word for word, count in Counter(values).most_common(MOST) if count >= COMMON]
    return [
        (
            f"{name} is missing" if word is None else f"{name} = {word}",
            np.array([float(value == word) for value in values]),
        )
        for word in common
    ]
