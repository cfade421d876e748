"""What a report shows of the trained model, and what plugins get to look into."""

import contextlib
import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fas_explain.embedding import laid_out
from fas_explain.grad_cam import grad_cam
from fas_explain.pictures import coloured, pixels
from fas_explain.sampled import evenly, group_of
from safetensors.torch import load_file

from fascore import FascoreError, RunFacts, Section, SpecErrors, Trained, hookimpl, open_trained
from fascore.cli import main
from fascore.contract.component import validate
from fascore.contract.refs import Ref
from fascore.contract.registry import Index, Provider, index, using
from fascore.contract.signals import Clip, Image, Plane, Vector
from fascore.model import ModelGraph
from fascore.running.conclude import report
from fascore.running.folder import open_run
from fascore.running.run import execute_document
from fascore.running.splits import list_records
from fascore.spec.documents import RunSpec
from fascore.spec.plan import check

CAM = {"maps": [{"node": "places", "over": "face"}], "head": "main", "records": 1}


@pytest.fixture
def spec(tiny: dict[str, Any]) -> dict[str, Any]:
    tiny["recipe"]["epochs"] = 1
    tiny["data"]["test"]["cross"][0]["split"] = "all"
    model = tiny["model"]
    model["encoders"]["places"] = {
        "type": "timm",
        "name": "test_vit",
        "inputs": ["face"],
        "output": "tokens",
        "img_size": [32, 32],
    }
    model["fusions"]["seen"] = {"type": "attention_pool", "inputs": ["places"]}
    model["fusions"]["all"] = {"type": "gated", "width": 32, "inputs": ["app", "shape", "seen"]}
    return tiny


@pytest.fixture
def run(spec: dict[str, Any], tmp_path: Path) -> Path:
    return execute_document(spec, runs=tmp_path)


def test_sections_named_under_trackers_stand_in_the_report(spec: dict[str, Any], tmp_path: Path) -> None:
    features, pictures = {"nodes": ["app", "places"], "perplexity": 3}, {"of": ["face", "depth"], "records": 1}
    spec["trackers"] = {"embedding": features, "gallery": pictures, "saliency": CAM}
    page = (execute_document(spec, runs=tmp_path) / "report.html").read_text()
    for title in ("Features", "What the model sees", "Where the score comes from"):
        assert f"<h2>{title}</h2>" in page
    assert page.count('aria-label="features of ') == 2  # two nodes, one test set
    assert page.count("Not drawn: only 4 records have it; 5 are needed") == 2  # the other test set
    assert len(re.findall(r'alt="depth of [^"]*"', page)) == 6  # bona fide and two species, two test sets
    assert len(re.findall(r'alt="places over face of [^"]*"', page)) == 6


def test_a_shared_report_keeps_features_and_no_face(spec: dict[str, Any], tmp_path: Path) -> None:
    spec["trackers"] = {"embedding": {"nodes": ["app"], "perplexity": 3}, "gallery": {"of": ["face"], "records": 1}}
    folder = open_run(execute_document(spec, runs=tmp_path))
    assert "What the model sees" in folder.report.read_text()
    shared = report(folder, tmp_path / "shared.html", share=True).read_text()
    assert "<h2>Features</h2>" in shared
    assert "What the model sees" not in shared
    assert "data:image" not in shared


@pytest.mark.parametrize(
    ("trackers", "path", "message"),
    [
        ({"embedding": {"nodes": ["ap"]}}, "trackers.embedding.nodes.0", "there is no 'ap'. Did you mean 'app'?"),
        ({"gallery": {"of": ["faces"]}}, "trackers.gallery.of.0", "'faces' gives no tensor"),
        ({"embedding": {"node": ["app"]}}, "trackers.embedding.node", "nodes"),
        (
            {"saliency": {**CAM, "maps": [{"node": "places", "over": "fac"}]}},
            "trackers.saliency.maps.0.over",
            "Did you mean 'face'?",
        ),
    ],
)
def test_a_mistake_in_a_section_is_told_before_training(
    spec: dict[str, Any], trackers: dict[str, Any], path: str, message: str
) -> None:
    spec["trackers"] = trackers
    with pytest.raises(SpecErrors) as told:
        check(validate(RunSpec, spec))
    assert any(problem.path == path and message in problem.message for problem in told.value.problems), told.value


