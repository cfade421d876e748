"""The model graph against what its modules give when called by hand."""

import pytest
import torch
from model_toys import BINARY, LINEAR, batch_of, plan_of
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from fascore import FascoreError, Vector, replaced
from fascore.components.heads import Binary
from fascore.components.heads.binary import BinaryHead
from fascore.model import PREFIX, ModelGraph

TWO = {"face": (6,), "depth": {"shape": (5,), "optional": True}}


def two_branches(**extra):
    model = {
        "encoders": {"a": {**LINEAR, "inputs": ["face"]}, "b": {**LINEAR, "norm": True, "inputs": ["depth"]}},
        "fusions": {"all": {"type": "mean", "inputs": ["a", "b"]}},
        "heads": {"main": {**BINARY, "inputs": ["all"]}, "aux": {**BINARY, "inputs": ["b"], "weight": 0.25}},
        "score": "main",
    }
    return plan_of(TWO, **{**model, **extra})


def test_a_pass_is_its_modules_called_in_order():
    plan = plan_of(
        {"face": (6,)},
        encoders={"late": {**LINEAR, "inputs": ["early"]}, "early": {**LINEAR, "width": 3, "inputs": ["face"]}},
        fusions={"all": {"type": "concat", "inputs": ["late", "face"]}},
        heads={"main": {**BINARY, "inputs": ["all"]}},
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan)
    outputs = graph(batch)
    early = graph.node("early")(batch.tensors["face"])
    late = graph.node("late")(early)
    logit = graph.head("main")(torch.cat([late, batch.tensors["face"]], 1))
    torch.testing.assert_close(outputs.values["late"], late)
    torch.testing.assert_close(outputs.heads["main"], logit)
    torch.testing.assert_close(graph.scores(outputs, batch)["main"], logit.sigmoid())
    torch.testing.assert_close(graph.losses(outputs, batch)["head.main"], bce(logit, batch.label.float()))


def test_an_encoder_sees_present_rows_only():
    plan = two_branches()
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, absent={"depth": [1, 4]})
    outputs = graph(batch)
    norm = graph.node("b")[1]
    rows = torch.tensor([0, 2, 3, 5])
    seen = graph.node("b")[0](batch.tensors["depth"][rows])
    torch.testing.assert_close(norm.running_mean, 0.1 * seen.mean(0).detach())
    assert (outputs.values["b"][[1, 4]] == 0).all()
    assert outputs.present["b"].tolist() == [True, False, True, True, False, True]
    assert outputs.head_rows["aux"].tolist() == rows.tolist() and len(outputs.heads["aux"]) == 4


def test_a_fused_feature_is_the_present_one_where_the_other_is_absent():
    plan = two_branches()
    graph, batch = ModelGraph.build(plan, 0).eval(), batch_of(plan, absent={"depth": [1, 4]})
    outputs = graph(batch)
    a, b, fused = (outputs.values[name] for name in ("a", "b", "all"))
    torch.testing.assert_close(fused[[1, 4]], a[[1, 4]])
    torch.testing.assert_close(fused[[0, 2]], (a[[0, 2]] + b[[0, 2]]) / 2)


def test_what_absent_rows_hold_changes_nothing():
    plan = two_branches()
    batch = batch_of(plan, absent={"depth": [1, 4]})
    junk = batch.tensors["depth"].clone()
    junk[[1, 4]] = torch.nan
    found = []
    for given in (batch, batch.replace(depth=junk)):
        graph = ModelGraph.build(plan, 0)
        losses = graph.losses(graph(given), given)
        sum(losses.values()).backward()
        found.append(
            [
                *losses.values(),
                *(p.grad for p in graph.parameters()),
                *graph.eval().scores(graph(given), given).values(),
            ]
        )
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


def test_a_head_without_any_present_input_gives_no_number():
    plan = two_branches()
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, rows=3, absent={"depth": [0, 1, 2]})
    outputs = graph(batch)
    losses, scores = graph.losses(outputs, batch), graph.scores(outputs, batch)
    assert "aux" not in outputs.heads and scores["aux"].isnan().all()
    assert losses["head.aux"] == 0 and scores["main"].isfinite().all()
    assert (outputs.values["b"] == 0).all() and outputs.values["b"].shape == (3, 4)
    sum(losses.values()).backward()
    assert all(p.grad is None for p in graph.node("b").parameters())


