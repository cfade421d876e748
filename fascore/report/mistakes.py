"""The worst errors at the threshold, which deserve inspection first."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascore.evaluation.table import ScoreTable

MOST = 6
"""Maximum number of errors shown for each kind."""


def worst_rows(table: ScoreTable, threshold: float | None) -> dict[str, NDArray[np.int64]]:
    """Rows of the accepted attacks with the highest scores and of the rejected bona fide with the lowest, worst first."""
    if threshold is None:
        return {}
    accepted = np.flatnonzero(table.attack & table.responded & (table.score >= threshold))
    rejected = np.flatnonzero(table.bona_fide & table.responded & (table.score < threshold))
    mistakes_by_kind = {"attacks accepted": accepted[np.lexsort((table.id[accepted], -table.score[accepted]))]}
    mistakes_by_kind["bona fide rejected"] = rejected[np.lexsort((table.id[rejected], table.score[rejected]))]
    return {kind: rows[:MOST] for kind, rows in mistakes_by_kind.items() if len(rows)}


def mistakes(
    table: ScoreTable, threshold: float | None, pictures: Mapping[str, bytes]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each kind of error with its worst presentations: id, species, score, and a picture if it may be shown."""
    species = table.categorical("species")
    return [
        (
            kind,
            [
                {
                    "id": str(table.id[row]),
                    "species": species.names[species.codes[row]],
                    "score": float(table.score[row]),
                    "picture": _embedded(pictures.get(str(table.id[row]))),
                }
                for row in rows.tolist()
            ],
        )
        for kind, rows in worst_rows(table, threshold).items()
    ]


def _embedded(picture: bytes | None) -> str | None:
    return None if picture is None else f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
