"""The conformance suite over every component of the core."""

from fascore.testing import conformance

test_conformance = conformance("fascore")