def test_losses_are_weighted_sums_over_present_rows_divided_by_the_whole_batch():
    plan = two_branches()
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, absent={"depth": [1, 4]})
    outputs = graph(batch)
    expected = bce(outputs.heads["aux"], batch.label[outputs.head_rows["aux"]].float(), reduction="sum") / 6 * 0.25
    torch.testing.assert_close(graph.losses(outputs, batch)["head.aux"], expected)


def test_where_keeps_the_rows_that_match():
    plan = plan_of(
        {"face": (6,)},
        heads={
            "s": {**BINARY, "inputs": ["face"], "where": {"task": "spoof"}},
            "n": {**BINARY, "inputs": ["face"], "where": {"age": [30, 40], "task": "forgery"}},
            "none": {**BINARY, "inputs": ["face"], "where": {"age": 1}},
        },
        score="s",
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, rows=6, age=(30, 30, 30, "40", 50, 60))
    outputs = graph(batch)
    losses = graph.losses(outputs, batch)
    for name, rows in (("s", [0, 1, 4, 5]), ("n", [2, 3])):
        expected = sum(bce(outputs.heads[name][i], torch.tensor(float(i % 2))) for i in rows) / 6
        torch.testing.assert_close(losses[f"head.{name}"], expected)
    assert losses["head.none"] == 0
    with pytest.raises(FascoreError, match="no column 'age'; they have label, task"):
        graph.losses(outputs, batch_of(plan))


def test_ports_are_outputs_of_their_own():
    plan = plan_of(
        {"face": (6,)},
        encoders={
            "cut": {"type": "toy.ports", "inputs": ["face"]},
            "again": {**LINEAR, "width": 2, "inputs": ["cut.high"]},
        },
        fusions={"pair": {"type": "toy.streams", "inputs": ["cut.low", "again"]}},
        heads={"main": {**BINARY, "inputs": ["pair.1"]}, "other": {**BINARY, "inputs": ["pair.0"]}},
        score="main",
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan)
    values, face = graph(batch).values, batch.tensors["face"]
    torch.testing.assert_close(values["cut.low"], face[:, :2])
    torch.testing.assert_close(values["pair.1"], 2 * graph.node("again")(face[:, 2:]) + face[:, :2])
    assert "cut" not in values and "pair" not in values


def test_context_carries_task_and_label_and_the_label_in_training_only():
    plan = plan_of(
        {"face": {"shape": (6,), "views": 2, "optional": True}},
        encoders={"c": {"type": "toy.context", "inputs": ["face"]}},
        heads={"main": {**BINARY, "inputs": ["c"]}},
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, rows=4, absent={"face": [0]})
    graph(batch)
    task, label = graph.node("c").seen
    assert task.tolist() == [0, 0, 1, 1, 1, 1] and label.tolist() == [1, 1, 0, 0, 1, 1]
    graph.eval()(batch)
    assert graph.node("c").seen[1] is None


def test_views_fold_into_rows_and_their_scores_are_averaged():
    plan = plan_of(
        {"face": {"shape": (6,), "views": 3}, "depth": {"shape": (5,), "optional": True}},
        encoders={"a": {**LINEAR, "inputs": ["face"]}, "b": {**LINEAR, "inputs": ["depth"]}},
        fusions={"all": {"type": "mean", "inputs": ["a", "b"]}},
        heads={"main": {**BINARY, "inputs": ["all"]}, "d": {**BINARY, "inputs": ["b"]}},
        score="main",
    )
    graph, batch = ModelGraph.build(plan, 0).eval(), batch_of(plan, rows=4, absent={"depth": [2]})
    outputs = graph(batch)
    scores = graph.scores(outputs, batch)
    assert outputs.heads["main"].shape == (12,)
    torch.testing.assert_close(scores["main"], outputs.heads["main"].sigmoid().view(4, 3).mean(1))
    assert scores["d"].isnan().tolist() == [False, False, True, False]
    expected = bce(outputs.heads["main"], batch.label.repeat_interleave(3).float())
    torch.testing.assert_close(graph.losses(outputs, batch)["head.main"], expected)


def calls(graph, *arguments):
    """Names of the nodes and heads that ran."""
    ran = []
    hooks = [
        m.register_forward_hook(lambda *_, n=n: ran.append(n.removeprefix(PREFIX)))
        for t in (graph.nodes, graph.heads)
        for n, m in t.items()
    ]
    outputs = graph(*arguments)
    for hook in hooks:
        hook.remove()
    return ran, outputs


