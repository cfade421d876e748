from fascore.testing import conformance

MEDIUM = {
    ("metric", "physttd.trace_medium", "direction"): "it measures another task, and reads no score of attack detection",
    (
        "metric",
        "physttd.trace_medium",
        "one_class",
    ): "it measures another task, of which bona fide records alone say enough",
}
test_conformance = conformance("fas-physttd", MEDIUM)
