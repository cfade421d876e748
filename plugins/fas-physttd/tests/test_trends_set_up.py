"""The rows that `make trends` compares are as the comparison says: unseen species stay unseen, and neither row has more steps or weights."""

import json
from pathlib import Path

from fascore import RunSpec, validate
from fascore.model import ModelGraph
from fascore.running.splits import list_records
from fascore.running.study import read_study
from fascore.spec.plan import check

SPECS = Path(__file__).parents[1] / "specs"


def test_rows_of_a_comparison_have_the_same_records_and_steps_and_parameters_within_a_tenth() -> None:
    setup = json.loads((SPECS / "trends.json").read_text())
    documents = {row: document for row, _, _, document in read_study(SPECS / setup["study"]).runs()}
    assert len(setup["comparisons"]) == 4
    for one in setup["comparisons"]:
        found = []
        for row in (one["row"], one["against"]):
            spec = validate(RunSpec, documents[row])
            splits = list_records(spec)
            batches = [spec.sampler.plan(splits.train, epoch, spec.seed) for epoch in range(spec.recipe.epochs)]
            graph = ModelGraph.build(check(spec), spec.seed)
            unseen = {record.species for record in splits.tests[setup["test"]]} - {
                record.species for record in splits.train
            }
            found.append(
                (
                    batches,
                    [record.id for record in splits.dev],
                    unseen,
                    sum(parameter.numel() for parameter in graph.parameters()),
                )
            )
        (batches, dev, unseen, weights), (others, other_dev, other_unseen, other_weights) = found
        assert (batches, dev, unseen) == (others, other_dev, other_unseen)
        assert unseen == (
            {one["row"].removeprefix("unseen.").removesuffix(".full")} if one["row"].startswith("unseen.") else set()
        )
        assert 0.9 < weights / other_weights < 1.1
