"""`fascore phantom`: what the phantom renders, as sheets to look at and as files. Importing this module imports no torch and no numpy."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fas_phantom.components import Phantom
from fas_phantom.species import DEFAULT
from fascore import FascoreError, validate

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)
QUIET = 10.0
"""Seconds between two lines of progress where the output is no terminal."""


@app.callback()
def phantom() -> None:
    """Rendered face clips: contact sheets and exports."""


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a new or empty folder", show_default=False)],
    settings: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="a field of the dataset phantom, such as site=B or species=all; may be repeated",
        ),
    ] = [],  # noqa: B006  Typer copies it
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="how many; default: one a core")] = None,
) -> None:
    """Write clips as files: videos, 16-bit pictures of depth, a manifest for the dataset `folder`, and DATASHEET.md."""
    dataset = validate(Phantom, dict(map(_field, settings)))
    from fas_phantom.export import export as steps

    clips = _shown(steps(dataset, folder, processes or os.cpu_count() or 1))
    print(
        f"{clips} clips in {folder}: read them with {json.dumps({'type': 'folder', 'manifest': str(folder / 'manifest.csv')})}"
    )


@app.command()
def show(
    species: Annotated[
        str, typer.Option(help='a species, "bona_fide", or "all" for one sheet of every species', show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="the sheet, a PNG file; one that is there is replaced", show_default=False)],
    site: Annotated[str, typer.Option(help="place of capture, A, B or C")] = "A",
    subject: Annotated[int, typer.Option(min=0, help="number of the person at the site")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="of people and clips")] = 0,
    size: Annotated[int, typer.Option(help="height and width of a frame in pixels")] = 192,
    frames: Annotated[int, typer.Option(help="frames of the clip, whose pulse is plotted")] = 125,
    difficulty: Annotated[float, typer.Option(help="0 leaves strong traces of the attack, 1 faint ones")] = 0.5,
) -> None:
    """Draw what the phantom renders, and all that is known of it: pictures, traces, channels, pulse."""
    named = "all" if species == "all" else DEFAULT if species == "bona_fide" else [species]
    dataset = validate(
        Phantom,
        {
            "site": site,
            "seed": seed,
            "size": size,
            "frames": min(frames, 12) if species == "all" else frames,
            "difficulty": difficulty,
            "species": named,
            "subjects": max(12, min(subject + 1, 999)),
        },
    )
    from fas_phantom.show import choose, everything, overview, sheet, write

    write(overview(everything(dataset, subject)) if species == "all" else sheet(choose(dataset, species, subject)), out)
    print(out)


def _field(text: str) -> tuple[str, Any]:
    """A field and its value, JSON or a plain word; species may be words with commas between."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise FascoreError(f"--set {text}: write FIELD=VALUE, such as --set site=B")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value.split(",") if name == "species" and value != "all" else value


def _shown(steps: Iterable[tuple[int, int]]) -> int:
    """Tells how far it is: a bar, or a line now and then where the output is no terminal. The number of steps."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console, said, done = Console(stderr=True), time.monotonic(), 0
    columns = (TextColumn("clips"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("")
        for done, total in steps:
            bar.update(task, completed=done, total=total)
            if not console.is_terminal and time.monotonic() - said > QUIET:
                said = time.monotonic()
                console.print(f"{done} of {total} clips", highlight=False)
    return done
