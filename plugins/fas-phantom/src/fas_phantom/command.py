"""`fascore phantom`: contact sheets of rendered clips, and files. Importing this imports neither torch nor numpy."""

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
"""Seconds between two progress lines if the output is not a terminal."""


CLIP, OUTPUT = "Clip", "Output"


@app.callback()
def phantom() -> None:
    """Show or export rendered face clips.

    Examples:
      fascore phantom show --species print.flat --out print.png
      fascore phantom export clips/ --set subjects=20
    """


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="new or empty folder", show_default=False)],
    settings: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="set a field of the dataset phantom, for example site=B or species=all; repeatable",
            rich_help_panel=CLIP,
        ),
    ] = [],  # noqa: B006  Typer copies it
    processes: Annotated[
        int | None,
        typer.Option("--processes", metavar="N", min=1, help="number of worker processes [default: one per core]"),
    ] = None,
) -> None:
    """Write rendered clips to files.

    The folder contains videos, 16-bit images of depth, a manifest for the dataset `folder`, and DATASHEET.md.

    Examples:
      fascore phantom export clips/
      fascore phantom export clips/ --set subjects=20 --set species=print.flat,mask.rigid
    """
    dataset = validate(Phantom, dict(map(_field, settings)))
    from fas_phantom.export import export as steps

    clips = _shown(steps(dataset, folder, processes or os.cpu_count() or 1))
    config = {"type": "folder", "manifest": str(folder / "manifest.csv")}
    print(f"{clips} clips in {folder}: read them with {json.dumps(config)}")


Species = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="a species, bona_fide, or all for one sheet of every species",
        show_default=False,
        rich_help_panel=CLIP,
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        metavar="FILE.png",
        help="file to write; an existing file is replaced",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Site = Annotated[str, typer.Option(metavar="NAME", help="capture site: A, B, or C", rich_help_panel=CLIP)]
Subject = Annotated[
    int, typer.Option(metavar="N", min=0, help="number of the subject at the site", rich_help_panel=CLIP)
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="seed of subjects and clips", rich_help_panel=CLIP)]
Size = Annotated[int, typer.Option(metavar="PIXELS", help="height and width of a frame", rich_help_panel=CLIP)]
Frames = Annotated[
    int, typer.Option(metavar="N", help="length of the clip whose pulse is plotted", rich_help_panel=CLIP)
]
Difficulty = Annotated[
    float,
    typer.Option(metavar="D", help="from 0 (strong traces of the attack) to 1 (faint traces)", rich_help_panel=CLIP),
]


@app.command()
def show(
    species: Species,
    out: Out,
    site: Site = "A",
    subject: Subject = 0,
    seed: Seed = 0,
    size: Size = 192,
    frames: Frames = 125,
    difficulty: Difficulty = 0.5,
) -> None:
    """Draw a rendered clip with everything known about it.

    The sheet shows images, traces, channels, and pulse.

    Examples:
      fascore phantom show --species print.flat --out print.png
      fascore phantom show --species all --out all.png
    """
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
    """Parse a field and its value: JSON or a plain word. Several species are separated by commas."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise FascoreError(f"--set {text}: not a setting; write FIELD=VALUE, for example --set site=B")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value.split(",") if name == "species" and value != "all" else value


def _shown(steps: Iterable[tuple[int, int]]) -> int:
    """Show progress as a bar, or as occasional lines if the output is not a terminal. Returns the number of steps."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console, last_line, done = Console(stderr=True), time.monotonic(), 0
    columns = (TextColumn("clips"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("")
        for done, total in steps:
            bar.update(task, completed=done, total=total)
            if not console.is_terminal and time.monotonic() - last_line > QUIET:
                last_line = time.monotonic()
                console.print(f"{done} of {total} clips", highlight=False)
    return done
