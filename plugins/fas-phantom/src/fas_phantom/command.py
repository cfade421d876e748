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
        list[str], typer.Option("--set", metavar="FIELD=VALUE", help="a field of the dataset phantom, such as site=B or species=all; may be repeated")
    ] = [],  # noqa: B006  Typer copies it
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="how many; default: one a core")] = None,
) -> None:
    """Write clips as files: videos, 16-bit pictures of depth, a manifest for the dataset `folder`, and DATASHEET.md."""
    dataset = validate(Phantom, dict(map(_field, settings)))
    from fas_phantom.export import export as steps

    clips = _shown(steps(dataset, folder, processes or os.cpu_count() or 1))
    print(f"{clips} clips in {folder}: read them with {json.dumps({'type': 'folder', 'manifest': str(folder / 'manifest.csv')})}")


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
