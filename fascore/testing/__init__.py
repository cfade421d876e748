"""Test tools for plugin authors: the conformance suite, records that need no dataset, and the classes Batch and Draws.

A plugin's test file has three lines; see `conformance`. Requires the extra `fascore[test]`.
"""

import importlib.util

from fascore.contract.errors import FascoreError

_EXTRA = ("hypothesis", "jsonschema", "pytest")
"""Packages of the extra `fascore[test]`."""


def _require_extra() -> None:
    """Check that the extra is installed. Raises FascoreError with the names of missing packages."""
    missing = [package for package in _EXTRA if importlib.util.find_spec(package) is None]
    if missing:
        raise FascoreError(f"fascore.testing needs {', '.join(missing)}: pip install 'fascore[test]'")


_require_extra()

from fascore.data.batch import Batch  # noqa: E402
from fascore.data.draws import Draws  # noqa: E402
from fascore.testing.records import ToyFaces, toy_records  # noqa: E402
from fascore.testing.suite import conformance  # noqa: E402

__all__ = ["Batch", "Draws", "ToyFaces", "conformance", "toy_records"]