def test_a_part_of_the_graph_runs_what_it_needs_and_nothing_else():
    plan = two_branches()
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan)
    assert calls(graph, batch, ["b"])[0] == ["b"]
    assert sorted(calls(graph, batch, ["all"])[0]) == ["a", "all", "b"]
    ran, outputs = calls(graph, batch, ["head.aux"])
    assert ran == ["b", "aux"]
    assert list(graph.losses(outputs, batch)) == ["head.aux"]
    with pytest.raises(FascoreError, match=r"no node 'bb' to run; available: .*head\.aux"):
        graph(batch, ["bb"])


def test_evaluation_leaves_out_what_only_objectives_read():
    plan = two_branches(
        heads={"main": {**BINARY, "inputs": ["a"]}},
        fusions={},
        objectives={"near": {"type": "center", "inputs": ["b"]}},
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan)
    ran, outputs = calls(graph, batch)
    assert "b" in ran and set(graph.losses(outputs, batch)) == {"head.main", "objective.near"}
    ran, outputs = calls(graph.eval(), batch)
    assert ran == ["a", "main"] and set(graph.losses(outputs, batch)) == {"head.main"}
    assert not [key for key in graph.deployed() if "near" in key] and "objectives.n_near.centres" in graph.state_dict()


def test_objectives_with_state_move_once_an_update():
    near = {"type": "center", "inputs": ["face"], "weight": 0.5}
    plan = plan_of({"face": (6,)}, heads={"main": {**BINARY, "inputs": ["face"]}}, objectives={"near": near})
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan)
    losses = graph.losses(graph(batch), batch)
    torch.testing.assert_close(losses["objective.near"], batch.tensors["face"].square().sum() / 2 / 6 * 0.5)
    centres = graph.objectives["n_near"].centres
    assert (centres == 0).all()
    graph.update(lambda tensor: tensor)
    expected = batch.tensors["face"][batch.label == 1].sum(0) / 4 * 0.5
    torch.testing.assert_close(centres[1], expected)


def test_centers_may_begin_at_the_mean_of_the_first_records_of_their_class():
    plan = plan_of(
        {"face": (2,)},
        heads={"main": {**BINARY, "inputs": ["face"]}},
        objectives={"near": {"type": "center", "start": "first", "inputs": ["face"]}},
    )
    near = ModelGraph.build(plan, 0).train().objectives["n_near"]
    live, other = torch.tensor([[2.0, 0.0], [4.0, 2.0]]), torch.tensor([[0.0, 6.0]])
    assert near(live, target=torch.tensor([1, 1])).tolist() == [1.0, 1.0]  # each is 1, 1 from the mean 3, 1
    near.update(lambda tensor: tensor)
    assert near.centres.tolist() == [[0, 0], [3, 1]]
    assert near(torch.cat([other, live[:1]]), target=torch.tensor([0, 1])).tolist() == [0.0, 1.0]
    near.update(lambda tensor: tensor)
    assert near.centres.tolist() == [[0, 6], [2.75, 0.75]]  # 3, 1 moves by 0.5 * (1, 1) / (1 + 1)


def test_a_node_s_weights_do_not_depend_on_other_nodes():
    large = two_branches()
    small = two_branches(fusions={}, heads={"main": {**BINARY, "inputs": ["b"]}, "x": {**BINARY, "inputs": ["a"]}})
    before = torch.get_rng_state()
    first, second, other = ModelGraph.build(small, 5), ModelGraph.build(large, 5), ModelGraph.build(large, 6)
    assert torch.equal(before, torch.get_rng_state())
    for key, value in first.state_dict().items():
        if key.startswith(("nodes", "heads.n_main")):
            assert torch.equal(value, second.state_dict()[key]), key
    assert not torch.equal(second.node("a")[0].weight, other.node("a")[0].weight)


def test_two_nodes_of_one_kind_start_differently():
    plan = plan_of(
        {"face": (6,)},
        encoders={"a": {**LINEAR, "inputs": ["face"]}, "b": {**LINEAR, "inputs": ["face"]}},
        heads={"a": {**BINARY, "inputs": ["a"]}, "b": {**BINARY, "inputs": ["b"]}},
        score="a",
    )
    graph = ModelGraph.build(plan, 5)
    assert not torch.equal(graph.node("a")[0].weight, graph.node("b")[0].weight)
    assert not torch.equal(graph.head("a").layers[-1].weight, graph.head("b").layers[-1].weight)


@pytest.mark.parametrize("name", ["type", "train", "values", "training", "keys"])
def test_nodes_may_have_names_that_torch_uses(name):
    plan = plan_of(
        {"face": (6,)}, encoders={name: {**LINEAR, "inputs": ["face"]}}, heads={name: {**BINARY, "inputs": [name]}}
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan)
    assert set(graph.scores(graph(batch), batch)) == {name}


