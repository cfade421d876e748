"""`fascore traces`: what a trained model takes for the traces of an attack. Importing this module imports no torch and no numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fascore import FascoreError


def traces(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="folder of a finished run with a generator of this plugin", show_default=False
        ),
    ],
    what: Annotated[
        str,
        typer.Argument(
            metavar="VIDEO_OR_IMAGE", help="the face to take apart, or the id of a run's record", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE.png", help="the sheet; one that is there is replaced", show_default=False
        ),
    ],
    onto: Annotated[
        str | None,
        typer.Option(metavar="VIDEO_OR_IMAGE", help="a face, or its id, that gets the traces", show_default=False),
    ] = None,
    beside: Annotated[
        list[Path] | None, typer.Option(metavar="RUN", help="another run, below; may come again", show_default=False)
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="what finds the face; default: as fascore predict", show_default=False),
    ] = None,
) -> None:
    """Draw the traces that a model finds in a picture: bands, inpainted region, the live face without them, the traces on another face."""
    if out.suffix.lower() != ".png":
        raise FascoreError(f"--out {out}: the sheet is a PNG file; give a name that ends in .png")
    from fas_physttd.sheet import draw, write
    from fas_physttd.sheets import of_run

    write(draw([block for folder in (run, *(beside or ())) for block in of_run(folder, what, onto, detector)]), out)
    print(out)
