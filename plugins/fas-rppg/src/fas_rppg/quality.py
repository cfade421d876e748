"""A section of the report: how much of the signal maps was measured, at which frame rate, and whether that tells the label."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fascore import BONA_FIDE, Config, Section, hookimpl, validate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fascore import Record, Trained

LIMIT = 0.6
"""AUC from which a property of the recording is a short cut to the label, where that is not chance: more than 1.96 standard errors above one half."""


class Measured(NamedTuple):
    """Of each record that has a map: label, share of the map's columns without a measured face, and frame rate in hertz, (R,)."""

    label: NDArray[np.int64]
    unmeasured: NDArray[np.float64]
    fps: NDArray[np.float64]


class Quality:
    """Acts in every run with an MSTmap. Padding and frame rate are of the recording, not of the face: a model that reads them has learned nothing."""

    always = True
    Options = Config

    def __init__(self, options: Mapping[str, Any]) -> None:
        validate(Config, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """A table a signal map: padding share and frame rate by split, task and label, with a warning where they tell the label."""
        maps = [name for name, node in trained.plan.modalities.items() if node.component.type == "rppg.mstmap"]
        return [_section(trained, name) for name in maps]


def _section(trained: Trained, name: str) -> Section:
    rows, warnings = [], []
    for split, records in trained.splits.items():
        for task in sorted({record.task for record in records}):
            maps = measured(trained, name, [record for record in records if record.task == task])
            if len(maps.label):
                rows += [
                    f"<tr><td>{html.escape(split)}</td><td>{html.escape(task)}</td>{cells}</tr>"
                    for cells in _cells(maps)
                ]
                warnings += [f"{html.escape(split)}, {html.escape(task)}: {what}" for what in _warnings(maps)]
    head = "<th>Split</th><th>Task</th><th></th>" + "".join(
        f'<th class="n">{title}</th>' for title in ("Records", "Padding", "Hz")
    )
    lead = (
        f"Columns of '{html.escape(name)}' for which no face was measured, because the clip was too short or the face was lost, and the frame rate. "
        "Both are properties of the recording: where they tell bona fide from attack, a score may rest on them."
    )
    warned = (
        f'<div class="warn card"><ul>{"".join(f"<li>{line}</li>" for line in warnings)}</ul></div>' if warnings else ""
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return Section(
        "Length and frame rate of the signal", f'<p class="small soft">{lead}</p>{warned}{table}', shareable=True
    )


def measured(trained: Trained, name: str, records: Sequence[Record]) -> Measured:
    """What the store knows of an MSTmap of some records; records without one are left out."""
    import numpy as np

    label, unmeasured, fps = [], [], []
    for record in records:
        if (arrays := trained.stored(record, name)) is not None:
            label.append(record.label)
            unmeasured.append(1 - float(np.mean(arrays["valid"])))
            fps.append(float(arrays["fps"][0]))
    return Measured(np.array(label, np.int64), np.array(unmeasured), np.array(fps))


def told_by(values: NDArray[np.float64], label: NDArray[np.int64]) -> float | None:
    """AUC with which one number tells the label, whichever way it points; None where there is one class."""
    from sklearn.metrics import roc_auc_score

    if len(set(label.tolist())) < 2:
        return None
    area = float(roc_auc_score(label, values))
    return max(area, 1 - area)


def standard_error(area: float, label: NDArray[np.int64]) -> float:
    """Of an AUC (Hanley and McNeil, Radiology 1982)."""
    genuine, attack = int((label == BONA_FIDE).sum()), int((label != BONA_FIDE).sum())
    twice, once = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (genuine - 1) * (twice - area**2) + (attack - 1) * (once - area**2)
    return float((variance / (genuine * attack)) ** 0.5)


def _cells(maps: Measured) -> Iterator[str]:
    for label, word in ((BONA_FIDE, "bona fide"), (1 - BONA_FIDE, "attack")):
        rows = maps.label == label
        if rows.any():
            numbers = (f"{rows.sum()}", f"{100 * maps.unmeasured[rows].mean():.1f} %", f"{maps.fps[rows].mean():.2f}")
            yield f"<td>{word}</td>" + "".join(f'<td class="n">{number}</td>' for number in numbers)


def _warnings(maps: Measured) -> Iterator[str]:
    for what, values in (("padding", maps.unmeasured), ("frame rate", maps.fps)):
        area = told_by(values, maps.label)
        if area is not None and area > LIMIT and area - 0.5 > 1.96 * standard_error(area, maps.label):
            yield f"{what} alone tells the label with an AUC of {area:.2f} (limit {LIMIT:.1f}, {len(values)} records)"
