"""Arguments and options that several commands share, and their interpretation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from fascore.cli.help import EXECUTION, INPUT, OTHER, OUTPUT, SPEC, option
from fascore.contract.errors import FascoreError, SpecErrors

Spec: TypeAlias = Annotated[Path, typer.Argument(metavar="SPEC", help="JSON file of the spec", show_default=False)]
Run: TypeAlias = Annotated[Path, typer.Argument(metavar="RUN", help="folder of a finished run", show_default=False)]
Set: TypeAlias = Annotated[
    list[str], option("--set", "PATH=VALUE", "set one field, for example recipe.epochs=5; repeatable", SPEC)
]
Unset: TypeAlias = Annotated[
    list[str], option("--unset", "PATH", "remove one field, for example recipe.clip; repeatable", SPEC)
]
With: TypeAlias = Annotated[
    list[str], option("--with", "MODULE:CLASS", "use a component that is not installed; repeatable", OTHER)
]
Processes: TypeAlias = Annotated[
    int | None, option("--processes", "N", "number of worker processes [default: one per core]", EXECUTION, min=1)
]
Trainers: TypeAlias = Annotated[
    int, option("--processes", "N", "number of training processes on this machine", EXECUTION, min=1, show_default=True)
]
Strict: TypeAlias = Annotated[
    bool, option("--strict", None, "stop at an unreadable record instead of listing it in quarantine.jsonl", EXECUTION)
]
Runs: TypeAlias = Annotated[
    Path, option("--runs", "DIR", "folder that contains the run folders", OUTPUT, show_default=True)
]
Device: TypeAlias = Annotated[
    str, option("--device", "NAME", "device to compute on: auto, cpu, or cuda", EXECUTION, show_default=True)
]
Detector: TypeAlias = Annotated[
    str | None,
    option("--detector", "NAME", "face detector, as a name or JSON [default: the detector of the run]", INPUT),
]
Out: TypeAlias = Annotated[
    Path | None, option("--out", "FILE", "write to this file instead of printing", OUTPUT, short="-o")
]


def overrides(settings: Sequence[str], extra: Sequence[str], unset: Sequence[str] = ()) -> dict[str, Any]:
    """Changes by path: first `--unset`, then `--set`. Raises FascoreError.

    Before, the components of `--with` are registered.
    """
    from fascore.contract.registry import add_targets
    from fascore.spec.documents import parse_override
    from fascore.spec.overrides import UNSET

    if extra:
        add_targets(extra)
    changed = dict(map(parse_override, settings))
    for path in unset:
        if not path or "=" in path:
            raise FascoreError(f"--unset {path}: must be a path without a value, for example --unset recipe.clip")
        if path in changed:
            raise FascoreError(f"{path} occurs in both --set and --unset; remove one of them")
    return {**dict.fromkeys(unset, UNSET), **changed}


class InFile(SpecErrors):
    """All problems of one document: one line per problem, beginning with the file, then a line with their number."""

    def __init__(self, path: Path, errors: SpecErrors) -> None:
        super().__init__(errors.problems)
        self.path = path

    def __str__(self) -> str:
        count = len(self.problems)
        lines = [f"{self.path}: {problem}" for problem in self.problems]
        return "\n".join([*lines, f"{count} problem{'s' if count != 1 else ''} in {self.path}"])


@contextmanager
def problems_of(path: Path) -> Iterator[None]:
    """Inside the block, the problems of a document are reported with its name."""
    try:
        yield
    except SpecErrors as error:
        raise InFile(path, error) from error


SHARE = "report.shared.html"
Share = Annotated[
    bool,
    option(
        "--share",
        None,
        "write a report to share, without pictures and with numbers instead of ids and subjects",
        OUTPUT,
    ),
]
