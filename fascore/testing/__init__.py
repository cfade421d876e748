"""What authors of plugins test with: the conformance suite, and records that need no data set.

A plugin's test file is three lines; see `conformance`. Needs the extra `fascore[test]`.
"""

from fascore.testing.records import ToyFaces, toy_records
from fascore.testing.suite import conformance

__all__ = ["ToyFaces", "conformance", "toy_records"]
