"""Records to batches: what is stored, what is loaded, and that geometry moves all modalities alike."""

import numpy as np
import pytest
import torch
from data_scenes import FACES, Camera, dots, plan, record

from fascore.data.loading import Loader
from fascore.data.prepare import Missing, prepare
from fascore.data.store import Store

EVERYTHING = {
    "faces": FACES,
    "face": {"type": "face_frames", "inputs": ["faces"], "size": 48, "views": 3, "landmarks": "five"},
    "clip": {"type": "face_frames", "inputs": ["faces"], "size": 32, "frames": 4, "landmarks": "five"},
    "depth": {"type": "depth_map", "inputs": ["face"]},
    "depth_clip": {"type": "depth_map", "inputs": ["clip"], "unit": "relative", "size": 24, "holes": "nearest"},
    "ir": {"type": "infrared", "inputs": ["face"]},
    "ir_clip": {"type": "infrared", "inputs": ["clip"], "size": 16},
    "motion": {"type": "difference", "inputs": ["clip"]},
    "motion_clip": {"type": "difference", "inputs": ["clip"], "form": "clip"},
    "target": {"type": "pseudo_depth", "inputs": ["face.points"]},
}
REFS = [
    "face",
    "face.points",
    "face.crop",
    "clip",
    "clip.points",
    "clip.crop",
    "depth",
    "depth.valid",
    "depth_clip",
    "depth_clip.valid",
    "ir",
    "ir_clip",
    "motion",
    "motion_clip",
    "target",
]
AUGMENT = {"flip": 0.5, "rotation": 20, "scale": 0.1, "translate": 0.05, "crop": 0.1}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """All modalities of six records, prepared once."""
    store, graph = Store(tmp_path_factory.mktemp("store")), plan(EVERYTHING, REFS, augment=AUGMENT)
    return graph, prepare(graph, [record(seed) for seed in range(6)], store, processes=0), store


def test_every_modality_gives_what_its_static_signal_says(everything):
    graph, prepared, store = everything
    assert not prepared.quarantined
    loader = Loader(graph, prepared, store, seed=1)
    (training,) = loader.training_batches(0, [["r0", "r1", "r5"]])
    evaluation = list(loader.evaluation_batches(4))
    assert [len(batch) for batch in evaluation] == [4, 2] and training.views == 1 and evaluation[0].views == 3
    for batch in (training, *evaluation):
        assert set(batch.tensors) == set(REFS)
        for ref in graph.loaded():
            tensor = batch.tensors[ref]
            assert (
                tensor.shape == (len(batch) * batch.views, *graph.signal(ref).shape) and tensor.dtype == torch.float32
            )
            assert torch.isfinite(tensor).all()
        assert all(mask.all() for mask in batch.present.values())
    assert training.columns["session"] == (0, 1, 2) and training.label.tolist() == [0, 1, 1]


def test_batches_do_not_depend_on_the_number_of_workers_nor_on_their_company(everything):
    graph, prepared, store = everything
    ids = [["r3", "r1"], ["r0"], ["r5", "r4", "r2"], ["r1"]]
    alone, threaded = (list(Loader(graph, prepared, store, seed=1, workers=w).training_batches(7, ids)) for w in (0, 2))
    for one, other in zip(alone, threaded, strict=True):
        assert one.ids == other.ids
        for ref in REFS:
            torch.testing.assert_close(one.tensors[ref], other.tensors[ref], rtol=0, atol=0)
    for ref in REFS:
        torch.testing.assert_close(alone[0].tensors[ref][1:], alone[3].tensors[ref], rtol=1e-5, atol=1e-5)
    (again,) = Loader(graph, prepared, store, seed=1).training_batches(8, [["r3", "r1"]])
    assert not torch.equal(again.tensors["face"], alone[0].tensors["face"])


def test_training_draws_one_of_the_views_that_evaluation_shows(tmp_path):
    graph = plan({"faces": FACES, "face": EVERYTHING["face"]}, ["face"])
    store = Store(tmp_path)
    loader = Loader(graph, prepare(graph, [record(4)], store, processes=0), store)
    (whole,) = loader.evaluation_batches(8)
    seen = set()
    for epoch in range(20):
        (batch,) = loader.training_batches(epoch, [["r4"]])
        seen.add(
            next(
                view
                for view in range(3)
                if torch.allclose(batch.tensors["face"][0], whole.tensors["face"][view], atol=1e-5)
            )
        )
    assert seen == {0, 1, 2}