def test_further_numbers_of_a_head_are_beside_its_score(monkeypatch):
    monkeypatch.setattr(Binary, "numbers", ("logit", "twice"))
    monkeypatch.setattr(
        BinaryHead, "numbers", lambda head, output: {"logit": output, "twice": 2 * output}, raising=False
    )
    plan = plan_of(
        {"face": (6,)}, encoders={"a": {**LINEAR, "inputs": ["face"]}}, heads={"main": {**BINARY, "inputs": ["a"]}}
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan)
    outputs = graph(batch)
    found = graph.scores(outputs, batch)
    assert list(found) == ["main", "main.logit", "main.twice"]
    torch.testing.assert_close(found["main.logit"], outputs.heads["main"])
    torch.testing.assert_close(found["main.twice"], 2 * outputs.heads["main"])


def test_losses_and_scores_stay_float32_under_autocast():
    plan = two_branches(objectives={"pull": {"type": "supervised_contrastive", "inputs": ["all"]}})
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, absent={"depth": [1]})
    with torch.autocast("cpu", torch.bfloat16):
        outputs = graph(batch)
        found = [*graph.losses(outputs, batch).values(), *graph.scores(outputs, batch).values()]
    assert outputs.heads["main"].dtype == torch.bfloat16
    assert {tensor.dtype for tensor in found} == {torch.float32}


def test_an_objective_that_honours_its_mask_sees_every_record_that_has_some_input():
    modalities = {"face": {"shape": (6,), "optional": True}, "depth": {"shape": (5,), "optional": True}}
    model = {"encoders": {"a": {**LINEAR, "inputs": ["face"]}, "b": {**LINEAR, "inputs": ["depth"]}}}
    plan = plan_of(
        modalities,
        **model,
        fusions={"all": {"type": "mean", "inputs": ["a", "b"]}},
        heads={"main": {**BINARY, "inputs": ["all"]}},
        objectives={"pairs": {"type": "toy.masked", "inputs": ["a", "b"], "where": {"label": 1}}},
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, absent={"face": [3, 5], "depth": [1, 5]})
    outputs = graph(batch)
    loss = graph.losses(outputs, batch)["objective.pairs"]
    features, target, mask = graph.objectives[PREFIX + "pairs"].seen
    assert mask.tolist() == [
        [True, False],
        [False, True],
    ]  # records 1 and 3; 5 has no input at all, 0, 2 and 4 are attacks
    assert target.tolist() == [1, 1] and loss == 2 / 6
    torch.testing.assert_close(features[0], outputs["a"][[1, 3]])
    assert not features[0][1].any() and not features[1][0].any()


def test_a_signal_says_whether_a_record_may_lack_it_and_is_still_equal():
    plan = two_branches()
    assert [signal.optional for signal in plan.nodes["all"].signals] == [False, True]
    assert [signal.optional for signal in plan.heads["main"].signals] == [False]
    assert plan.nodes["b"].signals == (Vector(5),)


def test_one_present_record_passes_a_batch_norm_by_its_running_statistics():
    plan = two_branches()
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, rows=3, absent={"depth": [0, 2]})
    norm = graph.node("b")[1]
    norm.running_mean.fill_(0.5)
    feature = graph(batch).values["b"][1]
    torch.testing.assert_close(feature, (graph.node("b")[0](batch.tensors["depth"][1]) - 0.5) / (1 + norm.eps) ** 0.5)
    assert norm.training and (norm.running_mean == 0.5).all()


@pytest.mark.parametrize("training", [False, True])
def test_the_order_of_records_does_not_matter(training):
    plan = two_branches()
    batch, order = batch_of(plan, absent={"depth": [1, 4]}), torch.tensor([3, 0, 5, 1, 2, 4])
    found = []
    for given in (batch, batch.take(order)):
        graph = ModelGraph.build(plan, 0).train(training)
        outputs = graph(given)
        found.append((graph.scores(outputs, given), graph.losses(outputs, given)))
    (scores, losses), (scores_after, losses_after) = found
    for name in scores:
        torch.testing.assert_close(scores_after[name], scores[name][order], equal_nan=True)
        torch.testing.assert_close(losses_after[f"head.{name}"], losses[f"head.{name}"])


def test_recipes_can_replace_an_input():
    plan = two_branches()
    graph, batch = ModelGraph.build(plan, 0).eval(), batch_of(plan)
    part = batch.take([4, 0]).replace(face=torch.ones(2, 6))
    torch.testing.assert_close(graph(part, nodes=["a"]).values["a"], graph.node("a")(torch.ones(2, 6)))


