"""Pixels that neither face nor instrument may cover, as columns that do not reveal how large the covered part is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fas_audit.columns import Columns
from fas_audit.prediction import Floats, Ints
from fas_audit.record_facts import SIDE, Facts

Region: TypeAlias = Literal["area", "box", "border"]
REGIONS: dict[Region, str] = {
    "area": "outside the area that the records specify",
    "box": "outside the face box widened to twice its size",
    "border": "the outer eighth of each side because there are neither areas nor boxes",
}
WIDER = 0.5
"""Share of its size by which a face box is widened on each side."""
ROWS, COLUMNS = SIDE // 4, SIDE // 2
"""Cells down and across a picture: four pixels high and two wide, since a face leaves narrow margins at its sides."""
TURNED = 1.2
"""Factor by which mirroring must increase the worth; otherwise left and right stay separate."""
BORDER = SIDE // 8
POWER = 0.25
KNOWN = 0.9
"""Share of records that must have an area, or a box, for it to be the region."""


def region_of(facts: Sequence[Facts]) -> Region:
    """The region excluded from the pictures.

    It is the same rule for all records of a part, so that the rule itself reveals nothing.
    """
    if np.mean([seen.area is not None for seen in facts]) >= KNOWN:
        return "area"
    return "box" if np.mean([seen.box is not None for seen in facts]) >= KNOWN else "border"


class Shown(NamedTuple):
    """`cells` that all `rows` of the facts show; `turned` (N,) bool: pictures that are mirrored."""

    cells: Ints
    rows: Ints
    turned: NDArray[np.bool_]

    @property
    def worth(self) -> float:
        """The worth of a choice of cells: records times the fourth root of cells, because neighbors are similar."""
        return len(self.rows) * float(len(self.cells) ** POWER)


def shown(facts: Sequence[Facts], region: Region) -> Shown:
    """The cells that are examined and the records that show them.

    Pictures are mirrored so that their wider margin is on the left if that keeps many more records.
    """
    masks = np.array([_outside(seen, region) for seen in facts]).reshape(len(facts), SIDE, SIDE)
    turned = masks[:, :, SIDE // 2 :].sum((1, 2)) > masks[:, :, : SIDE // 2].sum((1, 2))
    mirrored = np.where(turned[:, None, None], masks[:, :, ::-1], masks)
    plain, other = (
        Shown(*shared_cells(_whole(seen).reshape(len(facts), ROWS * COLUMNS)), how)
        for seen, how in ((masks, turned & False), (mirrored, turned))
    )
    return other if other.worth > TURNED * plain.worth else plain


def surroundings(facts: Sequence[Facts], region: Region) -> Columns:
    """Mean color and roughness of the outside cells, for every channel that all records have.

    Only records that show all of these cells are used.
    """
    cells, kept, turned = shown(facts, region)
    names: list[str] = []
    columns: list[Floats] = [np.zeros((len(kept), 0))]
    for channel in sorted({channel for seen in facts for channel in seen.frames}):
        frames = [seen.frames[channel] for seen in facts if channel in seen.frames]
        if len(frames) < len(facts) or not len(kept):
            continue
        pictures = (frames[place][:, ::-1] if turned[place] else frames[place] for place in kept.tolist())
        values = np.array([_tones(picture)[:, cells].ravel() for picture in pictures])
        changing = np.ptp(values, axis=0) > 0
        names += [
            name for name, keep in zip(_titles(channel, frames[0].ndim, cells, bool(turned.any())), changing) if keep
        ]
        columns.append(values[:, changing])
    return Columns(names, np.concatenate(columns, axis=1), kept)


def shared_cells(shown: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Cells, and the records that show all of them, from `shown` (N, cells) bool.

    Cells are added one by one, each time the one that keeps the most records; the selection with the greatest worth is
    returned. No cell is filled in, so the size of the covered part decides only which records are examined.
    """
    remaining, taken = np.ones(len(shown), dtype=bool), np.zeros(shown.shape[1], dtype=bool)
    order: list[int] = []
    worth: list[float] = []
    for _ in range(shown.shape[1]):
        counts = np.where(taken, -1, shown[remaining].sum(0))
        best = int(counts.argmax())
        if counts[best] <= 0:
            break
        taken[best] = True
        remaining &= shown[:, best]
        order.append(best)
        worth.append(float(counts[best]) * len(order) ** POWER)
    cells = np.array(sorted(order[: int(np.argmax(worth)) + 1] if order else []), dtype=np.int64)
    return cells, np.flatnonzero(shown[:, cells].all(1)) if len(cells) else np.zeros(0, dtype=np.int64)


def _outside(facts: Facts, region: Region) -> np.ndarray:
    """(64, 64) bool: pixels wholly outside; none if a record lacks the box that its part relies on."""
    mask = np.ones((SIDE, SIDE), dtype=bool)
    if region == "border":
        mask[BORDER:-BORDER, BORDER:-BORDER] = False
        return mask
    box = facts.area if region == "area" else facts.box
    if box is None:
        return ~mask
    x1, y1, x2, y2 = box.tolist()
    if region == "box":
        x1, x2 = x1 - WIDER * (x2 - x1), x2 + WIDER * (x2 - x1)
        y1, y2 = y1 - WIDER * (y2 - y1), y2 + WIDER * (y2 - y1)
    left, top = max(0, int(np.floor(x1 * SIDE))), max(0, int(np.floor(y1 * SIDE)))
    mask[top : max(0, int(np.ceil(y2 * SIDE))), left : max(0, int(np.ceil(x2 * SIDE)))] = False
    return mask


def _cells(plane: np.ndarray) -> np.ndarray:
    """(..., 64, 64) as (..., 16, 32, 4, 2): the pixels of each cell last."""
    split = plane.reshape(*plane.shape[:-2], ROWS, SIDE // ROWS, COLUMNS, SIDE // COLUMNS)
    return np.moveaxis(split, -3, -2)


def _whole(masks: np.ndarray) -> np.ndarray:
    """(..., 16, 32) bool: cells wholly outside. The mean of a partial cell would reveal how much of it is covered."""
    return np.asarray(_cells(masks).all((-2, -1)))


def _tones(frame: np.ndarray) -> Floats:
    """(K, 512): the mean of each tone and the roughness of each cell.

    Steps between cells are left out because a neighboring cell may be covered.
    """
    planes = np.moveaxis(frame.astype(np.float64), -1, 0) if frame.ndim == 3 else frame[None].astype(np.float64)
    gray = _cells(planes.mean(0))
    rough = np.abs(np.diff(gray, axis=-1)).mean((-1, -2)) + np.abs(np.diff(gray, axis=-2)).mean((-1, -2))
    return np.concatenate([_cells(planes).mean((-2, -1)), rough[None]]).reshape(-1, ROWS * COLUMNS)


def _titles(channel: str, axes: int, cells: Ints, turned: bool) -> list[str]:
    tones = [
        *((f"{channel} {color}" for color in ("red", "green", "blue")) if axes == 3 else [channel]),
        f"{channel} roughness",
    ]
    places = [(cell // COLUMNS + 1, cell % COLUMNS + 1) for cell in cells.tolist()]
    side = " from the wider margin" if turned else ""
    return [
        f"{tone} at row {row} of {ROWS}, column {column} of {COLUMNS}{side}" for tone in tones for row, column in places
    ]
