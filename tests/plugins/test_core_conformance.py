"""The conformance suite over every component of the core."""

from fascore.testing import conformance

test_conformance = conformance(
    "fascore",
    {
        ("metric", "class_accuracy", "direction"): "it measures another task, and reads no score of attack detection",
        (
            "metric",
            "class_accuracy",
            "one_class",
        ): "it measures another task, of which bona fide records alone say enough",
    },
)
