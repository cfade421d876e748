"""Score tables for tests."""

from collections.abc import Sequence

import numpy as np

from fascore.evaluation.table import ScoreTable


def table(bona_fide: Sequence[float], **species: Sequence[float]) -> ScoreTable:
    scores = [*bona_fide, *(score for scores in species.values() for score in scores)]
    names = [""] * len(bona_fide) + [name for name, scores in species.items() for _ in scores]
    labels = [1] * len(bona_fide) + [0] * (len(scores) - len(bona_fide))
    return ScoreTable.from_columns(
        {"id": [f"r{i}" for i in range(len(scores))], "label": labels, "species": names, "score": scores}
    )


def golden() -> tuple[ScoreTable, ScoreTable]:
    """Dev and eval of the published golden values: 20 bona fide, 20 of each of two species, drawn one by one."""
    stream = np.random.RandomState(0)
    draw = lambda: [[stream.normal(mean) for _ in range(20)] for mean in (10, 9, 6)]
    dev, evaluation = draw(), draw()
    return tuple(table(bona_fide, type_0=first, type_1=second) for bona_fide, first, second in (dev, evaluation))
