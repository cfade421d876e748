"""Commands that prepare, train, score and measure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fascore.cli.options import Processes, Runs, Set, Spec, Strict, Trainers, With, overrides, problems_of

RUNS = Path("runs")


def run(
    spec: Spec,
    settings: Set = [],  # noqa: B006  Typer copies it
    fresh: Annotated[bool, typer.Option("--fresh/--resume", help="begin again, or continue what was begun")] = False,
    processes: Trainers = 1,
    extra: With = [],  # noqa: B006
    strict: Strict = False,
    runs: Runs = RUNS,
) -> None:
    """Check, prepare, train, choose the threshold on dev, evaluate every test set, write the run's folder.

    A run that was stopped continues with the same command, to the same result.
    """
    document = _checked(spec, settings, extra)
    with problems_of(spec):
        from fascore.running.run import execute_document

        execute_document(document, fresh=fresh, processes=processes, strict=strict, runs=runs)


def _checked(spec: Path, settings: list[str], extra: list[str]) -> Any:
    """The document of a spec that passes the check: a mistake is told at once, before torch is imported."""
    from fascore.spec.documents import read_spec
    from fascore.spec.plan import check

    with problems_of(spec):
        checked, document = read_spec(spec, overrides(settings, extra))
        check(checked)
    return document


def prepare(
    spec: Spec, settings: Set = [], processes: Processes = None, extra: With = [], strict: Strict = False
) -> None:
    """Decode and store what a spec needs of every record, once for all runs; a run does it too where it is missing."""
    changes = overrides(settings, extra)
    with problems_of(spec):
        from fascore.running.prepare import prepare_spec

        prepare_spec(spec, changes, processes=processes, strict=strict)


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
    from fascore.running.predict import predict as answers
    from fascore.running.prepare import progress_bar
    from fascore.spec.documents import json_or_word

    overrides([], extra)
    if timeline is not None and clips is None:
        raise FascoreError("--timeline draws clips over time: say how long one is, for example --clips 2")
    origin = "the run's threshold" if threshold is None else f"of {threshold}: APCER unknown here"
    with progress_bar("predict", "scored", quiet=clips is None, unit="clips") as tell:
        found = answers(
            folder,
            paths,
            detector=json_or_word(detector),
            device=device,
            recalibrated=threshold,
            clips=clips,
            progress=tell,
        )
        given = print_answers(found, as_json=as_json, origin=origin)
    if timeline is not None:
        from fascore.running.timeline import draw_timeline

        draw_timeline(given, timeline)
