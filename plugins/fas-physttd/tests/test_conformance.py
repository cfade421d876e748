from fascore.testing import conformance

OPTIMIZER = "its optimisers take the arguments of a class of torch.optim, and check them themselves"
RECIPES = ("physttd.arcface", "physttd.polysemantic", "physttd.three_steps", "physttd.trace_medium")
MEDIUM = {
    ("metric", "physttd.trace_medium", "direction"): "it measures another task, and reads no score of attack detection",
    (
        "metric",
        "physttd.trace_medium",
        "one_class",
    ): "it measures another task, of which bona fide records alone say enough",
}
test_conformance = conformance(
    "fas-physttd", {**{("recipe", name, "closed_inside"): OPTIMIZER for name in RECIPES}, **MEDIUM}
)
