"""The ready specs pass the check, and their graphs are those of the paper."""

import json
from pathlib import Path

import pytest

from fascore.contract.signals import Plane, Vector
from fascore.spec.documents import RunSpec
from fascore.spec.plan import check

SPECS = Path(__file__).parents[1] / "specs"


def plan_of(name):
    return check(RunSpec.model_validate(json.loads((SPECS / f"{name}.json").read_text())))


@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.json")))
def test_a_ready_spec_passes_the_check_under_a_name_of_its_own(name):
    assert plan_of(name).spec.name == f"rppg-{name}"


@pytest.mark.parametrize(("name", "d"), [("two-branch", 512), ("two-branch-vit", 768)])
def test_two_branches_read_both_maps_at_224_and_end_in_a_hidden_layer_of_half_the_width(name, d):
    plan = plan_of(name)
    assert plan.modalities["mst"].outputs[""] == plan.modalities["wave"].outputs[""] == Plane(3, 224, 224)
    assert plan.nodes["time"].outputs[""] == plan.nodes["freq"].outputs[""] == Vector(d)
    assert plan.nodes["rppg"].outputs[""] == Vector(2 * d)
    heads = {name: node.component for name, node in plan.heads.items()}
    assert heads["main"].hidden == d // 2
    assert [heads[name].weight for name in ("main", "aux_time", "aux_freq")] == [1, 0.5, 0.5]


def test_the_small_transformer_reads_the_map_as_it_is():
    plan = plan_of("mst-vit")
    assert plan.modalities["mst"].outputs[""] == Plane(3, 63, 300)
