from fascore.testing import conformance

OPTIMIZER = "its optimisers take the arguments of a class of torch.optim, and check them themselves"
RECIPES = ("physttd.arcface", "physttd.polysemantic", "physttd.three_steps", "physttd.trace_medium")
test_conformance = conformance("fas-physttd", {("recipe", name, "closed_inside"): OPTIMIZER for name in RECIPES})
