"""The static check: one pass names every problem of both graphs once, and a good graph gets its Signals."""

import os
import subprocess
import sys

import pytest
from contract_toys import document

from fascore import Dense, Image, Points, Ref, RunSpec, SpecErrors, Vector, validate
from fascore.contract.kinds import Labels
from fascore.contract.registry import Index, Provider, index as current, using
from fascore.spec.plan import check, refs_in


def plan(doc):
    return check(validate(RunSpec, doc))


def said(doc):
    with pytest.raises(SpecErrors) as caught:
        plan(doc)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def only(doc):
    """The one problem of a graph."""
    found = said(doc)
    assert len(found) == 1, found
    return found[0]


def changed(**parts):
    """The good document with some nodes replaced or added: `encoders={"one": …}`; None deletes."""
    doc = document()
    for section, nodes in parts.items():
        table = doc["modalities"] if section == "modalities" else doc["model"].setdefault(section, {})
        for name, node in nodes.items():
            table.pop(name, None)
            if node is not None:
                table[name] = node
    return doc


def test_a_good_graph_gets_its_signals_in_an_order_of_computation():
    found = plan(document())
    assert list(found.modalities) == ["raw", "face"]
    assert list(found.nodes)[-1] == "all"
    assert found.nodes["all"].signals == (Vector(4), Vector(6))
    assert found.signal(Ref("all")) == Vector(10)
    assert found.signal(Ref("face.points")) == Points(5, 2)
    assert str(found.heads["main"].target) == "record.label"
    assert isinstance(found.heads["main"].target, Labels)
    assert found.nodes["all"].path == "model.fusions.all"
    assert sorted(found.loaded()) == ["face", "raw"]


def test_the_order_of_writing_does_not_matter():
    doc = document()
    doc["modalities"] = dict(reversed(doc["modalities"].items()))
    doc["model"]["fusions"] = {"last": {"type": "toy.stack", "inputs": ["all"]}, **doc["model"]["fusions"]}
    doc["model"]["heads"]["main"]["inputs"] = ["last"]
    assert list(plan(doc).nodes)[-2:] == ["all", "last"]


