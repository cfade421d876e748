"""Overrides: one field changed or removed by its path, from its default where the document does not mention it."""

import copy
import json
from typing import Literal

import pytest
from contract_toys import TABLE, Inner, document
from hypothesis import given
from pydantic import Field
from test_spec import json_values

from fascore import Config, FascoreError, Fusion, RunSpec, Slot, SpecErrors, validate
from fascore.contract.component import named
from fascore.contract.registry import Index, using
from fascore.spec.documents import parse_override, read_spec, with_overrides
from fascore.spec.overrides import UNSET, apply_overrides, on_command_line


class Course(Config):
    """A plain config with a tag, and a member of a union by that tag."""

    tag: Literal["course"] = Field("course", description="which of the union")
    rate: float = Field(1.0, description="rate")
    power: int = Field(2, description="power")
    points: tuple[int, ...] = Field((3, 4), description="points")

    @classmethod
    def member_for(cls, value):
        return Other if isinstance(value, dict) and value.get("tag") == "other" else cls


class Other(Course):
    tag: Literal["other"] = Field("other", description="which of the union")
    extra: Inner = Field(Inner(gain=7.0), description="only here")


class Host(Fusion):
    """Every form in which a default may stand."""

    type: Literal["toy.host"] = "toy.host"
    course: Course = Field(Course(rate=0.5), description="differs from the defaults of its class")
    made: Course | Other = Field(default_factory=lambda: Other(power=9), description="a member of the union")
    slot: Slot[Fusion] = Field(named("toy.nested"), description="a bare name")
    pair: tuple[Inner, Inner] = Field((Inner(gain=2.0), Inner()), description="of fixed length")
    maybe: Inner | None = Field(None, description="absent by default")
    must: Inner = Field(description="has no default")
    several: tuple[Slot[Fusion], ...] = Field((named("toy.stack"), named("toy.nested")), description="a list of slots")
    table: dict[str, Slot[Fusion]] = Field(default_factory=dict, description="fusions by name")
    free: dict[str, float] = Field({"a": 1.0}, description="numbers by name")
    short: str = Field("text", alias="$short", description="has another name in documents")


@pytest.fixture(autouse=True)
def host(toys):
    table = {**TABLE, "fusion": {**TABLE["fusion"], "toy.host": "test_overrides:Host"}}
    with using(Index.of(table)):
        yield


def said(overrides, before=None, model=RunSpec):
    """The sentence about the only path that leads nowhere."""
    with pytest.raises(SpecErrors) as caught:
        apply_overrides(document() if before is None else before, overrides, model)
    ((path, sentence),) = caught.value.problems
    assert path in overrides
    return sentence


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("a.b=3", ("a.b", 3)),
        ("a=true", ("a", True)),
        ("a=word", ("a", "word")),
        ("a=[1]", ("a", [1])),
        ("a=", ("a", "")),
        ("a=x=y", ("a", "x=y")),
    ],
)
def test_an_override_is_json_or_a_plain_word(text, pair):
    assert parse_override(text) == pair


@pytest.mark.parametrize("text", ["a.b", "=3", ""])
def test_an_override_without_a_path_or_a_sign_says_how_to_write_one(text):
    with pytest.raises(FascoreError, match="write path=value"):
        parse_override(text)


def test_an_override_changes_one_field_and_neither_the_document_nor_its_rest():
    before = document()
    kept = copy.deepcopy(before)
    after = with_overrides(before, {"model.encoders.two.width": 9})
    assert before == kept
    assert after["model"]["encoders"]["two"] == {"type": "toy.flat", "inputs": ["raw"], "width": 9}
    assert after["model"]["fusions"] == before["model"]["fusions"]


@given(value=json_values)
def test_an_overridden_place_holds_the_value(value):
    after = with_overrides({"a": {"b": [0, {"c": 1}, 2]}}, {"a.b.1.c": value, "a.b.2": value})
    assert after == {"a": {"b": [0, {"c": value}, value]}}


