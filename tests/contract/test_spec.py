"""The spec: every structural problem in one pass, the same document after dump and load."""

import json

import pytest
from contract_toys import TABLE, document
from hypothesis import given, settings, strategies as st

from fascore import FascoreError, RunSpec, SpecErrors, StudySpec, validate
from fascore.contract.registry import Index, using
from fascore.spec.documents import read_json, read_spec, with_overrides

identifiers = st.from_regex(r"\A[a-z][a-z0-9_]{0,6}\Z").filter(lambda name: name != "record")
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def documents(draw):
    """Whole specs with names, widths, depth of nesting and options of their own."""
    modality, encoder, fusion, head = draw(st.lists(identifiers, min_size=4, max_size=4, unique=True))
    inside = lambda inner: st.fixed_dictionaries({"type": st.just("toy.nested"), "inner": inner})
    fused = draw(st.recursive(st.just("toy.stack"), inside, max_leaves=3))
    whole = {"type": "toy.nested", "inner": fused, "inputs": [encoder]}
    return {
        "name": draw(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,8}\Z")),
        "seed": draw(st.integers(0, 2**31)),
        "data": {
            "train": [{"dataset": {"type": "toy.data", "site": draw(st.text(max_size=5))}, "split": "train"}],
            "test": draw(st.dictionaries(identifiers, st.just([{"dataset": "toy.data", "split": "test"}]), max_size=2)),
        },
        "modalities": {
            modality: {"type": "toy.pixels", "views": draw(st.integers(1, 9)), "optional": draw(st.booleans())}
        },
        "augment": {"flip": draw(st.floats(0, 1)), "rotation": draw(st.floats(0, 180))},
        "model": {
            "encoders": {encoder: {"type": "toy.flat", "inputs": [modality], "width": draw(st.integers(1, 512))}},
            "fusions": {fusion: whole},
            "heads": {
                head: {
                    "type": "toy.judge",
                    "inputs": [fusion],
                    "weight": draw(st.floats(0, 1e6)),
                    "where": draw(st.sampled_from([{}, {"task": "spoof"}, {"site": ("A", "B"), "take": 3}])),
                }
            },
        },
        "sampler": "toy.order",
        "recipe": {"type": "toy.train", "generator": draw(st.none() | st.just(encoder))},
        "metrics": ["toy.rate"],
        "threshold": draw(st.sampled_from(["eer", "bpcer=0.01", "fixed=0.25"])),
        "trackers": draw(st.dictionaries(identifiers, st.just({"a": 1}), max_size=2)),
    }


def said(document):
    with pytest.raises(SpecErrors) as caught:
        validate(RunSpec, document)
    return {problem.path: problem.message for problem in caught.value.problems}


@settings(max_examples=60, deadline=None)
@given(given_document=documents())
def test_any_spec_is_the_same_after_dump_and_load(given_document):
    with using(Index.of(TABLE)):
        spec = validate(RunSpec, given_document)
        text = spec.canonical()
        again = validate(RunSpec, json.loads(text))
        assert again == spec
        assert again.canonical() == text


def test_all_structural_problems_come_in_one_pass_with_their_paths():
    wrong = document()
    wrong["seed"] = -1
    wrong["data"]["train"][0]["dataset"] = {"type": "toy.data", "sight": "B"}
    wrong["modalities"]["Raw"] = {"type": "toy.pixels"}
    wrong["modalities"]["face"]["inputs"] = ["raw", "No Name"]
    wrong["model"]["encoders"]["one"]["width"] = 0
    wrong["model"]["fusions"]["all"]["type"] = "toy.stak"
    wrong["model"]["score"] = {"median": ["main"]}
    wrong["threshold"] = "best"
    wrong["nam"] = "x"
    found = said(wrong)
    assert {
        "seed",
        "data.train.0.dataset.sight",
        "modalities.face.inputs.1",
        "model.encoders.one.width",
        "model.fusions.all",
        "threshold",
        "nam",
    } <= set(found)
    assert any(path.startswith("modalities.Raw") for path in found)
    assert any(path.startswith("model.score") for path in found)
    assert found["nam"] == "there is no field 'nam'. Did you mean 'name'?"
    assert found["data.train.0.dataset.sight"] == "there is no field 'sight'. Did you mean 'site'?"
    assert "Did you mean 'toy.stack'" in found["model.fusions.all"]


def test_a_missing_section_is_named_by_its_path():
    assert said({"name": "x"}) == {"data": "is missing", "modalities": "is missing", "model": "is missing"}


@pytest.mark.parametrize("path", ["model.heads", "modalities", "data.train"])
def test_a_section_that_is_empty_is_reported(path):
    empty = [] if path == "data.train" else {}
    with pytest.raises(SpecErrors) as caught:
        validate(RunSpec, with_overrides(document(), {path: empty}))
    assert f"{path}: is empty; write at least 1" in str(caught.value)


def test_the_only_head_is_the_score_and_several_heads_need_a_rule():
    assert validate(RunSpec, document()).model.score == "main"
    two = document()
    two["model"]["heads"]["aux"] = {"type": "toy.judge", "inputs": ["one"]}
    assert "name the one that is the score" in said(two)["model"]


def test_a_component_of_python_replaces_json():
    from contract_toys import Train

    spec = validate(RunSpec, {**document(), "recipe": Train(epochs=3)})
    assert spec.recipe.epochs == 3
    assert validate(RunSpec, json.loads(spec.canonical())) == spec


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' appears twice in one object; delete one"),
        ('{"a": 1,\n "b": }', "line 2, column 7"),
        ("", "line 1, column 1"),
    ],
)
def test_a_file_that_is_no_json_says_where(tmp_path, text, sentence):
    path = tmp_path / "spec.json"
    path.write_text(text)
    with pytest.raises(FascoreError, match=r"spec\.json") as caught:
        read_json(path)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe{", None])
def test_a_file_that_cannot_be_read_is_an_error_of_the_user(tmp_path, content):
    path = tmp_path / "spec.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FascoreError, match=r"spec\.json"):
        read_json(path)


@pytest.mark.parametrize("text", ["[]", "3", '"x"', "null"])
def test_a_spec_that_is_no_object_is_refused(tmp_path, text):
    path = tmp_path / "spec.json"
    path.write_text(text)
    with pytest.raises(FascoreError, match="a spec is a JSON object"):
        read_spec(path)


def test_a_study_needs_a_base_and_rows():
    with pytest.raises(SpecErrors) as caught:
        validate(StudySpec, {"rows": {}})
    assert {problem.path for problem in caught.value.problems} == {"base", "rows"}
