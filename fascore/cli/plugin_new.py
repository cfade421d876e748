"""What `fascore plugin new` writes: a plugin package that passes its tests at once."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from fascore.contract.errors import FascoreError
from fascore.contract.files import write_whole
from fascore.contract.registry import known_plugins

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PLACES = {"src.": "src/$package/", "tests.": "tests/"}
"""Beginnings of templates' names, and the folders that they stand for."""


def plugin_new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="what it adds, such as my-fusion")],
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="folder to make it in", show_default="here")
    ] = Path("."),
) -> None:
    """Write a plugin package that installs and passes its tests at once."""
    folder = create(name, into)
    print(f"wrote {folder}; install it with: pip install -e {folder}\nand test it with:    pytest {folder}")


def create(name: str, folder: Path) -> Path:
    """Write the plugin `fas-NAME` below `folder`, whole or not at all; its own folder. Raises FascoreError."""
    plain = name.removeprefix("fas-")
    if not _NAME.fullmatch(plain):
        raise FascoreError(f"'{name}' is no name for a plugin; write lower-case words with hyphens, such as my-fusion")
    words = {
        "distribution": f"fas-{plain}",
        "package": f"fas_{plain.replace('-', '_')}",
        "prefix": plain.replace("-", "_"),
    }
    owner = next((package for package, facts in known_plugins().items() if facts["prefix"] == words["prefix"]), None)
    if owner is not None:
        raise FascoreError(f"the prefix '{words['prefix']}' belongs to {owner}; choose another name")
    target = folder / words["distribution"]
    if target.exists():
        raise FascoreError(f"{target}: is there already; choose another name or folder")
    try:
        for path, text in _texts(words).items():
            write_whole(target / path, text)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise FascoreError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def _texts(words: dict[str, str]) -> dict[str, str]:
    """Every file of the plugin by its path."""
    templates = files("fascore.cli") / "templates" / "plugin"
    return {
        Template(_path(template.name)).substitute(words): Template(template.read_text(encoding="utf-8")).substitute(
            words
        )
        for template in sorted(templates.iterdir(), key=lambda template: template.name)
    }


def _path(template: str) -> str:
    name = template.removesuffix(".txt")
    beginning = next((b for b in _PLACES if name.startswith(b)), "")
    return _PLACES.get(beginning, "") + name.removeprefix(beginning)
