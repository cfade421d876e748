import json

import jsonschema
import pytest

from fascore.contract.component import load
from fascore.contract.registry import KINDS, Index, index, using
from fascore.spec.schema import schema

CORE = [
    (p.kind, p.name) for p in Index.from_environment().providers() if p.kind in KINDS and p.distribution == "fascore"
]
CHANGES = {
    "a field with a typo": ("modalities.face.sise", 32),
    "a component that is not installed": ("model.fusions.all.type", "concta"),
    "a component of another kind": ("model.fusions.all.type", "timm"),
    "a number out of range": ("augment.flip", 2),
    "a name of a node that no Ref can name": ("modalities.Face", {"type": "faces"}),
    "a component without its type": ("sampler", {"batch_size": 4}),
    "a wrong type inside a slot": ("modalities.faces.detector", {"type": "whole", "size": 3}),
    "inputs inside a slot": ("data.train.0.dataset", {"type": "phantom", "inputs": ["face"]}),
}


@pytest.fixture(scope="module")
def document():
    return schema()


@pytest.fixture(scope="module")
def validator(document):
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def changed(document, path, value):
    *steps, last = path.split(".")
    place = document
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    place[last] = value
    return document


def test_the_demo_is_valid(validator, demo):
    assert [*validator.iter_errors(json.loads(demo.read_text()))] == []


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_mistake_in_the_demo_is_invalid(validator, demo, change):
    assert not validator.is_valid(changed(json.loads(demo.read_text()), *change))


def test_bare_names_stand_for_components(validator, demo):
    assert validator.is_valid(changed(json.loads(demo.read_text()), "sampler", "shuffle"))
    assert not validator.is_valid(changed(json.loads(demo.read_text()), "sampler", "concat"))


@pytest.mark.parametrize(("kind", "name"), CORE, ids=lambda value: value)
def test_what_a_component_dumps_is_valid_and_an_unknown_key_in_it_is_not(document, kind, name):
    part = {"$ref": f"#/$defs/node.{kind}"} if f"node.{kind}" in document["$defs"] else {"$ref": f"#/$defs/slot.{kind}"}
    validator = jsonschema.Draft202012Validator({**part, "$defs": document["$defs"]})
    examples = load(kind, name).examples()
    for example in examples:
        dumped = (example[0] if isinstance(example, tuple) else example).model_dump(mode="json", by_alias=True)
        assert [*validator.iter_errors(dumped)] == []
        assert not validator.is_valid({**dumped, "no_such_field": 1})
    assert validator.is_valid(name)


def test_studies_have_the_same_schema(validator):
    study = {"base": "spec.json", "rows": {"mean": {"model.fusions.all.type": "mean"}}, "seeds": [0, 1]}
    assert validator.is_valid(study)
    assert not validator.is_valid({**study, "sedes": [0]})
    assert not validator.is_valid({"rows": {}, "base": "spec.json"})


def test_no_marker_is_left_and_every_reference_is_there(document):
    text = json.dumps(document)
    assert "x-slot" not in text
    assert "x-node" not in text
    references = {part.split('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert references <= set(document["$defs"])


def test_a_broken_component_is_listed_and_costs_only_itself(demo):
    table = {kind: {name: index().provider(kind, name).target for name in index().names(kind)} for kind in KINDS}
    table["fusion"]["broken"] = "no_such_module:Broken"
    with using(Index.of(table)):
        found = schema()
    assert [(entry["kind"], entry["name"]) for entry in found["x-broken"]] == [("fusion", "broken")]
    assert "no_such_module" in found["x-broken"][0]["error"]
    assert jsonschema.Draft202012Validator(found).is_valid(json.loads(demo.read_text()))


def test_the_command_writes_the_schema_whole(fascore, tmp_path, document):
    assert fascore("schema", "--out", "fascore.schema.json").stdout == "wrote fascore.schema.json\n"
    assert json.loads((tmp_path / "fascore.schema.json").read_text()) == document
