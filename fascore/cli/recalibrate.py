"""`fascore recalibrate`: write a threshold file for a new camera into the run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fascore.cli.help import OUTPUT, THRESHOLD, option
from fascore.cli.options import Detector, Device, Run, With, overrides

if TYPE_CHECKING:
    from fascore.evaluation.table import ScoreTable

SCORE_FILES = (".csv",)


def recalibrate(
    folder: Run,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            help="bona fide presentations of the new camera: one CSV score file, or images, videos, and folders",
            show_default=False,
        ),
    ],
    bpcer: Annotated[
        float,
        option(
            "--bpcer", "RATE", "largest share of these presentations that may be rejected", THRESHOLD, show_default=True
        ),
    ] = 0.01,
    camera: Annotated[
        str,
        option(
            "--camera", "NAME", "name of the camera and of its file, thresholds/NAME.json", OUTPUT, show_default=True
        ),
    ] = "new",
    detector: Detector = None,
    device: Device = "auto",
    extra: With = [],  # noqa: B006  Typer copies it
) -> None:
    """Choose a threshold for a new camera from bona fide presentations alone.

    The threshold of the run stays as it is. The APCER at the new threshold is unknown, and the file states that.
    """
    from fascore.contract.errors import FascoreError
    from fascore.contract.files import write_whole
    from fascore.evaluation.recalibration import UNKNOWN, recalibrate as choose
    from fascore.running.folder import open_run

    overrides([], extra)
    run = open_run(folder)
    own, _ = run.decision()
    target = folder / "thresholds" / f"{camera}.json"
    if target.exists():
        raise FascoreError(f"{target}: already exists; choose another name with --camera, or delete the file")
    recalibrated = choose(
        _bona_fide(folder, paths, detector, device), own=own, run=folder.resolve().name, camera=camera, bpcer=bpcer
    )
    write_whole(target, recalibrated.model_dump_json(indent=2) + "\n")
    print(f"threshold {recalibrated.threshold.value:.10g} for camera '{camera}': {recalibrated.bpcer}")
    print(f"threshold of the run {own.value:.10g}: {recalibrated.bpcer_at_run_threshold}")
    if recalibrated.non_responses:
        print(f"{recalibrated.non_responses} presentations have no score and are left out")
    print(f"{UNKNOWN}\nwritten to {target}; to use it: fascore predict {folder} PATH --threshold {target}")


def _bona_fide(folder: Path, paths: list[Path], detector: str | None, device: str) -> ScoreTable:
    """Scores of a file, or of images and videos that are scored now."""
    from fascore.contract.errors import FascoreError
    from fascore.evaluation.table import ScoreTable

    if files := [path for path in paths if path.suffix.lower() in SCORE_FILES]:
        if len(paths) > 1:
            raise FascoreError(f"{files[0]} is a score file: pass it alone, or pass only images and videos")
        return ScoreTable.read(files[0])
    from fascore.running.predict import predict
    from fascore.spec.documents import json_or_word

    answers = list(predict(folder, paths, detector=json_or_word(detector), device=device))
    return ScoreTable.from_columns(
        {
            "id": [answer.path for answer in answers],
            "label": [1] * len(answers),
            "score": [answer.score for answer in answers],
            "response": [answer.response for answer in answers],
        }
    )