def test_the_order_is_the_same_in_every_process():
    code = """
import contract_toys
from fascore import RunSpec, validate
from fascore.spec.plan import check
from fascore.contract.registry import Index, using
with using(Index.of(contract_toys.TABLE)):
    doc = contract_toys.document()
    doc["model"]["encoders"] = {f"e{place}": {"type": "toy.flat", "inputs": ["face" if place % 2 else "raw"]} for place in range(8)}
    doc["model"]["fusions"]["all"]["inputs"] = list(doc["model"]["encoders"])
    plan = check(validate(RunSpec, doc))
    print(*plan.modalities, *plan.nodes, *plan.loaded())
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": os.path.dirname(__file__), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "1234"
    }
    assert len(found) == 1


def test_all_graph_problems_come_in_one_pass():
    doc = changed(
        modalities={"spare": {"type": "toy.pixels"}},
        encoders={
            "one": {"type": "toy.flat", "inputs": ["fase"]},
            "two": {"type": "toy.flat", "inputs": ["face.points"]},
        },
        heads={"other": {"type": "toy.regress", "inputs": ["face"], "target": "record.subject"}},
    )
    doc["model"]["score"] = "other"
    paths = [path for path, _ in said(doc)]
    assert {
        "modalities.spare",
        "model.encoders.one.inputs.0",
        "model.encoders.two",
        "model.heads.other",
        "model.score",
    } <= set(paths)
    assert len(paths) == len(set(paths))
    assert "model.fusions.all" not in paths
    assert "model.heads.main" not in paths


def test_a_node_whose_input_failed_is_not_a_second_problem():
    doc = changed(encoders={"one": {"type": "toy.flat", "inputs": ["face.points"]}})
    assert only(doc) == ("model.encoders.one", "toy.flat takes an Image; got Points(5, 2, five)")


def test_a_modality_whose_input_failed_is_not_a_second_problem():
    doc = changed(modalities={"face": {"type": "toy.crop", "inputs": ["raw", "raw"]}})
    assert only(doc) == ("modalities.face", "toy.crop reads one modality; got 2")


def test_a_dangling_name_is_offered_its_neighbor():
    doc = changed(encoders={"one": {"type": "toy.flat", "inputs": ["fase"]}}, modalities={"face": None})
    doc["modalities"]["face"] = {"type": "toy.crop", "inputs": ["raw"]}
    found = said(doc)
    assert ("model.encoders.one.inputs.0", "there is no 'fase'. Did you mean 'face'?") in found


def test_a_dangling_name_without_neighbor_lists_all():
    found = dict(said(changed(heads={"main": {"type": "toy.judge", "inputs": ["zzzzzz"]}})))
    assert found["model.heads.main.inputs.0"] == "there is no 'zzzzzz'. Available: raw, face, one, two, all."


def test_a_modality_reads_modalities_only():
    found = said(changed(modalities={"face": {"type": "toy.crop", "inputs": ["one"]}}))
    assert [text for path, text in found if path == "modalities.face.inputs.0"] == [
        "there is no 'one'. Available: raw, face."
    ]


def test_a_cycle_is_named_whole():
    doc = changed(
        fusions={
            "all": {"type": "toy.stack", "inputs": ["one", "two", "again"]},
            "again": {"type": "toy.stack", "inputs": ["all"]},
        }
    )
    path, text = only(doc)
    assert path in ("model.fusions.all", "model.fusions.again")
    assert "all -> again -> all" in text or "again -> all -> again" in text


def test_a_node_that_reads_itself_is_a_cycle():
    path, text = only(changed(fusions={"all": {"type": "toy.stack", "inputs": ["one", "two", "all"]}}))
    assert path == "model.fusions.all"
    assert "all -> all" in text


@pytest.mark.parametrize("section", ["modalities", "encoders", "fusions"])
def test_an_unused_node_is_an_error(section):
    node = {
        "modalities": {"type": "toy.pixels"},
        "encoders": {"type": "toy.flat", "inputs": ["face"]},
        "fusions": {"type": "toy.stack", "inputs": ["one"]},
    }
    place = "modalities.spare" if section == "modalities" else f"model.{section}.spare"
    path, text = only(changed(**{section: {"spare": node[section]}}))
    assert path == place
    assert text.startswith("is not used")


def test_a_recipe_s_ref_uses_a_node_and_must_exist():
    doc = changed(fusions={"spare": {"type": "toy.stack", "inputs": ["one"]}})
    doc["recipe"] = {"type": "toy.train", "generator": "spare"}
    assert plan(doc)
    doc["recipe"]["generator"] = "spear"
    assert ("recipe.generator", "there is no 'spear'. Did you mean 'spare'?") in said(doc)


def test_a_node_without_inputs_is_reported():
    found = said(changed(fusions={"all": {"type": "toy.stack"}}))
    assert ("model.fusions.all.inputs", "is missing: name the nodes that this fusion reads") in found


def test_names_of_modalities_encoders_and_fusions_share_one_space():
    found = said(changed(fusions={"one": {"type": "toy.stack", "inputs": ["two"]}}))
    assert (
        "model.fusions.one",
        "the name 'one' is already used by model.encoders.one; modalities, encoders, and fusions share one namespace",
    ) in found


def test_heads_have_names_of_their_own():
    assert plan(changed(heads={"main": None, "all": {"type": "toy.judge", "inputs": ["all"]}}))


def test_no_node_is_called_record():
    found = dict(said(changed(modalities={"record": {"type": "toy.pixels"}})))
    assert "choose another name" in found["modalities.record"]


@pytest.mark.parametrize(
    ("ref", "sentence"),
    [
        ("split", "'split' has several outputs: name one of split.a, split.b"),
        ("split.c", "'split' has no port 'c'; it has split.a, split.b"),
        ("one.a", "'one' has no port 'a'; it has no ports"),
    ],
)
def test_a_port_that_is_not_there_lists_those_that_are(ref, sentence):
    doc = changed(
        encoders={"split": {"type": "toy.split", "inputs": ["face"]}},
        fusions={"all": {"type": "toy.stack", "inputs": ["one", "two", "split.a", ref]}},
    )
    assert only(doc) == ("model.fusions.all.inputs.3", sentence)


def test_ports_flow_by_their_own_signals():
    doc = changed(
        encoders={"split": {"type": "toy.split", "inputs": ["face"]}},
        fusions={"all": {"type": "toy.stack", "inputs": ["one", "two", "split.a", "split.b"]}},
    )
    assert plan(doc).signal(Ref("all")) == Vector(15)


def test_a_modality_without_a_signal_feeds_only_modalities():
    doc = changed(
        modalities={"boxes": {"type": "toy.boxes"}}, encoders={"one": {"type": "toy.flat", "inputs": ["boxes"]}}
    )
    doc["model"]["encoders"]["three"] = {"type": "toy.flat", "inputs": ["face"]}
    doc["model"]["fusions"]["all"]["inputs"].append("three")
    path, text = only(doc)
    assert path == "model.encoders.one.inputs.0"
    assert "only other modalities, such as face_frames, can read it" in text


def test_a_stored_modality_cannot_read_one_that_only_loads():
    doc = changed(
        modalities={
            "noise": {"type": "toy.online", "inputs": ["raw"]},
            "face": {"type": "toy.crop", "inputs": ["noise"]},
        }
    )
    path, text = only(doc)
    assert path == "modalities.face.inputs"
    assert "'noise' is recomputed in every epoch" in text


@pytest.mark.parametrize(("views", "fine"), [((1, 4), True), ((4, 4), True), ((4, 3), False)])
def test_views_are_equal_or_one(views, fine):
    doc = changed(
        modalities={"raw": {"type": "toy.pixels", "views": views[0]}, "side": {"type": "toy.pixels", "views": views[1]}}
    )
    doc["model"]["encoders"]["three"] = {"type": "toy.flat", "inputs": ["side"]}
    doc["model"]["fusions"]["all"]["inputs"].append("three")
    if fine:
        assert plan(doc).views == max(views)
        assert plan(doc).nodes["all"].views == max(views)
    else:
        path, text = only(doc)
        assert path == "modalities"
        assert text.startswith("numbers of views differ: ")
        assert {"raw 4", "side 3", "face 4"} <= set(
            text.removeprefix("numbers of views differ: ").partition(";")[0].split(", ")
        )


def test_views_of_an_input_reach_what_is_made_from_it():
    assert plan(changed(modalities={"raw": {"type": "toy.pixels", "views": 5}})).modalities["face"].views == 5


def test_a_fusion_over_an_optional_input_needs_a_mask():
    path, text = only(changed(modalities={"raw": {"type": "toy.pixels", "optional": True}}))
    assert path == "model.fusions.all"
    assert "may be missing, but toy.stack reads no mask" in text


def test_a_masked_fusion_of_one_optional_input_always_gives_a_feature():
    doc = changed(
        modalities={"raw": {"type": "toy.pixels"}, "extra": {"type": "toy.pixels", "optional": True}},
        encoders={"three": {"type": "toy.flat", "inputs": ["extra"]}},
        fusions={"all": {"type": "toy.masked", "inputs": ["one", "two", "three"]}},
    )
    found = plan(doc)
    assert found.nodes["three"].optional
    assert not found.nodes["all"].optional
    assert not found.heads["main"].optional


def test_a_masked_fusion_of_optional_inputs_only_may_be_missing_too():
    doc = changed(
        modalities={"raw": {"type": "toy.pixels", "optional": True}},
        fusions={"all": {"type": "toy.masked", "inputs": ["one", "two"]}},
    )
    found = plan(doc)
    assert found.modalities["face"].optional
    assert found.nodes["all"].optional
    assert found.heads["main"].optional


def test_context_that_a_kind_cannot_have_is_an_error():
    path, text = only(changed(fusions={"all": {"type": "toy.weather", "inputs": ["one", "two"]}}))
    assert path == "model.fusions.all"
    assert text == "toy.weather asks for the context 'weather'; the context of a fusion can be task, label, mask"


def test_a_head_may_learn_a_modality_or_a_column():
    doc = changed(heads={"dense": {"type": "toy.regress", "inputs": ["all"], "target": "face.points"}})
    doc["model"]["score"] = "main"
    target = plan(doc).heads["dense"].target
    assert isinstance(target, Dense)
    assert target.signal == Points(5, 2)
    assert Ref("face.points") in plan(doc).loaded()


@pytest.mark.parametrize("target", ["raw.points", "boxes"])
def test_a_target_without_a_tensor_is_an_error(target):
    doc = changed(
        modalities={"boxes": {"type": "toy.boxes"}, "second": {"type": "toy.crop", "inputs": ["boxes"]}},
        heads={"dense": {"type": "toy.regress", "inputs": ["all"], "target": target}},
        encoders={"three": {"type": "toy.flat", "inputs": ["second"]}},
    )
    doc["model"]["fusions"]["all"]["inputs"].append("three")
    doc["model"]["score"] = "main"
    path, text = only(doc)
    assert path == "model.heads.dense.target"
    assert "produces no tensor to learn" in text


def test_an_input_that_is_a_column_is_an_error():
    found = dict(said(changed(heads={"main": {"type": "toy.judge", "inputs": ["record.label"]}})))
    assert "is a column, not a tensor" in found["model.heads.main.inputs.0"]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("mian", "there is no 'mian'. Did you mean 'main'?"),
        ({"sum": ["main", "gone"]}, "there is no 'gone'. Available: main."),
    ],
)
def test_a_score_rule_reads_heads_that_exist(rule, sentence):
    doc = document()
    doc["model"]["score"] = rule
    assert only(doc) == ("model.score", sentence)


def test_a_head_without_score_cannot_be_the_score():
    path, text = only(changed(heads={"main": {"type": "toy.regress", "inputs": ["all"]}}))
    assert path == "model.score"
    assert "produces no score" in text


def test_an_objective_may_use_a_node_that_no_head_reads():
    doc = changed(
        fusions={"spare": {"type": "toy.stack", "inputs": ["one"]}},
        objectives={"pull": {"type": "toy.pull", "inputs": ["spare"]}},
    )
    assert list(plan(doc).objectives) == ["pull"]


def test_a_recipe_refuses_a_graph_at_its_own_path():
    doc = document()
    doc["recipe"] = {"type": "toy.train", "refuse": True}
    assert only(doc) == ("recipe", "toy.train refuses this graph")


def test_a_slot_s_problem_is_that_of_its_owner():
    doc = changed(
        fusions={
            "all": {"type": "toy.nested", "inner": {"type": "toy.nested", "inner": "toy.stack"}, "inputs": ["face"]}
        }
    )
    doc["model"]["encoders"] = {}
    found = dict(said(doc))
    assert found["model.fusions.all"] == f"toy.stack takes Vectors; got {Image(3, 4, 4)}"


def test_refs_are_found_at_any_depth():
    spec = validate(RunSpec, {**document(), "recipe": {"type": "toy.train", "generator": "one"}})
    assert ("recipe.generator", "one") in list(refs_in(spec))
    assert ("model.fusions.all.inputs.1", "two") in list(refs_in(spec))


def test_a_tracker_that_is_not_installed_is_reported_by_the_check():
    index = Index([*current().providers(), Provider("hooks", "wandb", "fascore.components.hooks.wandb:Wandb")])
    with using(index):
        assert only({**document(), "trackers": {"wandb": {}, "wandbb": {}}}) == (
            "trackers.wandbb",
            "there is no tracker 'wandbb'. Did you mean 'wandb' (not installed)?",
        )


def test_metrics_that_would_fail_after_training_are_reported_by_the_check():
    metrics = [
        "auc",
        {"type": "toy.rate", "level": 0.1},
        {"type": "toy.rate", "level": 0.2},
        "auc",
        {"type": "eer", "column": "mian.score"},
    ]
    columns = ", ".join(["score", *(f"{name}.score" for name in document()["model"]["heads"])])
    assert said({**document(), "metrics": metrics}) == [
        ("metrics.3", "auc is listed twice, first as metrics.0; remove one of them"),
        ("metrics.4.column", f"the score tables of this run have no column 'mian.score'; they have {columns}"),
    ]
