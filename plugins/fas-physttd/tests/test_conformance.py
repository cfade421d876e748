from fascore.testing import conformance

OPTIMIZER = "optimizer and discriminator take the arguments of a class of torch.optim, and check them themselves"
test_conformance = conformance("fas-physttd", {("recipe", "physttd.three_steps", "closed_inside"): OPTIMIZER})
