"""What a report shows of the trained model."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fas_explain.embedding import laid_out
from fas_explain.grad_cam import grad_cam
from fas_explain.pictures import colored, pixels
from fas_explain.sampled import evenly, group_of

from fascore import Clip, FascoreError, Image, Plane, Ref, Vector, open_trained

CAM = {"maps": [{"node": "places", "over": "face"}], "head": "main", "records": 1}


def test_sections_named_under_trackers_are_in_the_report(trained_with: Callable[..., Path]) -> None:
    features, pictures = {"nodes": ["app", "places"], "perplexity": 3}, {"of": ["face", "depth"], "records": 1}
    run = trained_with({"embedding": features, "gallery": pictures, "saliency": CAM})
    page = (run / "report.html").read_text()
    for title in ("Features", "What the model sees", "Where the score comes from"):
        assert f"<h2>{title}</h2>" in page
    assert page.count('aria-label="features of ') == 2  # two nodes, one test set
    assert page.count("No plot: only 4 records have these features; 5 are needed") == 2  # the other test set
    assert len(re.findall(r'alt="depth of [^"]*"', page)) == 6  # bona fide and two species, two test sets
    assert len(re.findall(r'alt="places over face of [^"]*"', page)) == 6


def test_a_shared_report_keeps_features_and_no_face(
    trained_with: Callable[..., Path], in_process: Callable[..., Any]
) -> None:
    run = trained_with({"embedding": {"nodes": ["app"], "perplexity": 3}, "gallery": {"of": ["face"], "records": 1}})
    assert "What the model sees" in (run / "report.html").read_text()
    in_process("report", run, "--share")
    shared = (run / "report.shared.html").read_text()
    assert "<h2>Features</h2>" in shared
    assert "What the model sees" not in shared
    assert "data:image" not in shared


@pytest.mark.parametrize(
    ("trackers", "path", "message"),
    [
        ({"embedding": {"nodes": ["ap"]}}, "trackers.embedding.nodes.0", "there is no 'ap'. Did you mean 'app'?"),
        ({"gallery": {"of": ["faces"]}}, "trackers.gallery.of.0", "'faces' produces no tensor"),
        ({"embedding": {"node": ["app"]}}, "trackers.embedding.node", "nodes"),
        (
            {"saliency": {**CAM, "maps": [{"node": "places", "over": "fac"}]}},
            "trackers.saliency.maps.0.over",
            "Did you mean 'face'?",
        ),
    ],
)
def test_a_mistake_in_a_section_is_reported_before_training(
    spec: dict[str, Any], in_process: Callable[..., Any], tmp_path: Path, trackers: Any, path: str, message: str
) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({**spec, "trackers": trackers}))
    lines = in_process("check", "spec.json", code=1).stderr.splitlines()
    assert any(line.startswith(f"spec.json: {path}: ") and message in line for line in lines), lines


def test_a_finished_run_gets_further_sections_and_keeps_them(run: Path, in_process: Callable[..., Any]) -> None:
    before = (run / "metrics.json").read_bytes()
    features = json.dumps({"embedding": {"nodes": ["all"], "perplexity": 3}})
    for _ in range(2):
        assert "added: Features" in in_process("report", run, "--add", features, "--device", "cpu").stdout
    assert (run / "report.html").read_text().count("<h2>Features</h2>") == 1
    assert (run / "metrics.json").read_bytes() == before


def test_a_wrong_section_for_a_finished_run_is_a_sentence(run: Path, in_process: Callable[..., Any]) -> None:
    for sections, message in (
        ('{"embedding": {"nodes": ["al"]}}', "embedding.nodes.0: there is no 'al'. Did you mean 'all'?"),
        ("[1]", "--add: [1] is not a JSON object"),
        ("progress", "progress: does not add a section"),
        ("galery", "Did you mean 'gallery'"),
        (
            json.dumps({"saliency": {**CAM, "head": "mian"}}),
            "there is no head 'mian' that produces a score; available: main",
        ),
    ):
        done = in_process("report", run, "--add", sections, "--device", "cpu", code=1)
        assert message in done.stderr


def test_grad_cam_of_tokens_is_that_of_gradients_by_finite_differences(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        record = trained.splits["intra"][0]
        heat_map = grad_cam(trained, [record], "main", "places")[0]
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
        np.testing.assert_allclose(heat_map, heat / heat.max(), atol=2e-3)


def test_grad_cam_looks_into_a_layer_and_says_which_there_are(run: Path) -> None:
    with open_trained(run, device="cpu") as trained:
        records = trained.splits["intra"][:2]
        heat_map = grad_cam(trained, records, "main", "app", "model.layer4")
        assert heat_map.shape == (2, 1, 1)  # 32 pixels, stride 32
        assert ((heat_map >= 0) & (heat_map <= 1)).all()
        with pytest.raises(FascoreError, match=r"'app' has no layer 'model.layer9'; it has: .*model.layer4"):
            grad_cam(trained, records, "main", "app", "model.layer9")
        with pytest.raises(FascoreError, match=r"'app' produces Vector\(\d+\), which has no spatial positions"):
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
    np.testing.assert_array_equal(pixels(plane, Plane(1, 2, 2), "x"), colored((plane[0] + 2) / 8))
    clip = np.stack([np.full((3, 2, 2), v, np.float32) for v in (0.0, 1.0, 0.5)])
    assert (pixels(clip, Clip(3, 3, 2, 2), "x") == 255).all()
    with pytest.raises(FascoreError, match=r"'x' produces Vector\(4\), which is not a picture"):
        pixels(np.zeros(4, np.float32), Vector(4), "x")