def test_a_class_index_comes_from_the_written_order_and_null_is_a_value():
    head = {"type": "multiclass", "inputs": ["face"], "target": "record.species", "classes": ["replay", None, "print"]}
    plan = plan_of({"face": (6,)}, heads={"main": head})
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, rows=4, species=("print", None, "replay", None))
    outputs = graph(batch)
    logits = outputs.heads["main"]
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([2, 1, 0, 1]))
    torch.testing.assert_close(graph.losses(outputs, batch)["head.main"], expected)
    torch.testing.assert_close(graph.scores(outputs, batch)["main"], logits.softmax(1)[:, 1])


def test_each_view_learns_the_class_of_its_record():
    head = {"type": "multiclass", "inputs": ["face"], "target": "record.species", "classes": [None, "print", "mask"]}
    plan = plan_of({"face": {"shape": (6,), "views": 2}}, heads={"main": head})
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, rows=3, species=("print", None, "mask"))
    outputs = graph(batch)
    expected = torch.nn.functional.cross_entropy(outputs.heads["main"], torch.tensor([1, 1, 0, 0, 2, 2]))
    torch.testing.assert_close(graph.losses(outputs, batch)["head.main"], expected)


def test_a_value_that_is_not_a_class_is_an_error_that_names_the_record():
    head = {"type": "multiclass", "inputs": ["face"], "target": "record.species", "classes": [None, "print"]}
    plan = plan_of({"face": (6,)}, heads={"main": head, "part": {**head, "where": {"label": 1}}}, score="main")
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, rows=4, species=("print", None, "mask", None))
    with pytest.raises(
        FascoreError, match=r"model\.heads\.main: record 'r2' has 'mask' in the column 'species'.*None, print.*where"
    ):
        graph.losses(graph(batch), batch)
    outputs = graph(batch, ["head.part"])
    assert graph.losses(outputs, batch)["head.part"].isfinite()


def test_a_multiclass_head_on_label_takes_bona_fide_as_its_score():
    plan = plan_of({"face": (6,)}, heads={"main": {"type": "multiclass", "inputs": ["face"], "classes": [1, 0]}})
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan)
    outputs = graph(batch)
    torch.testing.assert_close(graph.scores(outputs, batch)["main"], outputs.heads["main"].softmax(1)[:, 0])


def test_a_contrast_by_subject_needs_no_classes():
    plan = plan_of(
        {"face": (6,)},
        heads={"main": {**BINARY, "inputs": ["face"]}},
        objectives={"same": {"type": "supervised_contrastive", "inputs": ["face"], "target": "record.subject"}},
    )
    graph = ModelGraph.build(plan, 0)
    batch = batch_of(plan, subject=("x", "y", "x", "z", "z", "w"))
    renamed = batch_of(plan, subject=("1", "2", "1", "c", "c", "d"))
    one, other = (graph.losses(graph(b), b)["objective.same"] for b in (batch, renamed))
    torch.testing.assert_close(one, other)
    assert one > 0


def test_a_map_to_learn_may_be_missing():
    plan = plan_of(
        {"face": {"shape": (3, 8, 8), "plane": True}, "depth": {"shape": (1, 8, 8), "plane": True, "optional": True}},
        encoders={"e": {"type": "identity", "inputs": ["face"]}},
        heads={"map": {"type": "pixelwise", "inputs": ["e"], "target": "depth", "criterion": "mse"}},
    )
    graph, batch = ModelGraph.build(plan, 0), batch_of(plan, rows=4, absent={"depth": [0, 3]})
    outputs = graph(batch)
    error = (outputs.heads["map"].sigmoid() - batch.tensors["depth"]).square().mean((1, 2, 3))
    torch.testing.assert_close(graph.losses(outputs, batch)["head.map"], error[[1, 2]].sum() / 4)
    assert graph.scores(outputs, batch)["map"].isfinite().all()


def test_a_changed_weight_of_a_loss_scales_it():
    plan = two_branches()
    heavy = two_branches(heads={"main": {**BINARY, "inputs": ["all"], "weight": 3}, "aux": {**BINARY, "inputs": ["b"]}})
    batch = batch_of(plan)
    one, three = (ModelGraph.build(p, 0) for p in (plan, heavy))
    torch.testing.assert_close(
        three.losses(three(batch), batch)["head.main"], 3 * one.losses(one(batch), batch)["head.main"]
    )
    assert replaced(plan.heads["main"].component, weight=3).weight == 3
