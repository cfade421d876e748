"""What authors of plugins test with: the conformance suite, records that need no data set, and the classes Batch and Draws.

A plugin's test file is three lines; see `conformance`. Needs the extra `fascore[test]`.
"""

from fascore.data.batch import Batch
from fascore.data.draws import Draws
from fascore.testing.records import ToyFaces, toy_records
from fascore.testing.suite import conformance

__all__ = ["Batch", "Draws", "ToyFaces", "conformance", "toy_records"]
