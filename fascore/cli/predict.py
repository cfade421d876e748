"""`fascore predict`: score images and videos with a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fascore.cli.options import With, overrides


def predict(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="a run's folder", show_default=False)],
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="images, videos, or folders of them", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="a JSON object a line instead of a table")] = False,
    detector: Annotated[
        str | None,
        typer.Option(
            "--detector",
            metavar="NAME",
            help="what finds the faces, name or JSON; default: as the run",
            show_default=False,
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda")] = "auto",
    threshold: Annotated[
        Path | None,
        typer.Option(
            "--threshold", metavar="FILE", help="decide by a file of fascore recalibrate instead", show_default=False
        ),
    ] = None,
    clips: Annotated[
        float | None,
        typer.Option(
            "--clips", metavar="SECONDS", help="score each video clip by clip, so many seconds each", show_default=False
        ),
    ] = None,
    timeline: Annotated[
        Path | None,
        typer.Option(
            "--timeline", metavar="FILE", help="a PNG of the score over time, with --clips", show_default=False
        ),
    ] = None,
    extra: With = [],  # noqa: B006  Typer copies it
) -> None:
    """Score images and videos with a finished run, and decide at its threshold; say why where there is no answer."""
    from fascore.cli.predict_text import print_answers
    from fascore.contract.errors import FascoreError
    from fascore.running.predict import predict as predictions
    from fascore.running.prepare import progress_bar
    from fascore.spec.documents import json_or_word

    overrides([], extra)
    if timeline is not None and clips is None:
        raise FascoreError("--timeline draws clips over time: say how long one is, for example --clips 2")
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
