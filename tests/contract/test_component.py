"""Components: closed, frozen, nested to any depth, the same in Python and JSON."""

import json

import pytest
from contract_toys import Flat, Inner, Masked, Nested, Order, Stack
from hypothesis import given, settings, strategies as st
from pydantic import TypeAdapter, ValidationError

from fascore import Fusion, Ref, SpecErrors, replaced, validate
from fascore.contract.component import Node
from fascore.contract.registry import Index, using

finite = st.floats(-1e6, 1e6)
names = st.from_regex(r"\A[a-z][a-z0-9_]{0,5}(\.[a-z0-9_]{1,5})?\Z")
inputs = st.lists(names, max_size=3).map(lambda refs: tuple(map(Ref, refs)))
leaves = st.builds(Stack, scale=finite) | st.builds(Masked, scale=finite)
trees = st.recursive(
    leaves, lambda inner: st.builds(Nested, inner=inner, plain=st.builds(Inner, gain=finite)), max_leaves=6
)


def said(caught):
    return [str(problem) for problem in caught.value.problems]


@settings(max_examples=60, deadline=None)
@given(tree=trees, refs=inputs)
def test_any_nested_component_is_the_same_after_dump_and_load(tree, refs):
    import contract_toys

    with using(Index.of(contract_toys.TABLE)):
        tree = replaced(tree, inputs=refs)
        text = tree.canonical()
        again = validate(type(tree), json.loads(text))
        assert again == tree
        assert again.canonical() == text
        assert again.digest() == tree.digest()


def test_identity_does_not_depend_on_the_order_of_keys_nor_on_written_defaults():
    first = validate(Nested, {"plain": {"gain": 2}, "inner": {"scale": 3, "type": "toy.stack"}})
    second = validate(
        Nested,
        {"type": "toy.nested", "inner": {"type": "toy.stack", "scale": 3.0, "weights": None}, "plain": {"gain": 2.0}},
    )
    assert first.digest() == second.digest()
    assert first.digest() != Nested().digest()


@pytest.mark.parametrize("value", ["toy.stack", {"type": "toy.stack"}, Stack()])
def test_a_slot_takes_a_bare_name_an_object_of_json_and_a_python_object(value):
    assert Nested(inner=value).inner == Stack()


def test_a_default_that_is_a_bare_name_becomes_its_component():
    assert Nested().inner == Stack()


def test_a_component_in_a_slot_is_dumped_by_what_it_is():
    assert Nested(inner=Nested(inner=Masked(scale=2))).model_dump()["inner"]["inner"]["scale"] == 2


def test_inputs_are_refused_inside_a_slot_and_taken_in_a_node():
    with pytest.raises(SpecErrors) as caught:
        validate(Nested, {"inner": {"type": "toy.stack", "inputs": ["a"]}})
    assert said(caught) == [
        "inner: 'inputs' is only for nodes of a graph; the owner of this component wires it: remove 'inputs'"
    ]
    assert TypeAdapter(Node[Fusion]).validate_python({"type": "toy.stack", "inputs": ["a"]}).inputs == ("a",)


def test_a_problem_three_slots_deep_has_its_whole_path():
    deep = {
        "inner": {
            "type": "toy.nested",
            "inner": {"type": "toy.nested", "inner": {"type": "toy.stack", "scale": "much"}},
        }
    }
    with pytest.raises(SpecErrors) as caught:
        validate(Nested, deep)
    assert [problem.path for problem in caught.value.problems] == ["inner.inner.inner.scale"]
    assert 'got "much"' in said(caught)[0]


def test_an_unknown_component_three_slots_deep_is_named_with_its_neighbor():
    deep = {"inner": {"type": "toy.nested", "inner": {"type": "toy.nested", "inner": "toy.stak"}}}
    with pytest.raises(SpecErrors) as caught:
        validate(Nested, deep)
    assert said(caught) == [
        "inner.inner.inner: there is no fusion 'toy.stak'. Did you mean 'toy.stack' (not installed)?"
    ]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"type": "toy.flat"}, "inner: there is no fusion 'toy.flat'. 'toy.flat' is registered as encoder."),
        (Flat(), "inner: must be a fusion; 'toy.flat' is an encoder"),
        (3, 'inner: must be a fusion: {"type": "<name>", …}, or a bare name'),
        ({"scale": 1}, 'inner: must be a fusion: {"type": "<name>", …}, or a bare name'),
        ({"type": 5}, 'inner: must be a fusion: {"type": "<name>", …}, or a bare name'),
    ],
)
def test_a_slot_says_what_it_takes(value, sentence):
    with pytest.raises(SpecErrors) as caught:
        validate(Nested, {"inner": value})
    assert said(caught) == [sentence]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"scal": 2}, "scal: there is no field 'scal'. Did you mean 'scale'?"),
        ({"zzz": 2}, "zzz: there is no field 'zzz'. Fields: type, inputs, weights, scale."),
    ],
)
def test_an_unknown_field_names_the_nearest_or_all(fields, sentence):
    with pytest.raises(SpecErrors) as caught:
        validate(Stack, fields)
    assert said(caught) == [sentence]


def test_an_unknown_field_of_a_nested_config_names_its_own_fields():
    with pytest.raises(SpecErrors) as caught:
        validate(Nested, {"plain": {"gian": 1}})
    assert said(caught) == ["plain.gian: there is no field 'gian'. Did you mean 'gain'?"]


def test_all_structural_problems_come_in_one_pass():
    with pytest.raises(SpecErrors) as caught:
        validate(Nested, {"inner": "toy.nothing", "plain": {"gain": "x"}, "foo": 1})
    assert {problem.path for problem in caught.value.problems} == {"inner", "plain.gain", "foo"}


def test_a_config_cannot_be_changed_in_place():
    with pytest.raises(ValidationError):
        Stack().scale = 2


def test_a_changed_copy_is_validated_again():
    assert replaced(Stack(), scale=2).scale == 2
    with pytest.raises(SpecErrors):
        replaced(Stack(), scale="wide")
    with pytest.raises(SpecErrors):
        replaced(Order(), batch_size=0)


def test_the_schema_of_a_slot_is_a_marker_and_not_an_endless_reference():
    assert Nested.model_json_schema()["properties"]["inner"]["x-slot"] == "fusion"


@pytest.mark.parametrize("text", ["face", "face.points", "record.label", "a1.0"])
def test_a_ref_names_a_node_a_port_or_a_column(text):
    ref = TypeAdapter(Ref).validate_python(text)
    assert [ref.node, ref.port] == (text.split(".") + [""])[:2]
    assert ref.column == ("label" if text == "record.label" else None)


@pytest.mark.parametrize("text", ["", "Face", "1face", "a.b.c", "a.", ".a", "a b", "face\n"])
def test_what_names_nothing_is_not_a_ref(text):
    with pytest.raises(ValidationError, match="is not a reference"):
        TypeAdapter(Ref).validate_python(text)


@given(text=names)
def test_a_ref_survives_json(text):
    adapter = TypeAdapter(Ref)
    assert adapter.validate_json(adapter.dump_json(Ref(text))) == text
