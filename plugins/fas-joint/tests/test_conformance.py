from fascore.testing import conformance

test_conformance = conformance(
    "fas-joint",
    {
        (
            "encoder",
            "joint.mesonet",
            "gradients",
        ): "its first branch has one filter, and one of negative weights is off for every picture in [0, 1]"
    },
)
