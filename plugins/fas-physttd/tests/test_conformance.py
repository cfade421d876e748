from fascore.testing import conformance

test_conformance = conformance("fas-physttd")
