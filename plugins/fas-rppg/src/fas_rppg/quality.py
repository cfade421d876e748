"""A section of the report: measured share and frame rate of the signal maps, and whether they reveal the label."""

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
"""AUC (area under the ROC curve) above which a property of the recording is a shortcut to the label.

The AUC must also be more than 1.96 standard errors above one half, to exclude chance."""


class Measured(NamedTuple):
    """Label, share of map columns without a measured face, and frame rate in hertz of each record with a map, (R,)."""

    label: NDArray[np.int64]
    unmeasured: NDArray[np.float64]
    fps: NDArray[np.float64]


class Quality:
    """Active in every run with an MSTmap. Padding and frame rate belong to the recording: a model that uses them has learned nothing."""

    always = True
    Options = Config

    def __init__(self, options: Mapping[str, Any]) -> None:
        validate(Config, options)

    @hookimpl
    def report_sections(self, trained: Trained) -> list[Section]:
        """One table per signal map: share of padding and frame rate by split, task, and label, with a warning if they reveal the label."""
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
                warnings += [f"{html.escape(split)}, {html.escape(task)}: {warning}" for warning in _warnings(maps)]
    head = "<th>Split</th><th>Task</th><th></th>" + "".join(
        f'<th class="n">{title}</th>' for title in ("Records", "Padding", "Hz")
    )
    lead = (
        f"Padding is the share of columns of '{html.escape(name)}' without a measured face, because the clip was too short or the face was lost; "
        "Hz is the frame rate. Both are properties of the recording: if they separate bona fide records from attacks, a score may depend on them."
    )
    warning_card = (
        f'<div class="warn card"><ul>{"".join(f"<li>{line}</li>" for line in warnings)}</ul></div>' if warnings else ""
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return Section(
        "Length and frame rate of the signal", f'<p class="small soft">{lead}</p>{warning_card}{table}', shareable=True
    )


def measured(trained: Trained, name: str, records: Sequence[Record]) -> Measured:
    """Stored properties of an MSTmap of some records; records without one are skipped."""
    import numpy as np

    label, unmeasured, fps = [], [], []
    for record in records:
        if (arrays := trained.stored(record, name)) is not None:
            label.append(record.label)
            unmeasured.append(1 - float(np.mean(arrays["valid"])))
            fps.append(float(arrays["fps"][0]))
    return Measured(np.array(label, np.int64), np.array(unmeasured), np.array(fps))


def label_auc(values: NDArray[np.float64], label: NDArray[np.int64]) -> float | None:
    """AUC with which one number separates the labels, in either direction; None with a single class."""
    from sklearn.metrics import roc_auc_score

    if len(set(label.tolist())) < 2:
        return None
    area = float(roc_auc_score(label, values))
    return max(area, 1 - area)


def standard_error(area: float, label: NDArray[np.int64]) -> float:
    """Standard error of an AUC (Hanley and McNeil, Radiology 1982)."""
    genuine, attack = int((label == BONA_FIDE).sum()), int((label != BONA_FIDE).sum())
    twice, once = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (genuine - 1) * (twice - area**2) + (attack - 1) * (once - area**2)
    return float((variance / (genuine * attack)) ** 0.5)


def _cells(maps: Measured) -> Iterator[str]:
    for label, name in ((BONA_FIDE, "bona fide"), (1 - BONA_FIDE, "attack")):
        rows = maps.label == label
        if rows.any():
            numbers = (f"{rows.sum()}", f"{100 * maps.unmeasured[rows].mean():.1f} %", f"{maps.fps[rows].mean():.2f}")
            yield f"<td>{name}</td>" + "".join(f'<td class="n">{number}</td>' for number in numbers)


def _warnings(maps: Measured) -> Iterator[str]:
    for name, values in (("padding", maps.unmeasured), ("frame rate", maps.fps)):
        area = label_auc(values, maps.label)
        if area is not None and area > LIMIT and area - 0.5 > 1.96 * standard_error(area, maps.label):
            yield f"{name} alone reveals the label with an AUC of {area:.2f} (limit {LIMIT:.1f}, {len(values)} records)"