def centre_of(mass: torch.Tensor, near: torch.Tensor) -> torch.Tensor:
    """Centre of mass in [0, 1] within 0.1 of a place."""
    side = mass.shape[-1]
    place = (torch.arange(side) + 0.5) / side
    y, x = torch.meshgrid(place, place, indexing="ij")
    weight = mass * ((x - near[0]) ** 2 + (y - near[1]) ** 2 < 0.1**2)
    return torch.stack([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


def test_a_marker_stays_at_its_landmark_in_image_depth_and_infrared_after_every_geometry(everything):
    graph, prepared, store = everything
    flips = 0
    for epoch in range(12):
        (batch,) = Loader(graph, prepared, store, seed=2).training_batches(epoch, [["r0", "r3"]])
        for row in range(2):
            points = batch.tensors["face.points"][row]
            image, depth, infrared = (batch.tensors[name][row] for name in ("face", "depth", "ir"))
            flips += bool(
                (points[1, 0] - points[0, 0]) * torch.linalg.det(batch.tensors["face.crop"][row, 0, :, :2]) < 0
            )
            for landmark in points:
                if not ((landmark > 0.12) & (landmark < 0.88)).all():
                    continue
                bright = (image.max(0).values - 90 / 255 - 0.05).clamp(min=0)
                assert (centre_of(bright, landmark) - landmark).abs().max() < 0.5 / 48
                assert (centre_of((depth[0] - 0.55).clamp(min=0), landmark) - landmark).abs().max() < 1 / 48
                assert (centre_of((infrared[0] - 0.25).clamp(min=0), landmark) - landmark).abs().max() < 4.5 / 48
    assert flips > 0


def test_points_of_a_mirror_image_are_named_as_they_look(everything):
    graph, prepared, store = everything
    for epoch in range(8):
        (batch,) = Loader(graph, prepared, store, seed=5).training_batches(epoch, [[f"r{i}" for i in range(6)]])
        points = batch.tensors["face.points"]
        assert (points[:, 0, 0] < points[:, 1, 0]).all() and (points[:, 3, 0] < points[:, 4, 0]).all()


def test_the_crop_port_takes_points_back_to_the_pixels_of_the_frame(everything):
    graph, prepared, store = everything
    loader = Loader(graph, prepared, store, seed=2)
    for epoch in range(4):
        (batch,) = loader.training_batches(epoch, [["r2"]])
        view = loader._view(epoch, "r2")
        time = float(store.read(prepared.entries["r2"]["face"], view)["times"])
        matrix = batch.tensors["face.crop"][0, 0].numpy()
        pixels = (batch.tensors["face.points"][0].numpy() * 2 - 1) @ matrix[:, :2].T + matrix[:, 2]
        expected = dots(2, time)
        if np.linalg.det(matrix[:, :2]) < 0:
            expected = expected[[1, 0, 2, 4, 3]]
        np.testing.assert_allclose(pixels, expected, atol=0.01)


def test_frames_are_spread_over_time_and_a_short_record_repeats_them(tmp_path):
    graph = plan(
        {"faces": FACES, "face": {**EVERYTHING["face"], "views": 5}, "clip": {**EVERYTHING["clip"], "frames": 8}},
        ["face", "clip"],
    )
    store = Store(tmp_path)
    prepared = prepare(graph, [record(0), record(1, frames=2)], store, processes=0)
    times = store.read(prepared.entries["r0"]["face"])["times"]
    assert len(set(times.tolist())) == 5 and np.all(np.diff(times) > 0) and np.ptp(np.diff(times)) < 0.06
    assert store.read(prepared.entries["r1"]["clip"])["times"].tolist() == [[0.0] * 4 + [0.03] * 4]


def test_what_a_record_lacks_is_a_state_where_it_may_and_a_quarantine_where_it_may_not(tmp_path):
    records = [
        record(0),
        record(1, channels=("rgb",)),
        record(2, faces=False),
        record(3, fails_at=7),
        record(4, crashes=True),
    ]
    graph = plan(
        {
            **EVERYTHING,
            "depth": {**EVERYTHING["depth"], "optional": True},
            "ir": {**EVERYTHING["ir"], "optional": True},
            "depth_clip": {**EVERYTHING["depth_clip"], "optional": True},
            "ir_clip": {**EVERYTHING["ir_clip"], "optional": True},
        },
        REFS,
    )
    store = Store(tmp_path)
    prepared = prepare(graph, records, store, processes=0)
    assert [r.id for r in prepared.records] == ["r0", "r1"]
    assert [(q.id, q.response, q.modality) for q in prepared.quarantined] == [
        ("r2", "no_face", "faces"),
        ("r3", "unreadable", "face"),
        ("r4", "unreadable", "face"),
    ]
    assert "ZeroDivisionError: the camera divides by zero" in prepared.quarantined[2].reason
    assert prepared.entries["r1"]["depth"] == Missing("refused", "the record has no channel 'depth'; it has rgb")
    (batch,) = Loader(graph, prepared, store).evaluation_batches(4)
    assert batch.present["depth"].tolist() == [True, False] and batch.present["face"].all()
    assert batch.tensors["depth"][:3].any() and not batch.tensors["depth"][3:].any()
    (alone,) = Loader(graph, prepared, store).evaluation_batches(4, ["r1"])
    assert alone.tensors["depth"].shape == (3, 1, 48, 48) and not alone.tensors["depth"].any()


def test_modality_dropout_never_drops_all_that_a_record_has(tmp_path):
    graph = plan(
        {name: {**EVERYTHING[name], "optional": True} for name in ("faces", "face", "depth", "clip", "motion")},
        ["face", "depth", "motion", "clip"],
        augment={"modality_dropout": 0.7},
    )
    store = Store(tmp_path)
    prepared = prepare(graph, [record(0), record(1, channels=("rgb",))], store, processes=0)
    loader = Loader(graph, prepared, store, seed=3)
    dropped = 0
    for epoch in range(30):
        (batch,) = loader.training_batches(epoch, [["r0", "r1"]])
        assert (batch.present["face"] | batch.present["depth"] | batch.present["clip"]).all()
        assert torch.equal(batch.present["motion"], batch.present["clip"])
        for name in ("face", "depth", "clip", "motion"):
            absent = ~batch.present[name]
            dropped += int(absent.sum())
            assert (
                not batch.tensors[name][absent].any()
                and batch.tensors[name][batch.present[name]].flatten(1).any(1).all()
            )
    assert dropped > 60
    (batch,) = loader.evaluation_batches(2)
    assert batch.present["face"].all()


def test_detection_from_the_annotation_decodes_no_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(Camera, "draw", lambda self, time: pytest.fail("a picture was drawn"))
    graph = plan({"faces": FACES, "face": EVERYTHING["face"]}, ["face"])
    faces = graph.modalities["faces"].component.build([])
    assert faces.extract(record(0), [])["boxes"].shape == (15, 4)
