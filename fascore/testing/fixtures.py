"""Datasets that generate their own media: `fixture` of a dataset, called once in a temporary folder."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from fascore.contract.kinds import Dataset
from fascore.testing.case import Case, Failure, author_code


def has_fixture(component: Any) -> bool:
    """Whether a dataset defines `fixture`."""
    return getattr(component.fixture, "__func__", None) is not getattr(Dataset.fixture, "__func__", None)


def fixture(case: Case) -> Dataset | None:
    """The dataset for the media that it wrote; None if it has no fixture. Raises Failure if the fixture fails."""
    if not has_fixture(case.component):
        return None
    with author_code("fixture()", case.module):
        dataset, folder = _made(case)
    if not isinstance(dataset, Dataset) or type(dataset) is not case.component:
        raise Failure(f"fixture() returns a {type(dataset).__name__} instead of a {case.component.__name__}")
    if not Path(folder.name).is_dir():
        raise Failure("fixture() deletes the folder that it receives")
    return dataset


@cache
def _made(case: Case) -> tuple[Any, tempfile.TemporaryDirectory[str]]:
    """The fixture and its folder, which is deleted when this process ends."""
    component: Any = case.component
    folder = tempfile.TemporaryDirectory(prefix="fascore-fixture-")
    return component.fixture(Path(folder.name)), folder
