"""Answers for files that nobody has labelled: never a crash, never `attack` when it means `no face`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fas_phantom.components import Phantom

from fascore import FascoreError, Trained, open_source, validate
from fascore.data.media import read_image
from fascore.evaluation.recalibration import recalibrate
from fascore.evaluation.table import ScoreTable
from fascore.running.folder import open_run
from fascore.running.open_trained import for_new_files, with_records
from fascore.running.predict import predict
from fascore.running.run import execute_document
from fascore.running.timeline import draw_timeline
from fascore.spec.documents import RunSpec

WriteVideo = Callable[[Path, list[np.ndarray]], None]
MEDIA = Path(__file__).parents[3] / "shared" / "media"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, write_video: WriteVideo) -> Path:
    folder = tmp_path_factory.mktemp("files")
    record = Phantom(subjects=3, frames=5, size=64).records("test")[0]
    write_video(folder / "clip.mp4", [frame.image for frame in record.channels["rgb"].read()])
    (folder / "text.mp4").write_text("only words")
    (folder / "notes.txt").write_text("not media")
    return folder


@pytest.fixture
def run(tiny: dict[str, Any], tmp_path: Path) -> Path:
    tiny["recipe"]["epochs"] = 1
    return execute_document(tiny, runs=tmp_path)


def test_a_video_gets_a_score_a_decision_and_the_frames_behind_it(run: Path, files: Path) -> None:
    (answer,) = predict(run, [files / "clip.mp4"], detector="whole", note=lambda _: None)
    threshold = json.loads((run / "metrics.json").read_text())["threshold"]["value"]
    assert answer.score is not None
    assert answer.threshold == threshold
    assert answer.decision == ("bona fide" if answer.score >= threshold else "attack")
    assert (answer.response, answer.frames, answer.faces) == ("ok", 5, 5)


def test_a_video_is_answered_clip_by_clip_and_each_clip_as_if_it_were_a_file(
    run: Path, tmp_path: Path, write_video: WriteVideo
) -> None:
    images = [
        frame.image for frame in Phantom(subjects=3, frames=12, size=64).records("test")[0].channels["rgb"].read()
    ]
    write_video(tmp_path / "long.mp4", images)
    (tmp_path / "text.mp4").write_text("only words")
    told: list[tuple[int, int]] = []
    paths = [tmp_path / "long.mp4", tmp_path / "text.mp4"]
    step = float(np.median(np.diff(open_source(paths[0]).times())))
    *clips, text = predict(
        run, paths, detector="whole", clips=4 * step, note=lambda _: None, progress=lambda *done: told.append(done)
    )
    assert [(clip.frames, clip.path) for clip in clips] == [(4, str(paths[0]))] * 3
    assert (
        [clip.start for clip in clips[1:]] == [clip.end for clip in clips[:-1]] == pytest.approx([4 * step, 8 * step])
    )
    assert (text.response, text.start, text.score) == ("unreadable", None, None)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    draw_timeline([*clips, text], tmp_path / "scores.png")
    picture = read_image(tmp_path / "scores.png")
    assert picture.shape[1] > 900 and picture.std() > 5
    with pytest.raises(FascoreError, match="no clip to draw"):
        draw_timeline([text], tmp_path / "none.png")


def test_a_recalibrated_threshold_decides_where_it_is_asked_for(run: Path, files: Path, tmp_path: Path) -> None:
    (before,) = predict(run, [files / "clip.mp4"], detector="whole", note=lambda _: None)
    own, _ = open_run(run).decision()
    assert before.score is not None
    for shift, decision in ((-0.01, "bona fide"), (0.01, "attack")):
        table = ScoreTable.from_columns({"label": [1] * 30, "score": [before.score + shift] * 30})
        path = tmp_path / f"{decision}.json"
        path.write_text(recalibrate(table, own=own, run=run.name, camera="phone", bpcer=0.1).model_dump_json())
        (after,) = predict(run, [files / "clip.mp4"], detector="whole", recalibrated=path, note=lambda _: None)
        assert (after.score, after.decision) == (before.score, decision)
        assert after.threshold == before.score + shift


def test_a_text_file_and_a_faceless_video_get_no_decision_and_a_reason(
    run: Path, files: Path, tmp_path: Path, write_video: WriteVideo
) -> None:
    write_video(tmp_path / "wall.mp4", [np.full((64, 64, 3), 128, np.uint8)] * 4)
    answers = list(predict(run, [files / "text.mp4", tmp_path / "wall.mp4"], detector="mtcnn", note=lambda _: None))
    assert [(a.score, a.decision, a.response) for a in answers] == [
        (None, "no decision", "unreadable"),
        (None, "no decision", "no_face"),
    ]
    assert "text.mp4 cannot be read" in answers[0].reason
    assert "no face in any of 4 frames" in answers[1].reason


def test_a_model_that_learned_from_depth_scores_files_that_have_none(
    tiny: dict[str, Any], files: Path, tmp_path: Path
) -> None:
    del tiny["model"]["encoders"]["shape"], tiny["modalities"]["depth"]["optional"]
    tiny["recipe"]["epochs"] = 1
    tiny["model"]["encoders"]["map"] = {"type": "timm", "name": "test_resnet", "output": "pyramid", "inputs": ["face"]}
    tiny["model"]["fusions"]["all"]["inputs"] = ["app"]
    tiny["model"]["heads"]["aux"] = {"type": "pixelwise", "criterion": "mse", "inputs": ["map"], "target": "depth"}
    tiny["model"]["score"] = {"mean": ["main", "aux"]}
    run = execute_document(tiny, runs=tmp_path)
    (answer,) = predict(run, [files / "clip.mp4"], detector="whole", note=lambda _: None)
    assert (answer.response, answer.score is None) == ("ok", False), answer.reason


@pytest.mark.parametrize(("scored", "layout"), [(False, "five"), (True, "68")])
def test_landmarks_that_only_training_reads_are_not_asked_of_new_files(
    tiny: dict[str, Any], scored: bool, layout: str
) -> None:
    tiny["modalities"]["face"]["landmarks"] = "68"
    tiny["modalities"]["height"] = {"type": "pseudo_depth", "inputs": ["face.points"], "size": 32}
    tiny["model"]["encoders"]["map"] = {
        "type": "timm",
        "name": "test_resnet",
        "output": "pyramid",
        "inputs": ["height" if scored else "face"],
    }
    tiny["model"]["heads"]["aux"] = {"type": "pixelwise", "criterion": "mse", "inputs": ["map"], "target": "height"}
    tiny["model"]["score"] = "aux"
    spec = for_new_files(validate(RunSpec, tiny), "mtcnn", lambda _: None)
    assert spec.modalities["face"].model_dump()["landmarks"] == layout


def test_a_large_folder_never_fills_the_disk_with_its_crops(
    run: Path, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fascore.running.predict.CHUNK", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.mp4")
        paths[-1].write_bytes((files / "clip.mp4").read_bytes() + b"\0" * number)
    there: list[int] = []

    def counted(*given: Any) -> Trained:
        trained = with_records(*given)
        there.append(len(list(tmp_path.glob("fascore-*/*/*.safetensors"))))
        return trained

    monkeypatch.setattr("fascore.running.predict.with_records", counted)
    left = [len(list(tmp_path.glob("fascore-*"))) for _ in predict(run, paths, detector="whole", note=lambda _: None)]
    assert there == [2, 2, 2]
    assert left == [0, 0, 0]


def test_a_folder_stands_for_the_media_below_it_and_order_is_kept(run: Path, files: Path) -> None:
    answers = list(predict(run, [files], detector="whole", note=lambda _: None))
    assert [Path(a.path).name for a in answers] == ["clip.mp4", "text.mp4"]


def test_a_file_is_scored_alone_as_among_others(run: Path, files: Path) -> None:
    alone, together = (
        list(predict(run, paths, detector="whole", note=lambda _: None)) for paths in ([files / "clip.mp4"], [files])
    )
    assert alone[0].score == pytest.approx(together[0].score, abs=1e-6)


def test_a_run_that_used_boxes_says_who_finds_the_faces_now(run: Path, files: Path) -> None:
    said: list[str] = []
    next(predict(run, [files / "clip.mp4"], detector="whole", note=said.append))
    assert said == ["modality 'faces': faces are detected by whole; the run itself used boxes"]


def test_paths_and_runs_that_do_not_exist_are_named(run: Path, files: Path, tmp_path: Path) -> None:
    with pytest.raises(FascoreError, match=r"nowhere\.mp4: there is no such file"):
        list(predict(run, [tmp_path / "nowhere.mp4"], detector="whole", note=lambda _: None))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FascoreError, match="this folder contains no image and no video"):
        list(predict(run, [tmp_path / "empty"], detector="whole", note=lambda _: None))
    with pytest.raises(FascoreError, match="is not the folder of a run"):
        list(predict(tmp_path / "empty", [files], detector="whole"))


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the real faces are not part of the project")
def test_a_real_face_video_is_found_and_scored(run: Path) -> None:
    (answer,) = predict(run, [MEDIA / "minivision_demo_live" / "demo_live.mp4"], note=lambda _: None)
    assert answer.response == "ok"
    assert answer.score is not None
    assert answer.faces is not None
    assert answer.faces > 0


def test_files_of_the_same_bytes_and_links_that_lead_nowhere_each_get_a_reason_of_their_own(
    run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "delivered"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4", "c.jpg", "d.jpg"):
        (folder / name).write_bytes(b"no media" if name[-1] == "4" else b"no picture")
    (folder / "e.jpg").symlink_to("/nowhere/e.jpg")
    answers = list(predict(run, [folder], detector="whole", note=lambda _: None))
    assert [Path(answer.path).name for answer in answers] == ["a.mp4", "b.mp4", "c.jpg", "d.jpg", "e.jpg"]
    for answer in answers:
        assert answer.decision == "no decision" and answer.reason.startswith(f"{answer.path} cannot be read: ")
        assert all(other.path not in answer.reason for other in answers if other is not answer)
