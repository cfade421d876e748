"""The conformance suite over every component of the core."""

from fascore.testing import conformance

test_conformance = conformance(
    "fascore",
    {
        (
            "recipe",
            "supervised",
            "closed_inside",
        ): "recipe.optimizer takes the arguments of a class of torch.optim, and checks them itself"
    },
)
