"""`fascore predict`: score images and videos with a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fascore.cli.help import INPUT, OUTPUT, THRESHOLD, option
from fascore.cli.options import Detector, Device, Run, With, overrides

Paths = Annotated[list[Path], typer.Argument(metavar="PATH", help="images, videos, or folders", show_default=False)]
Clips = Annotated[
    float | None, option("--clips", "SECONDS", "split each video into clips of this length and score each clip", INPUT)
]
Recalibrated = Annotated[
    Path | None,
    option(
        "--threshold",
        "FILE",
        "threshold file written by fascore recalibrate [default: the threshold of the run]",
        THRESHOLD,
    ),
]
Json = Annotated[bool, option("--json", None, "print one JSON object per line instead of a table", OUTPUT)]
Timeline = Annotated[
    Path | None, option("--timeline", "FILE", "draw the scores over time into this PNG file; requires --clips", OUTPUT)
]


def predict(
    folder: Run,
    paths: Paths,
    detector: Detector = None,
    clips: Clips = None,
    threshold: Recalibrated = None,
    as_json: Json = False,
    timeline: Timeline = None,
    device: Device = "auto",
    extra: With = [],  # noqa: B006  Typer copies it
) -> None:
    """Score images and videos with a finished run and decide at its threshold.

    A file that cannot be scored is listed with the reason and never counted as an attack.
    """
    from fascore.cli.predict_text import print_answers
    from fascore.contract.errors import FascoreError
    from fascore.running.predict import predict as predictions
    from fascore.running.progress import progress_bar
    from fascore.spec.documents import json_or_word

    overrides([], extra)
    if timeline is not None and clips is None:
        raise FascoreError("--timeline draws clips over time: add their length, for example --clips 2")
    origin = "the run's threshold" if threshold is None else f"of {threshold}: APCER unknown here"
    with progress_bar("predict", "scored", quiet=clips is None, unit="clips") as progress:
        answers = predictions(
            folder,
            paths,
            detector=json_or_word(detector),
            device=device,
            recalibrated=threshold,
            clips=clips,
            progress=progress,
        )
        printed = print_answers(answers, as_json=as_json, origin=origin)
    if timeline is not None:
        from fascore.running.timeline import draw_timeline

        draw_timeline(printed, timeline)
