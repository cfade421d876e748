"""Paths and specs as a caller may write them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fascore.contract.errors import FascoreError

if TYPE_CHECKING:
    from fascore.spec.documents import RunSpec

PathLike: TypeAlias = str | os.PathLike[str]
"""A path: text, a pathlib.Path, or the result of `fascore.run`, which stands for its folder."""
SpecLike: TypeAlias = "PathLike | Mapping[str, Any] | RunSpec"
"""A spec: the path of its JSON, its content, or a validated RunSpec."""


def paths_of(value: PathLike | Sequence[PathLike], what: str) -> list[Path]:
    """One path or several as a list. Raises FascoreError, which names `what`, for anything else."""
    items = [value] if isinstance(value, str | os.PathLike) else value
    if not isinstance(items, Sequence):
        raise FascoreError(f"{what}: pass a path or a list of paths; this is {named(items)}")
    return [path_of(item, what) for item in items]


def path_of(value: PathLike, what: str) -> Path:
    """A path. Raises FascoreError, which names `what`, for anything else."""
    if not isinstance(value, str | os.PathLike):
        raise FascoreError(f"{what}: pass a path; this is {named(value)}")
    return Path(value)


def document_of(spec: SpecLike, overrides: Mapping[str, Any] | None = None) -> tuple[RunSpec, Any]:
    """The validated spec and its document, with the fields of `overrides` changed by their paths.

    Raises FascoreError for what is not a spec, SpecErrors with every structural problem.
    """
    from fascore.contract.component import validate
    from fascore.spec.documents import RunSpec, read_spec, with_overrides

    if isinstance(spec, str | os.PathLike):
        return read_spec(spec, overrides)
    if isinstance(spec, RunSpec):
        spec = spec.model_dump(mode="json", by_alias=True)
    if not isinstance(spec, Mapping):
        raise FascoreError(f"spec: pass the path of a spec, a dict, or a RunSpec; this is {named(spec)}")
    document = with_overrides(dict(spec), overrides or {})
    return validate(RunSpec, document), document


def named(value: object) -> str:
    """The type of a value with its article."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
