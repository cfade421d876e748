"""Commands that begin something: a spec, a plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def _option(name: str, help: str, **settings: Any) -> Any:
    return typer.Option(name, help=help, show_default=False, **settings)


def init(
    path: Annotated[Path, typer.Argument(metavar="SPEC", help="the file to write")] = Path("spec.json"),
    data: Annotated[str | None, _option("--data", "phantom: rendered clips, or folder: your own, by a manifest")] = None,
    manifest: Annotated[Path | None, _option("--manifest", "CSV or JSON lines, for --data folder", metavar="FILE")] = None,
    modalities: Annotated[str | None, _option("--modalities", "of rgb, depth, infrared [default: rgb]", metavar="LIST")] = None,
    encoder: Annotated[str | None, _option("--encoder", "a model of timm [default: resnet18]")] = None,
    fusion: Annotated[str | None, _option("--fusion", "where there are several modalities [default: gated]")] = None,
    detector: Annotated[str | None, _option("--detector", "what finds faces [default: boxes for phantom; mtcnn, or whole without it]")] = None,
    epochs: Annotated[int | None, _option("--epochs", "passes over the training set [default: 10]", min=1)] = None,
    name: Annotated[str | None, _option("--name", "of the run [default: the file's name]")] = None,
    force: Annotated[bool, _option("--force", "write over an existing file")] = False,
) -> None:
    """Write a spec that runs. On a terminal and without options it asks; what is left out takes its default."""
    from fascore.cli.beginning import Choices, asked, write_spec

    given = Choices(data=data, manifest=manifest, modalities=modalities, encoder=encoder, fusion=fusion, detector=detector, epochs=epochs, name=name)
    choices = asked(given) if given == Choices() else given
    write_spec(path, choices, force=force)
    print(f"wrote {path}; look at it with: fascore check {path}\nand train it with:    fascore run {path}")


def plugin_new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="what it adds, such as my-fusion")],
    into: Annotated[Path, _option("--into", "folder to make it in [default: here]", metavar="DIR")] = Path("."),
) -> None:
    """Write a plugin package that installs and passes its tests at once."""
    from fascore.cli.scaffold import create

    folder = create(name, into)
    print(f"wrote {folder}; install it with: pip install -e {folder}\nand test it with:    pytest {folder}")
