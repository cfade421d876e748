"""How well the best single statistic of each modality separates each species from bona fide, against target bands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fas_phantom.components import Phantom
from fas_phantom.statistics import STATISTICS, auc
from fascore import Record

SKIN_COVERED = ("mask.rigid", "mask.silicone", "mask.paper")
"""Masks that hide the skin from which a pulse is measured; a clear shell or a half mask does not."""
FACE_SHAPED = (
    "mask.rigid",
    "mask.silicone",
    "mask.paper",
    "mask.half",
    "mask.transparent",
    "makeup.cosmetic",
    "makeup.obfuscation",
    "makeup.impersonation",
)
"""Attacks with the relief of a face: their own or the wearer's."""
BANDS: dict[tuple[str, str], tuple[float, float]] = {
    ("depth", "print.flat"): (0.90, 0.97),
    **{("depth", species): (0.45, 0.60) for species in FACE_SHAPED},
    **{("infrared", species): (0.0, 0.97) for species in ("replay.screen", "replay.phone")},
    **{("pulse", species): (0.45, 0.60) for species in ("replay.screen", "replay.phone")},
    **{("pulse", species): (0.85, 1.0) for species in SKIN_COVERED},
    **{("pulse", species): (0.90, 1.0) for species in ("print.flat", "print.warped")},
}
"""Bounds of the area under the ROC curve (AUC) of the best single statistic by (modality, species); difficulty 0.5."""
PULSE_FRAMES = 500
"""Frames of a clip whose pulse is measured: 20 seconds at 25 frames per second."""


@dataclass(frozen=True)
class Row:
    """The statistics of one record in one modality; `train`: the choice of statistic uses its subject."""

    subject: str
    species: str | None
    train: bool
    values: dict[str, float]


@dataclass(frozen=True)
class Finding:
    """AUC of one statistic, chosen with its sign on the train subjects and measured on all others.

    `low` to `high` is the 95 % interval over subjects.
    """

    species: str
    statistic: str
    auc: float
    low: float
    high: float
    attacks: int
    bona_fide: int


def listed(
    site: str, subjects: int, species: Sequence[str], *, frames: int, size: int, bona_fide: int, difficulty: float = 0.5
) -> list[tuple[Record, bool]]:
    """Return the records of a site, with at most `bona_fide` live clips per subject, and whether each is in train."""
    data = Phantom(
        site=site, subjects=subjects, species=tuple(species), frames=frames, size=size, difficulty=difficulty
    )
    listing = []
    for split in ("train", "dev", "test"):
        live: dict[str | None, int] = {}
        for record in data.records(split):
            live[record.subject] = live.get(record.subject, 0) + record.label
            if not record.label or live[record.subject] <= bona_fide:
                listing.append((record, split == "train"))
    return listing


def row(listing: tuple[Record, bool], modalities: Sequence[str]) -> list[Row]:
    """Return the statistics of one record, one row per modality."""
    record, train = listing
    return [Row(record.subject or "", record.species, train, STATISTICS[modality](record)) for modality in modalities]


def findings(rows: Iterable[Row], replicates: int = 500) -> Iterator[Finding]:
    """Yield one finding per species, and one for all attacks together, named `pooled`."""
    rows = list(rows)
    names = sorted({row.species for row in rows if row.species})
    for species in [*names, "pooled"] if len(names) > 1 else names:
        compared = [row for row in rows if species == "pooled" or row.species in (species, None)]
        name, sign = _chosen([row for row in compared if row.train])
        yield _measured(species, name, sign, [row for row in compared if not row.train], replicates)


def _columns(rows: Sequence[Row], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (attack, bona fide) values of a statistic."""
    values = np.array([row.values[name] for row in rows])
    attack = np.array([row.species is not None for row in rows])
    return values[attack], values[~attack]


def _chosen(rows: Sequence[Row]) -> tuple[str, int]:
    areas = {name: auc(*_columns(rows, name)) for name in rows[0].values}
    best = max(areas, key=lambda name: abs(areas[name] - 0.5))
    return best, 1 if areas[best] >= 0.5 else -1


def _measured(species: str, name: str, sign: int, rows: Sequence[Row], replicates: int) -> Finding:
    attacks, live = _columns(rows, name)
    people = sorted({row.subject for row in rows})
    by_subject = {who: [row for row in rows if row.subject == who] for who in people}
    random, areas = np.random.default_rng(0), []
    for _ in range(replicates):
        drawn = [row for who in random.choice(people, len(people)) for row in by_subject[who]]
        areas.append(auc(*(sign * column for column in _columns(drawn, name))))
    low, high = np.percentile(areas, (2.5, 97.5)) if areas else (np.nan, np.nan)
    return Finding(species, name, auc(sign * attacks, sign * live), float(low), float(high), len(attacks), len(live))


def table(modality: str, findings: Sequence[Finding]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [
        f"| {modality} | best statistic | AUC (95 % over subjects) | n attack, live | band |",
        "| --- | --- | --- | --- | --- |",
    ]
    for finding in findings:
        band = BANDS.get((modality, finding.species))
        verdict = (
            ""
            if band is None
            else f"{band[0]:.2f}-{band[1]:.2f} " + ("ok" if band[0] <= finding.auc <= band[1] else "**out**")
        )
        area = f"{finding.auc:.3f} ({finding.low:.3f}-{finding.high:.3f})"
        counts = f"{finding.attacks}, {finding.bona_fide}"
        lines.append(f"| `{finding.species}` | {finding.statistic} | {area} | {counts} | {verdict} |")
    return lines
