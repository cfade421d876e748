"""`fascore traces`: draw the spoof traces that a trained model detects. Importing this module imports neither torch nor numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fascore import FascoreError

INPUT, OUTPUT = "Input", "Output"
Run = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="folder of a finished run with a generator of this plugin", show_default=False),
]
What = Annotated[
    str,
    typer.Argument(
        metavar="FACE", help="image or video of a face, or the id of a record of the run", show_default=False
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE.png",
        help="file to write; an existing file is replaced",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Onto = Annotated[
    str | None,
    typer.Option(
        metavar="FACE",
        help="image, video, or record id of a face that receives the traces",
        show_default=False,
        rich_help_panel=INPUT,
    ),
]
Beside = Annotated[
    list[Path] | None,
    typer.Option(metavar="RUN", help="another run, drawn below; repeatable", show_default=False, rich_help_panel=INPUT),
]
Detector = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="face detector [default: the detector of the run]",
        show_default=False,
        rich_help_panel=INPUT,
    ),
]


def traces(run: Run, what: What, out: Out, onto: Onto = None, beside: Beside = None, detector: Detector = None) -> None:
    """Draw the spoof traces that a model detects in a face.

    The sheet shows the bands of the trace, the inpainted region, the live face without the trace, and the trace on
    another face.

    Examples:
      fascore traces runs/physttd attack.mp4 --out traces.png
      fascore traces runs/physttd attack.mp4 --onto live.mp4 --out traces.png
    """
    if out.suffix.lower() != ".png":
        raise FascoreError(f"--out {out}: the sheet is a PNG file; use a file name that ends with .png")
    from fas_physttd.sheet import draw, write
    from fas_physttd.sheets import of_run

    write(draw([block for folder in (run, *(beside or ())) for block in of_run(folder, what, onto, detector)]), out)
    print(out)
