"""Figures that compare traces with the truth, by species and estimator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from fas_physttd.species import by_species, name_of
from fas_physttd.truth.measures import NAMES, measure
from fas_physttd.truth.pictures import estimated, mean_difference, perfect, rendered, seen, without
from fascore import Record, Trained

GRAY = 255
"""L1 differences are shown in steps of 1/255."""
COLUMNS = {
    **{f"r.{name}": f"r {name.upper()}" for name in NAMES},
    **{f"l1.{name}": f"L1 {name.upper()}" for name in NAMES},
    "iou": "IoU P",
    "p": "mean P",
    "psnr": "PSNR live",
    **{f"own.{name}": f"own {name.upper()}" for name in NAMES},
}
"""Column titles of the figures of `measure`."""
ALWAYS = ("r.", "l1.", "psnr")
"""Prefixes of figures that every trace generator has."""
NOTE = (
    "r and L1 (correlation and mean absolute difference): bands of the estimated and true trace T_A, split by Eq. 9, where P is 0 in the face; "
    "L1 in steps of 1/255. IoU P: intersection over union of P > 0.5, where something is inpainted; mean P: where nothing is. "
    "PSNR live: peak signal-to-noise ratio of the live counterpart in the face, dB. own: share of the energy of B, C, or T, as applied, that is "
    "in its own band; B, C, and T alone are not identifiable. All figures are means over crops; – means that there is no such crop. "
    "Estimates: the trained model; the model before training; no trace; the mean attack crop minus the mean bona fide crop of the training data; "
    "the truth itself, which is not exact because of camera noise and coding."
)
"""Explanation of the table for its reader."""


class Line(NamedTuple):
    """Means of the figures over the crops of one species, NaN if undefined; `crops` is the number of crops."""

    species: str
    estimator: str
    crops: int
    figures: dict[str, float]


def compare(trained: Trained, records: Sequence[Record], most: int) -> list[Line]:
    """Lines for the first `most` records by id of each species and of bona fide; empty if no record is rendered."""
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
        rows = torch.tensor([crop_species == name for crop_species in species])
        for estimator, figures in measured.items():
            yield Line(
                name,
                estimator,
                int(rows.sum()),
                {figure: float(values[rows].nanmean()) for figure, values in figures.items()},
            )


def measured_of(lines: Sequence[Line]) -> list[str]:
    """COLUMNS without those that do not apply to this generator, such as P without inpainting or own bands of a single trace."""
    of_model = [line.figures for line in lines if line.estimator in ("trained", "untrained")]
    return [
        figure
        for figure in COLUMNS
        if figure.startswith(ALWAYS) or any(figures[figure] == figures[figure] for figures in of_model)
    ]


def cells(line: Line, columns: Sequence[str]) -> list[str]:
    """The line's figures as text, in the order of `columns`."""
    return [_text(figure, line.figures[figure]) for figure in columns]


def _text(figure: str, value: float) -> str:
    if value != value:
        return "–"
    if figure.startswith("l1."):
        return f"{GRAY * value:.2f}"
    return f"{value:.1f}" if figure == "psnr" else f"{round(value, 2) + 0:.2f}"  # + 0 avoids "-0.00"


def markdown(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    columns = measured_of(lines)
    head = ["species", "crops", "estimate", *(COLUMNS[figure] for figure in columns)]
    rows = [[f"`{line.species}`", str(line.crops), line.estimator, *cells(line, columns)] for line in lines]
    rule = [*["---"] * 3, *["---:"] * len(columns)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
