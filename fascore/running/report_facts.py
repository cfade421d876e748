"""facts.json of a run: what its report shows that no other file of the run contains."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from fascore.contract.errors import FascoreError, NoResponse
from fascore.contract.hooks import Section
from fascore.contract.record import Record
from fascore.evaluation.table import ScoreTable
from fascore.report.contents import ReportFacts, Timing, record_counts, record_people
from fascore.report.mistakes import worst_rows
from fascore.running.folder import RunFolder
from fascore.running.splits import Splits
from fascore.spec.documents import RunSpec

HEIGHT = 112
"""Largest height and width of an image in the report, in pixels."""


def gather(
    splits: Splits,
    spec: RunSpec,
    tests: Mapping[str, ScoreTable],
    threshold: float,
    timing: Timing,
    sections: Sequence[Section],
) -> dict[str, Any]:
    """The document. It contains images of the worst errors only, and only of publishable test sets."""
    shown = {name: tests[name] for name in tests if name in publishable(spec)}
    return {
        "splits": {"train": record_counts(splits.train)},
        "people": {"train": sorted(record_people(splits.train))},
        "timing": {"seconds": list(timing.seconds), "where": timing.where},
        "pictures": {name: _pictures(table, splits.tests[name], threshold) for name, table in shown.items()},
        "sections": [section._asdict() for section in sections],
    }


def publishable(spec: RunSpec) -> frozenset[str]:
    """Test sets in which every dataset permits showing its faces."""
    return frozenset(
        name for name, entries in spec.data.test.items() if all(entry.dataset.publishable for entry in entries)
    )


def report_facts(
    folder: RunFolder, system: Mapping[str, str], log: Sequence[Any], quarantine: Sequence[Any]
) -> ReportFacts:
    """The content of a finished run's report, from the run's files alone. Raises FascoreError if one is missing."""
    metrics, facts = folder.read(folder.metrics), folder.read(folder.facts)
    tables = {name: ScoreTable.read(folder.scores(name)) for name in ("dev", *metrics["tests"])}
    return ReportFacts(
        title=folder.read(folder.resolved)["spec"]["name"],
        metrics=metrics,
        dev=tables.pop("dev"),
        tests=tables,
        system=system,
        log=log,
        quarantine=quarantine,
        splits=facts["splits"],
        people={name: frozenset((a, b) for a, b in pairs) for name, pairs in facts["people"].items()},
        timing=Timing(**facts["timing"]),
        sections=[Section(**section) for section in facts["sections"]],
        pictures={
            name: {id: base64.b64decode(text) for id, text in texts.items()}
            for name, texts in facts["pictures"].items()
        },
    )


def _pictures(table: ScoreTable, records: Sequence[Record], threshold: float) -> dict[str, str]:
    tables = [table.task(task) for task in table.tasks]
    wanted = {
        str(task_table.id[row])
        for task_table in tables
        for rows in worst_rows(task_table, threshold).values()
        for row in rows
    }
    pictures = {record.id: _picture(record) for record in records if record.id in wanted}
    return {id: picture for id, picture in pictures.items() if picture is not None}


def _picture(record: Record) -> str | None:
    """The middle frame as a small JPEG in base64; None if it cannot be read."""
    source = record.channels.get("rgb")
    try:
        frame = None if source is None else next(iter(source.read([len(source.times()) // 2])), None)
    except (NoResponse, FascoreError):
        return None
    if frame is None:
        return None
    image, buffer = Image.fromarray(np.asarray(frame.image)).convert("RGB"), io.BytesIO()
    image.thumbnail((HEIGHT, HEIGHT))
    image.save(buffer, "JPEG", quality=80)
    return base64.b64encode(buffer.getvalue()).decode()
