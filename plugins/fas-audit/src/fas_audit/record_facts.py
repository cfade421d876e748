"""What one record shows apart from the face: container, metadata, one frame of each channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from fas_audit.statistics import statistics
from fascore import MediaSource, NoResponse, Record, Source, as_gray, as_rgb

SIDE = 64
"""Side in pixels to which a frame is reduced."""
Value: TypeAlias = float | str | None


@dataclass(frozen=True)
class Facts:
    """Facts of one record. `frames` by channel: rgb (64, 64, 3), others (64, 64), float16, as shares of their full range.

    `container` holds the properties of the file or stream; `area` and `box` (4,) are x1, y1, x2, y2 as shares of the rgb frame or
    None; `statistics` are keyed by (channel, region, name); `problem` is the reason if nothing else could be read.
    """

    id: str
    container: Mapping[str, Value] = field(default_factory=dict)
    frames: Mapping[str, np.ndarray] = field(default_factory=dict)
    area: np.ndarray | None = None
    box: np.ndarray | None = None
    statistics: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    problem: str | None = None


def look(record: Record) -> Facts:
    """Read the middle frame and the properties of each channel; a record that cannot be read has a `problem`."""
    try:
        return _look(record)
    except NoResponse as missing:
        return Facts(record.id, problem=missing.reason)
    except (
        Exception
    ) as error:  # a Source or file that crashes its reader must not end the audit; it is counted and reported
        return Facts(record.id, problem=f"{type(error).__name__}: {error}")


def _look(record: Record) -> Facts:
    container: dict[str, Value] = {}
    pictures: dict[str, np.ndarray] = {}
    middle = 0
    for name in sorted(record.channels, key=lambda name: (name != "rgb", name)):
        source = record.channels[name]
        times = source.times()
        index = len(times) // 2
        middle = index if not pictures else middle
        picture = next(iter(source.read([index]))).image
        pictures[name] = as_rgb(picture) if name == "rgb" else as_gray(picture)
        container |= {f"{name} {what}": value for what, value in _container(source, times, pictures[name]).items()}
    annotation = record.annotation.load() if record.annotation else None
    shape = next(iter(pictures.values())).shape[:2]
    box = None if annotation is None else _row(annotation.boxes, middle, shape)
    area = None if annotation is None else _row(annotation.area, middle, shape)
    container |= {
        "has a box": float(box is not None),
        "has points": float(annotation is not None and annotation.points is not None),
    }
    return Facts(
        record.id, container, {n: _reduced(p) for n, p in pictures.items()}, area, box, statistics(pictures, box)
    )


def _container(source: Source, times: np.ndarray, picture: np.ndarray) -> dict[str, Value]:
    gaps = np.diff(times)
    facts: dict[str, Value] = {
        "frames": float(len(times)),
        "seconds": float(times[-1] - times[0]),
        "first time": float(times[0]),
        "height": float(picture.shape[0]),
        "width": float(picture.shape[1]),
        "bits": float(picture.dtype.itemsize * 8),
    }
    if len(gaps):
        facts |= {
            "rate": float(1 / gaps.mean()),
            "interval deviation": float(gaps.std()),
            "shortest interval": float(gaps.min()),
            "longest interval": float(gaps.max()),
        }
    if isinstance(source, MediaSource):
        size = sum(path.stat().st_size for path in source.files())
        facts |= {"bytes": float(size), "bytes a frame": size / len(times), **source.facts()}
    return facts


def _row(table: np.ndarray | None, index: int, shape: tuple[int, ...]) -> np.ndarray | None:
    """The box of a frame as shares of the frame; a single row applies to all frames."""
    if table is None or not len(table):
        return None
    corners: np.ndarray = np.asarray(table[0 if len(table) == 1 else min(index, len(table) - 1)], dtype=np.float64)
    if not np.isfinite(corners).all():
        return None
    return corners / [shape[1], shape[0], shape[1], shape[0]]


def _reduced(picture: np.ndarray) -> np.ndarray:
    import cv2

    full = float(np.iinfo(picture.dtype).max)
    small = cv2.resize(picture.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    reduced: np.ndarray = (small / full).astype(np.float16)
    return reduced
