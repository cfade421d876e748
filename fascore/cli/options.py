"""Arguments and options that several commands share, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from fascore.contract.errors import FascoreError, SpecErrors

Spec: TypeAlias = Annotated[Path, typer.Argument(metavar="SPEC", help="a spec, JSON", show_default=False)]
Set: TypeAlias = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="change one field, such as recipe.epochs=5; may be repeated"),
]
Unset: TypeAlias = Annotated[
    list[str], typer.Option("--unset", metavar="PATH", help="remove one field, such as recipe.clip; may be repeated")
]
With: TypeAlias = Annotated[
    list[str],
    typer.Option("--with", metavar="MODULE:CLASS", help="use a component that is not installed; may be repeated"),
]
Processes: TypeAlias = Annotated[int | None, typer.Option("--processes", min=1, help="how many; default: one a core")]
Trainers: TypeAlias = Annotated[int, typer.Option("--processes", min=1, help="training processes on this machine")]
Strict: TypeAlias = Annotated[
    bool, typer.Option("--strict", help="an unreadable record is an error, not a line in quarantine.jsonl")
]
Runs: TypeAlias = Annotated[Path, typer.Option("--runs", metavar="DIR", help="folder of the runs' folders")]
Out: TypeAlias = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="write to this file; default: print", show_default=False),
]


def overrides(settings: Sequence[str], extra: Sequence[str], unset: Sequence[str] = ()) -> dict[str, Any]:
    """What `--unset` and then `--set` say, by path, after the components of `--with` are known. Raises FascoreError."""
    from fascore.contract.registry import add_targets
    from fascore.spec.documents import parse_override
    from fascore.spec.overrides import UNSET

    if extra:
        add_targets(extra)
    changed = dict(map(parse_override, settings))
    for path in unset:
        if not path or "=" in path:
            raise FascoreError(f"--unset {path}: write the path alone, such as --unset recipe.clip")
        if path in changed:
            raise FascoreError(f"{path} is both --set and --unset; leave one out")
    return {**dict.fromkeys(unset, UNSET), **changed}


class InFile(SpecErrors):
    """All problems of one document, as its author reads them: a line each with the file in front, and a count."""

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
Share = Annotated[bool, typer.Option("--share", help="a report to give away: no pictures, numbers for ids and people")]
