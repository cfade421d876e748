"""Datasets with media that they make themselves: `fixture` of a dataset, called once in a temporary folder."""

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
    """The dataset over media that it wrote, None where it has no fixture. Raises Failure where that goes wrong."""
    if not has_fixture(case.component):
        return None
    with author_code("fixture()", case.module):
        made, folder = _made(case)
    if not isinstance(made, Dataset) or type(made) is not case.component:
        raise Failure(f"fixture() gives a {type(made).__name__} where a {case.component.__name__} belongs")
    if not Path(folder.name).is_dir():
        raise Failure("fixture() deletes the folder that it is given")
    return made


@cache
def _made(case: Case) -> tuple[Any, tempfile.TemporaryDirectory[str]]:
    """The fixture and its folder, which goes away with this process."""
    component: Any = case.component
    folder = tempfile.TemporaryDirectory(prefix="fascore-fixture-")
    return component.fixture(Path(folder.name)), folder