def test_a_new_type_keeps_only_what_belongs_to_the_node():
    kept = {"inputs": ["a"], "weight": 2, "target": "record.task", "where": {"task": "spoof"}}
    old = {"head": {"type": "x", **kept, "depth": 3, "weights": "w"}}
    assert with_overrides(old, {"head.type": "y"}) == {"head": {"type": "y", **kept}}


def test_a_bare_name_on_the_way_becomes_an_object():
    assert with_overrides({"recipe": "supervised"}, {"recipe.epochs": 5})["recipe"] == {
        "type": "supervised",
        "epochs": 5,
    }
    metrics = with_overrides({"metrics": ["auc", "eer"]}, {"metrics.1.convention": "nearest"})["metrics"]
    assert metrics == ["auc", {"type": "eer", "convention": "nearest"}]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("compute.device", {"compute": {"device": 5}}),
        ("sampler.batch_size", {"sampler": {"type": "shuffle", "batch_size": 5}}),
        ("recipe.select.level", {"recipe": {"type": "supervised", "select": {"type": "auc", "level": 5}}}),
        ("metrics.2.level", {"metrics": ["auc", "eer", {"type": "iso30107", "level": 5}]}),
    ],
)
def test_an_override_below_what_a_spec_does_not_mention_starts_from_its_default(path, expected):
    assert with_overrides({}, {path: 5}) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("course.power", {"course": {"tag": "course", "rate": 0.5, "power": 5}}),
        ("course.points.1", {"course": {"tag": "course", "rate": 0.5, "points": [3, 5]}}),
        ("made.rate", {"made": {"tag": "other", "power": 9, "rate": 5}}),
        ("made.extra.gain", {"made": {"tag": "other", "power": 9, "extra": {"gain": 5}}}),
        ("slot.plain.gain", {"slot": {"type": "toy.nested", "plain": {"gain": 5}}}),
        ("slot.inner.scale", {"slot": {"type": "toy.nested", "inner": {"type": "toy.stack", "scale": 5}}}),
        ("pair.1.gain", {"pair": [{"gain": 2.0}, {"gain": 5}]}),
        ("maybe.gain", {"maybe": {"gain": 5}}),
        ("must.gain", {"must": {"gain": 5}}),
        ("several.1.plain.gain", {"several": ["toy.stack", {"type": "toy.nested", "plain": {"gain": 5}}]}),
        ("table.x.type", {"table": {"x": {"type": 5}}}),
        ("free.b", {"free": {"a": 1.0, "b": 5}}),
        ("$short", {"$short": 5}),
    ],
)
def test_every_form_of_a_default_is_a_place_to_start_from(path, expected):
    host = {"type": "toy.host"}
    assert apply_overrides(host, {path: 5}, Host) == {**host, **expected}


def test_a_null_on_the_way_becomes_an_object_where_one_may_stand():
    assert apply_overrides({"maybe": None}, {"maybe.gain": 5}, Host) == {"maybe": {"gain": 5}}
    assert said({"inputs.0": 5}, {"inputs": None}, Host) == "inputs has no fields: it is null"


def test_what_an_override_starts_from_means_the_same_as_the_default():
    """The section that an override wrote differs from the default in that override alone."""
    plain = {"type": "toy.host", "must": {}}
    changed = apply_overrides(
        plain, {"course.power": 2, "made.power": 9, "slot.inner.scale": 1, "pair.1.gain": 1}, Host
    )
    assert set(changed) > set(plain)
    assert validate(Host, changed) == validate(Host, plain)


