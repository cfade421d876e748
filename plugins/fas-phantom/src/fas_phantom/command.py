"""`fascore phantom`: what the phantom renders, as sheets to look at and as files. Importing this module imports no torch and no numpy."""

from __future__ import annotations

import typer

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)


@app.callback()
def phantom() -> None:
    """Rendered face clips: contact sheets and exports."""
