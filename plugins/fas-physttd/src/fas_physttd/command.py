"""`fascore traces`: what a trained model takes for the traces of an attack. Importing this module imports no torch and no numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fascore import FascoreError


def traces(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run with a physttd.generator", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="VIDEO_OR_IMAGE", help="the face to take apart", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.png", help="the sheet; one that is there is replaced", show_default=False)],
    onto: Annotated[Path | None, typer.Option(metavar="VIDEO_OR_IMAGE", help="a live face that gets the traces", show_default=False)] = None,
    detector: Annotated[str | None, typer.Option(metavar="NAME", help="what finds the face; default: as fascore predict", show_default=False)] = None,
) -> None:
    """Draw the traces that a model finds in a picture: bands, inpainted region, the live face without them, the traces on another face."""
    if out.suffix.lower() != ".png":
        raise FascoreError(f"--out {out}: the sheet is a PNG file; give a name that ends in .png")
    from fascore import open_trained

    with open_trained(run, [file, *([onto] if onto else [])], detector=detector) as trained:
        from fas_physttd.physttd.removal import take_apart
        from fas_physttd.physttd.sheet import draw, write

        for lacking in trained.prepared.quarantined:
            raise FascoreError(lacking.reason if lacking.reason.startswith(lacking.id) else f"{lacking.id}: {lacking.reason}")
        usable = {record.id: record for record in trained.splits["files"]}
        found = take_apart(trained, [usable[str(file)]], usable[str(onto)] if onto else None)
        write(draw([file.name], found), out)
    print(out)