def test_a_list_that_is_not_mentioned_has_the_places_of_its_default():
    assert said({"metrics.3.level": 1}) == "'3' is not an index of metrics, a list of length 1; indices start at 0"
    assert with_overrides({}, {"metrics.2": "rate"}) == {"metrics": ["auc", "eer", "rate"]}


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("a.3", "'3' is not an index of a, a list of length 1; indices start at 0"),
        ("a.1", "'1' is not an index of a, a list of length 1; indices start at 0"),
        ("a.x.y", "'x' is not an index of a, a list of length 1; indices start at 0"),
        ("a.-1", "'-1' is not an index of a, a list of length 1; indices start at 0"),
        ("b.c.d", "b.c has no fields: it is 3"),
        ("name.x", 'name has no fields: it is "toy"'),
    ],
)
def test_an_override_into_nothing_is_an_error(path, sentence):
    assert said({path: 1}, {"name": "toy", "a": [1], "b": {"c": 3}}) == sentence


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "model.heads.mian.weight",
            "there is no 'mian' in model.heads; available: main (did you mean 'main'?); "
            "to add it, set all of model.heads.mian",
        ),
        (
            "model.encoders.xyz.width",
            "there is no 'xyz' in model.encoders; available: one, two; to add it, set all of model.encoders.xyz",
        ),
        (
            "model.objectives.pull.weight",
            "there is no 'pull' in model.objectives; it is empty; to add it, set all of model.objectives.pull",
        ),
        (
            "modalities.fase.views",
            "there is no 'fase' in modalities; available: raw, face (did you mean 'face'?); "
            "to add it, set all of modalities.fase",
        ),
        (
            "data.test.cross.0.split",
            "there is no 'cross' in data.test; it is empty; to add it, set all of data.test.cross",
        ),
        ("trackers.wandb.project", "there is no 'wandb' in trackers; it is empty; there is no tracker 'wandb'"),
    ],
)
def test_a_node_that_does_not_exist_is_named_beside_those_that_do(path, sentence):
    assert said({path: 1}).startswith(sentence)


def test_a_tracker_that_is_installed_is_added_by_its_first_option():
    with using(Index.of({**TABLE, "hooks": {"wandb": "contract_toys:Inner"}})):
        assert with_overrides({}, {"trackers.wandb.project": "x"}) == {"trackers": {"wandb": {"project": "x"}}}


@pytest.mark.parametrize(
    "overrides",
    [
        {"model.heads.aux": {"type": "toy.judge", "inputs": ["one"]}},
        {"model.heads.aux.type": "toy.judge", "model.heads.aux.inputs": ["one"]},
        {"model.heads.aux.inputs": ["one"], "model.heads.aux.type": "toy.judge"},
        {"model.heads.aux": {"type": "toy.judge"}, "model.heads.aux.inputs": ["one"]},
    ],
)
def test_a_node_is_added_as_a_whole_or_by_its_type(overrides):
    after = with_overrides(document(), overrides)
    assert after["model"]["heads"] == {**document()["model"]["heads"], "aux": {"type": "toy.judge", "inputs": ["one"]}}


def test_a_bare_name_in_options_of_a_tracker_becomes_an_object_too():
    before = {"trackers": {"own": {"fusion": "toy.stack"}}}
    assert with_overrides(before, {"trackers.own.fusion.scale": 2}) == {
        "trackers": {"own": {"fusion": {"type": "toy.stack", "scale": 2}}}
    }


def test_an_override_below_an_unknown_field_is_left_to_validation():
    after = with_overrides(document(), {"recpie.epochs": 5, "model.encoders.one.widht.x": 1})
    with pytest.raises(SpecErrors) as caught:
        validate(RunSpec, after)
    sentences = dict(caught.value.problems)
    assert sentences["recpie"] == "there is no field 'recpie'. Did you mean 'recipe'?"
    assert sentences["model.encoders.one.widht"] == "there is no field 'widht'. Did you mean 'width'?"


def test_overrides_of_a_component_that_is_not_installed_are_left_to_validation():
    after = with_overrides(document(), {"recipe.type": "nobody.has", "recipe.depth.x": 3})
    assert after["recipe"] == {"type": "nobody.has", "depth": {"x": 3}}


def test_a_field_is_removed():
    after = with_overrides(
        document(), {"model.encoders.two.width": UNSET, "metrics": UNSET, "model.fusions.all.inputs.0": UNSET}
    )
    assert after["model"]["encoders"]["two"] == {"type": "toy.flat", "inputs": ["raw"]}
    assert after["model"]["fusions"]["all"]["inputs"] == ["two"]
    assert "metrics" not in after
    assert "metrics" in document()


def test_a_field_that_has_its_default_anyway_may_be_removed():
    assert with_overrides({"recipe": {"type": "toy.train"}}, {"recipe.epochs": UNSET, "seed": UNSET}) == {
        "recipe": {"type": "toy.train"}
    }


