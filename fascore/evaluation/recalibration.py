"""A threshold for a new camera from bona fide presentations alone: it meets a BPCER target, and its APCER is unknown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, FiniteFloat, NonNegativeInt

from fascore.contract.component import Config, validate
from fascore.contract.errors import FascoreError
from fascore.contract.threshold_rule import ThresholdRule
from fascore.evaluation import roc
from fascore.evaluation.intervals import clopper_pearson, enough, too_few
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold

UNKNOWN = "APCER unknown here: no attack was shown to this camera, and what the run measured elsewhere does not hold at this threshold"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Rejected(Config):
    """Rejected bona fide of the new camera at a threshold, with the Clopper-Pearson interval, 95 %, if independent."""

    threshold: FiniteFloat = Field(description="accept if the score is at least this")
    errors: NonNegativeInt = Field(description="bona fide rejected")
    n: NonNegativeInt = Field(description="bona fide with a score")
    value: float = Field(description="BPCER")
    low: float = Field(description="of the interval")
    high: float = Field(description="of the interval")

    @classmethod
    def at(cls, threshold: float, bona_fide: roc.Floats) -> Rejected:
        """Count the rejected presentations. `bona_fide` (P,) is increasing."""
        errors, n = int(np.searchsorted(bona_fide, threshold, side="left")), len(bona_fide)
        low, high = clopper_pearson(errors, n)
        return cls(threshold=threshold, errors=errors, n=n, value=errors / n, low=low, high=high)

    def __str__(self) -> str:
        interval = f"95 % interval {100 * self.low:.2g} to {100 * self.high:.2g} %, if independent"
        return f"{self.errors} of {self.n} bona fide rejected, {100 * self.value:.3g} % ({interval})"


class Recalibration(Config):
    """The file written beside a run: the new threshold, its effect on bona fide, and the note that its effect on
    attacks is unknown.
    """

    kind: Literal["recalibration"] = Field("recalibration", description="what this file is")
    camera: str = Field(description="whose bona fide it was chosen on")
    run: str = Field(description="the run whose scores it is for")
    threshold: Threshold = Field(description="the new threshold")
    bpcer: Rejected = Field(description="at the new threshold, on the very data it was chosen on")
    bpcer_at_run_threshold: Rejected = Field(description="at the run's own threshold")
    non_responses: NonNegativeInt = Field(0, description="presentations without a score, which have no part")
    apcer: None = Field(None, description="always unknown")
    note: str = Field(UNKNOWN, description="for whoever reads the file")


def recalibrate(table: ScoreTable, *, own: Threshold, run: str, camera: str, bpcer: float) -> Recalibration:
    """The highest threshold that rejects at most `bpcer` of the bona fide of a new camera.

    Raises FascoreError if the table has attacks, if there are too few presentations to measure the target
    (`intervals.too_few`), or if the camera's name is not a valid file name.
    """
    if not _NAME.fullmatch(camera):
        raise FascoreError(f"'{camera}' cannot name a camera's file: letters, digits, '-', '_' and '.'")
    try:
        rule = ThresholdRule(f"bpcer={bpcer:g}")
    except ValueError as error:
        raise FascoreError(str(error)) from None
    if attacks := int(table.attack.sum()):
        raise FascoreError(
            f"{attacks} of {len(table)} presentations are attacks: recalibration takes bona fide alone; with attacks, use a dev split"
        )
    bona_fide = table.reading(own.column).sorted_bona_fide
    if too_few(bpcer, len(bona_fide)):
        raise FascoreError(
            f"not measurable, n is too small: a BPCER of {bpcer:g} needs {enough(bpcer) if bpcer else 'infinitely many'} bona fide, and there are "
            f"{len(bona_fide)} with a score; record more, or take a higher target"
        )
    threshold = Threshold(
        value=roc.reject_at_most(bona_fide, bpcer),
        rule=rule,
        split="recalibration",
        column=own.column,
        datasets=(camera,),
        n_bona_fide=len(bona_fide),
    )
    return Recalibration(
        camera=camera,
        run=run,
        threshold=threshold,
        bpcer=Rejected.at(threshold.value, bona_fide),
        bpcer_at_run_threshold=Rejected.at(own.value, bona_fide),
        non_responses=len(table) - len(bona_fide),
    )


def read_recalibration(path: Path, own: Threshold) -> Recalibration:
    """Read a file written by `recalibrate`, for the run whose own threshold is `own`. Raises FascoreError."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FascoreError(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise FascoreError(f"{path} is not a threshold file of fascore recalibrate: {error}") from None
    if not isinstance(document, dict) or document.get("kind") != "recalibration":
        raise FascoreError(f"{path} is not a threshold file of fascore recalibrate")
    recalibration = validate(Recalibration, document)
    if recalibration.bpcer_at_run_threshold.threshold != own.value or recalibration.threshold.column != own.column:
        raise FascoreError(
            f"{path} was made for another run ('{recalibration.run}'): its scores are not this run's; recalibrate this one"
        )
    return recalibration