def test_a_finished_run_gets_further_sections_and_keeps_them(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run / "metrics.json").read_bytes()
    given = json.dumps({"embedding": {"nodes": ["all"], "perplexity": 3}})
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", ["fascore", "report", str(run), "--add", given, "--device", "cpu"])
        with contextlib.suppress(SystemExit):
            main()
        assert "added: Features" in capsys.readouterr().out
    assert (run / "report.html").read_text().count("<h2>Features</h2>") == 1
    assert (run / "metrics.json").read_bytes() == before


def test_a_wrong_section_for_a_finished_run_is_a_sentence(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, message in (
        ('{"embedding": {"nodes": ["al"]}}', "embedding.nodes.0: there is no 'al'. Did you mean 'all'?"),
        ("[1]", "--add: [1] is no JSON object"),
        ("progress", "progress: adds no section"),
        ("galery", "Did you mean 'gallery'"),
        (
            json.dumps({"saliency": {**CAM, "head": "mian"}}),
            "there is no head 'mian' that gives a score; there are: main",
        ),
    ):
        monkeypatch.setattr(sys, "argv", ["fascore", "report", str(run), "--add", given, "--device", "cpu"])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 1
        assert message in capsys.readouterr().err


def test_values_are_what_the_graph_gives_and_nan_where_a_record_lacks_them(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        records = trained.splits["intra"]
        found = trained.values(records, ["face", "app", "depth"])
        assert found["app"].shape[:2] == (len(records), 2)
        for place, record in enumerate(records[:3]):
            (batch,) = trained.batches([record])
            with torch.no_grad():
                expected = trained.graph.node("app")(batch.tensors["face"])
            np.testing.assert_allclose(found["app"][place], expected.numpy(), rtol=1e-4, atol=1e-5)
            np.testing.assert_array_equal(found["face"][place], batch.tensors["face"].numpy())
        lacking = [not trained.prepared.present(record.id, "depth") for record in records]
        np.testing.assert_array_equal(np.isnan(found["depth"]).all(axis=(1, 2, 3, 4)), lacking)
        there = [trained.stored(record, "depth") is not None for record in records]
        assert there == [not lacks for lacks in lacking]
        with pytest.raises(FascoreError, match=r"no 'nose'.*there are: .*face"):
            trained.values(records, ["nose"])


def test_the_untrained_model_is_that_of_the_seed_and_leaves_the_trained_one_as_it_is(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        before = {name: value.clone() for name, value in trained.graph.state_dict().items()}
        fresh = trained.untrained()
        wanted = ModelGraph.build(trained.plan, trained.spec.seed).state_dict()
        assert all(torch.equal(value, wanted[name]) for name, value in fresh.graph.state_dict().items())
        assert not fresh.graph.training
        assert all(torch.equal(value, before[name]) for name, value in trained.graph.state_dict().items())
        assert any(not torch.equal(value, before[name]) for name, value in wanted.items())
        assert fresh.splits is trained.splits


def test_grad_cam_of_tokens_is_that_of_gradients_by_finite_differences(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        record = trained.splits["intra"][0]
        found = grad_cam(trained, [record], "main", "places")[0]
        signal = trained.plan.signal(Ref("places"))
        (batch,) = trained.batches([record])
        trained.graph.double()
        tokens = trained.graph.node("places")(batch.tensors["face"].double()).detach()

        def logit(tokens: torch.Tensor) -> float:
            hold = trained.graph.node("places").register_forward_hook(lambda *_: tokens)
            outputs = trained.graph(batch_of(batch), nodes=["head.main"])
            hold.remove()
            return float(torch.logit(trained.graph.head("main").score(outputs.heads["main"]).mean()).detach())

        def batch_of(batch: Any) -> Any:
            return type(batch)(
                batch.ids, {n: t.double() for n, t in batch.tensors.items()}, batch.present, batch.columns, batch.views
            )

        step, weights = 0.02, []
        for channel in range(tokens.shape[2]):
            changed = [tokens.clone(), tokens.clone()]
            changed[0][0, signal.prefix :, channel] += (
                step  # all places of the first view at once: the sum of their gradients
            )
            changed[1][0, signal.prefix :, channel] -= step
            weights.append((logit(changed[0]) - logit(changed[1])) / (2 * step))
        heat = np.maximum(tokens[0, signal.prefix :].numpy() @ np.array(weights), 0).reshape(signal.grid)
        np.testing.assert_allclose(found, heat / heat.max(), atol=2e-3)


def test_grad_cam_looks_into_a_layer_and_says_which_there_are(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        records = trained.splits["intra"][:2]
        found = grad_cam(trained, records, "main", "app", "model.layer4")
        assert found.shape == (2, 1, 1)  # 32 pixels, stride 32
        assert ((found >= 0) & (found <= 1)).all()
        with pytest.raises(FascoreError, match=r"'app' has no layer 'model.layer9'; it has: .*model.layer4"):
            grad_cam(trained, records, "main", "app", "model.layer9")
        with pytest.raises(FascoreError, match=r"'app' gives Vector\(\d+\), which has no places"):
            grad_cam(trained, records, "main", "app")


def test_two_clouds_far_apart_stay_apart_and_the_same_seed_gives_the_same_places() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 1, (40, 6)), rng.normal(12, 1, (40, 6))]).astype(np.float32)
    placed = laid_out(points, 10, 5)
    middle = placed[:40].mean(axis=0), placed[40:].mean(axis=0)
    nearer = np.linalg.norm(placed - middle[0], axis=1) < np.linalg.norm(placed - middle[1], axis=1)
    np.testing.assert_array_equal(nearer, np.arange(80) < 40)
    np.testing.assert_array_equal(placed, laid_out(points, 10, 5))


def test_features_that_are_all_alike_are_laid_out_without_complaint() -> None:
    np.testing.assert_array_equal(laid_out(np.ones((8, 3), np.float32), 30, 0), np.zeros((8, 2)))


def test_records_are_chosen_evenly_by_species(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        records = trained.splits["intra"]
        for most in (1, 3, 4, len(records), 100):
            chosen = evenly(records, "species", 0, most)
            assert len(chosen) <= most
            counts = [
                sum(record.species == name for record in chosen) for name in {record.species for record in records}
            ]
            assert max(counts) - min(counts) <= 1 or len(chosen) == len(records)
            assert len({record.id for record in chosen}) == len(chosen)
        assert {group_of(record, "label") for record in records if record.label} == {"bona fide"}
        assert {group_of(record, "label") for record in records if not record.label} == {"attack"}


def test_pictures_keep_intensities_and_stretch_planes() -> None:
    image = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 2, 2)
    np.testing.assert_array_equal(
        pixels(image, Image(3, 2, 2), "x"), (image.transpose(1, 2, 0) * 255).round().astype(np.uint8)
    )
    plane = np.array([[[-2.0, 0.0], [2.0, 6.0]]], np.float32)
    np.testing.assert_array_equal(pixels(plane, Plane(1, 2, 2), "x"), coloured((plane[0] + 2) / 8))
    clip = np.stack([np.full((3, 2, 2), v, np.float32) for v in (0.0, 1.0, 0.5)])
    assert (pixels(clip, Clip(3, 3, 2, 2), "x") == 255).all()
    with pytest.raises(FascoreError, match=r"'x' gives Vector\(4\), which is no picture"):
        pixels(np.zeros(4, np.float32), Vector(4), "x")


def test_a_plugins_section_gets_the_trained_model_of_the_run(
    spec: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Count:
        always = True

        def __init__(self, options: Any) -> None:
            pass

        @hookimpl
        def report_sections(self, run: RunFacts, trained: Trained) -> list[Section]:
            weights = load_file(run.folder / "checkpoints" / "best.safetensors")
            same = all(
                torch.equal(value, weights[name])
                for name, value in trained.graph.state_dict().items()
                if name in weights
            )
            counts = {name: len(records) for name, records in trained.splits.items()}
            return [Section("Count", f"{same} {counts}", shareable=True)]

    module = types.ModuleType("count_hook")
    module.Count = Count  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "count_hook", module)
    with using(Index([*index().providers(), Provider("hooks", "count", "count_hook:Count")])):
        run = execute_document(spec, runs=tmp_path)
    facts = json.loads((run / "facts.json").read_text())
    splits = list_records(open_run(run).run_spec()).named()
    assert facts["sections"][-1]["html"] == f"True { ({name: len(records) for name, records in splits.items()}) }"