def test_a_default_loses_a_field_too():
    assert apply_overrides({}, {"course.rate": UNSET}, Host) == {"course": {"tag": "course"}}


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("model.heads.mian", "there is no 'mian' in model.heads; available: main (did you mean 'main'?)"),
        ("model.heads.mian.weight", "there is no 'mian' in model.heads; available: main (did you mean 'main'?)"),
        (
            "recipe.epoch",
            "there is no 'epoch' in recipe; available: type, epochs, select, early_stop, ema, generator, refuse (did you mean 'epochs'?)",
        ),
        (
            "rcipe.epochs",
            "there is no 'rcipe' in the spec; available: $schema, fascore, name, seed, data, modalities, augment, model, sampler, "
            "recipe, metrics, threshold, trackers, compute (did you mean 'recipe'?)",
        ),
        ("metrics.1", "'1' is not an index of metrics, a list of length 1; indices start at 0"),
        ("trackers.wandb", "there is no 'wandb' in trackers; it is empty"),
    ],
)
def test_what_cannot_be_removed_is_named_beside_what_can(path, sentence):
    assert said({path: UNSET}) == sentence


def test_indices_of_removed_items_are_those_of_the_list_as_it_is_written():
    spec = {**document(), "metrics": ["first", "second", "third"]}
    for paths in (("metrics.0", "metrics.2"), ("metrics.2", "metrics.0")):
        assert with_overrides(spec, dict.fromkeys(paths, UNSET))["metrics"] == ["second"]


def test_a_mistyped_node_whose_type_alone_is_set_is_named_beside_those_that_exist():
    sentence = "there is no 'alll' in model.fusions; available: all (did you mean 'all'?); to add it, set all of model.fusions.alll"
    spec = document()
    spec["model"]["fusions"] = {"all": {"type": "toy.stack", "inputs": ["a"]}}
    with pytest.raises(SpecErrors) as caught:
        with_overrides(spec, {"model.fusions.alll.type": "toy.nested"})
    assert [problem.message for problem in caught.value.problems] == [sentence]
    added = with_overrides(spec, {"model.fusions.alll.type": "toy.nested", "model.fusions.alll.inputs": ["all"]})
    assert added["model"]["fusions"]["alll"] == {"type": "toy.nested", "inputs": ["all"]}


@pytest.mark.parametrize("value", [{"$unset": False}, {"$unset": True, "type": "x"}])
def test_a_removal_is_written_in_one_way(value):
    assert said({"seed": value}) == 'only {"$unset": true} removes a field; leave out the other keys'


def test_every_path_that_leads_nowhere_is_reported_in_one_pass():
    with pytest.raises(SpecErrors) as caught:
        with_overrides(document(), {"model.heads.a.weight": 1, "seed": 3, "metrics.x": 1})
    assert [path for path, _ in caught.value.problems] == ["model.heads.a.weight", "metrics.x"]


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        (("a.b", UNSET), "--unset a.b"),
        (("a.b", "word"), "--set a.b=word"),
        (("a.b", {"c": [1, "é"]}), '--set a.b={"c": [1, "é"]}'),
        (("a", "x" * 61), f"--set a={'x' * 59}…"),
        (("a", "x" * 60), f"--set a={'x' * 60}"),
    ],
)
def test_an_override_is_shown_as_the_option_that_gives_it(pair, text):
    assert on_command_line(*pair) == text


def test_overrides_of_a_file_are_validated_and_a_wrong_path_shows_the_option(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(document()))
    assert read_spec(path, {"model.encoders.one.width": 7})[0].model.encoders["one"].width == 7
    with pytest.raises(SpecErrors, match=r"model\.encoders\.one\.width"):
        read_spec(path, {"model.encoders.one.width": "broad"})
    with pytest.raises(FascoreError) as caught:
        read_spec(path, {"model.heads.mian.weight": 2, "model.heads.man": UNSET})
    first, second = str(caught.value).splitlines()
    assert first.startswith("--set model.heads.mian.weight=2: there is no 'mian' in model.heads; available: main")
    assert second.startswith("--unset model.heads.man: there is no 'man' in model.heads; available: main")
