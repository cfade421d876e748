"""`fascore plugin new`: create a plugin package that passes its tests."""

from __future__ import annotations

import json
import re
import shutil
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Annotated, NamedTuple

import typer

from fascore.cli.help import OUTPUT, option
from fascore.contract.errors import FascoreError
from fascore.contract.files import write_whole
from fascore.contract.registry import KINDS, known_plugins

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PLACES = {"src.": "src/$package/", "tests.": "tests/"}
"""Prefixes of template names, and the folders that they stand for."""
_FACTS = "facts.json"
"""File in the folder of each kind: its component, and the text about it in the README."""


class Names(NamedTuple):
    """The names of a plugin: for pip, for Python, and before the dot in the names of its components."""

    distribution: str
    package: str
    prefix: str

    def __str__(self) -> str:
        return (
            f"{self.distribution}, imported as {self.package}; the names of its components begin with '{self.prefix}.'"
        )


def plugin_new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="name of the plugin, for example my-fusion", show_default=False)
    ],
    kind: Annotated[
        str, option("--kind", "KIND", f"kind of the first component: {', '.join(KINDS)}", "Plugin", show_default=True)
    ] = "fusion",
    into: Annotated[
        Path, option("--into", "DIR", "folder in which to create the package [default: the current folder]", OUTPUT)
    ] = Path("."),
) -> None:
    """Create a plugin package that installs and passes its tests as generated."""
    folder = create(name, into, kind)
    print(f"the plugin is called {names_of(name)}")
    print(f"wrote {folder}\ninstall it: pip install -e '{folder}[test]'\ntest it:    pytest {folder}")


def names_of(name: str) -> Names:
    """The names of a plugin. Raises FascoreError if `name` is not valid."""
    plain = name.removeprefix("fas-")
    if not _NAME.fullmatch(plain):
        raise FascoreError(
            f"'{name}' is not a valid plugin name; write lower-case words with hyphens, for example my-fusion"
        )
    underscored = plain.replace("-", "_")
    owner = next((package for package, facts in known_plugins().items() if facts["prefix"] == underscored), None)
    if owner is not None:
        raise FascoreError(f"the prefix '{underscored}' belongs to {owner}; choose another name")
    return Names(f"fas-{plain}", f"fas_{underscored}", underscored)


def create(name: str, folder: Path, kind: str = "fusion") -> Path:
    """Write the plugin `fas-NAME` into `folder`, whole or not at all, and return its folder. Raises FascoreError."""
    names = names_of(name)
    if kind not in KINDS:
        raise FascoreError(f"there is no kind '{kind}'; available: {', '.join(KINDS)}")
    target = folder / names.distribution
    if target.exists():
        raise FascoreError(f"{target}: already exists; choose another name or folder")
    try:
        for path, text in _texts(names, kind).items():
            write_whole(target / path, text)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise FascoreError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def _texts(names: Names, kind: str) -> dict[str, str]:
    """Every file of the plugin by its path."""
    templates = files("fascore.cli") / "templates" / "plugin"
    words = {**names._asdict(), "kind": kind}
    facts = json.loads((templates / kind / _FACTS).read_text(encoding="utf-8"))
    words |= {key: Template(text).substitute(words) for key, text in facts.items()}
    paths = sorted([*(templates / "common").iterdir(), *(templates / kind).iterdir()], key=lambda path: path.name)
    return {
        Template(_path(path)).substitute(words): Template(path.read_text(encoding="utf-8")).substitute(words)
        for path in paths
        if path.name != _FACTS
    }


def _path(template: Traversable) -> str:
    name = template.name.removesuffix(".txt")
    beginning = next((b for b in _PLACES if name.startswith(b)), "")
    return _PLACES.get(beginning, "") + name.removeprefix(beginning)
