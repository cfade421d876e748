"""The figures of traces against truth, by species and estimator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from fas_physttd.species import by_species, name_of
from fas_physttd.truth.measures import NAMES, measure
from fas_physttd.truth.pictures import estimated, mean_difference, perfect, rendered, seen, without
from fascore import Record, Trained

GREY = 255
"""L1 differences are shown in steps of 1/255."""
COLUMNS = {
    **{f"r.{name}": f"r {name.upper()}" for name in NAMES},
    **{f"l1.{name}": f"L1 {name.upper()}" for name in NAMES},
    "iou": "IoU P",
    "p": "mean P",
    "psnr": "PSNR live",
    **{f"own.{name}": f"own {name.upper()}" for name in NAMES},
}
"""Titles of the figures of `measure`."""
ALWAYS = ("r.", "l1.", "psnr")
"""Beginnings of figures that every generator of traces has."""
NOTE = (
    "r and L1: bands of the estimated against those of the true trace T_A, split by Eq. 9, where P is 0 in the face; L1 in steps of 1/255. "
    "IoU P: of P > 0.5, where something is inpainted; mean P: where nothing is. PSNR live: of the live counterpart in the face, dB. "
    "own: share of the energy of B, C and T, as they act, that is in its own band; B, C and T by themselves are not identifiable. "
    "Means over crops; – where there is no such crop. Estimates: the trained model; the same before training; no trace; mean attack less "
    "mean bona fide crop of the training data; the truth itself, which the camera's noise and coding keep from being exact."
)
"""What a reader of the table has to know."""


class Line(NamedTuple):
    """Means of the figures over the crops of one species; NaN where there is none. `crops` counts them."""

    species: str
    estimator: str
    crops: int
    figures: dict[str, float]


def compare(trained: Trained, records: Sequence[Record], most: int) -> list[Line]:
    """Lines of at most `most` records of each species and of bona fide, those with the first ids; none where none is rendered."""
    chosen = [record for group in by_species(rendered(records)).values() for record in group[:most]]
    if not chosen:
        return []
    truth, image = seen(trained, chosen)
    estimates = {
        "trained": estimated(trained, chosen),
        "untrained": estimated(trained.untrained(), chosen),
        "no trace": without(image, torch.zeros_like(image)),
        "mean difference": without(image, mean_difference(trained)),
        "truth": perfect(image, truth),
    }
    species = [name_of(record) for record in chosen for _ in range(trained.plan.views)]
    measured = {estimator: measure(truth, estimate) for estimator, estimate in estimates.items()}
    return list(_lines(species, measured))


def _lines(species: Sequence[str], measured: dict[str, dict[str, Tensor]]) -> Iterator[Line]:
    for name in dict.fromkeys(species):
        rows = torch.tensor([other == name for other in species])
        for estimator, figures in measured.items():
            yield Line(
                name,
                estimator,
                int(rows.sum()),
                {figure: float(values[rows].nanmean()) for figure, values in figures.items()},
            )


def measured_of(lines: Sequence[Line]) -> list[str]:
    """COLUMNS without those that only some generators have, if this one has not: P of one that inpaints nothing, own bands of one trace."""
    own = [line.figures for line in lines if line.estimator in ("trained", "untrained")]
    return [
        figure
        for figure in COLUMNS
        if figure.startswith(ALWAYS) or any(figures[figure] == figures[figure] for figures in own)
    ]


def cells(line: Line, columns: Sequence[str]) -> list[str]:
    """The line's figures as text, in the order of `columns`."""
    return [_text(figure, line.figures[figure]) for figure in columns]


def _text(figure: str, value: float) -> str:
    if value != value:
        return "–"
    if figure.startswith("l1."):
        return f"{GREY * value:.2f}"
    return f"{value:.1f}" if figure == "psnr" else f"{round(value, 2) + 0:.2f}"  # + 0: no "-0.00"


def markdown(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    columns = measured_of(lines)
    head = ["species", "crops", "estimate", *(COLUMNS[figure] for figure in columns)]
    rows = [[f"`{line.species}`", str(line.crops), line.estimator, *cells(line, columns)] for line in lines]
    rule = [*["---"] * 3, *["---:"] * len(columns)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
