"""A scorer: frames in memory get the scores of the same frames in files, again and again, and leave nothing behind."""

import gc
import os
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import fascore
from fascore import FascoreError
from fascore.data.array_source import ArraySource
from fascore.data.media import FrameFolder


def frames(count: int, seed: int = 0, side: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def save(images: np.ndarray, folder: Path) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"f{number}.png")
    return folder


def save_lossless(images: np.ndarray, path: Path) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=25)
        stream.height, stream.width = images.shape[1:3]
        stream.pix_fmt = "bgr0"
        for image in images:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="bgr0")))
        file.mux(stream.encode())
    return path


def test_an_image_in_memory_gets_the_score_that_predict_gives_its_png(
    run: fascore.Run, scorer: fascore.Scorer, tmp_path: Path
) -> None:
    (image,) = frames(1)
    path = tmp_path / "face.png"
    Image.fromarray(image).save(path)
    (predicted,) = fascore.predict(run, str(path))
    scored = scorer.score(image)
    assert scored.score is not None
    assert scored.to_dict() == {**predicted.to_dict(), "path": None}
    assert scorer.score(str(path)) == predicted == scorer.score(path)


def test_a_video_in_memory_gets_the_score_that_predict_gives_a_file_of_the_same_frames(
    run: fascore.Run, scorer: fascore.Scorer, tmp_path: Path
) -> None:
    images = frames(6)
    path = save_lossless(images, tmp_path / "face.mkv")
    assert np.array_equal(np.stack([frame.image for frame in fascore.open_source(path).read()]), images)
    (predicted,) = fascore.predict(run, [path])
    scored = scorer.score(images)
    assert scored.to_dict() == {**predicted.to_dict(), "path": None}
    assert (scored.frames, scored.faces, scored.response) == (6, 6, "ok")


def test_a_video_in_memory_gets_the_score_of_a_folder_of_its_frames(scorer: fascore.Scorer, tmp_path: Path) -> None:
    images = frames(12)
    folder = save(images, tmp_path / "frames")
    source = FrameFolder(folder)
    by_array, by_folder, by_source = scorer.score(images), scorer.score(str(folder)), scorer.score(source)
    assert by_array.score == by_folder.score == by_source.score is not None
    assert (by_array.path, by_folder.path, by_source.path) == (None, str(folder), str(folder))
    assert np.array_equal(ArraySource.of(images).times(), source.times())


def test_a_view_of_an_array_is_scored_as_its_copy(scorer: fascore.Scorer) -> None:
    images = frames(4)
    mirrored = images[:, :, ::-1]
    assert scorer.score(mirrored).score == scorer.score(mirrored.copy()).score != scorer.score(images).score


def test_a_list_gets_one_answer_for_each_member_in_order(scorer: fascore.Scorer, tmp_path: Path) -> None:
    images = frames(20)
    path = tmp_path / "face.png"
    Image.fromarray(images[3]).save(path)
    answers = scorer.score([*images, path, str(path), images[3]])
    assert [answer.path for answer in answers[-4:]] == [None, str(path), str(path), None]
    assert len(answers) == 23
    alone = [scorer.score(image).score for image in images]
    assert [answer.score for answer in answers[:20]] == pytest.approx(alone, abs=1e-6)
    assert answers[20].score == answers[21].score == answers[22].score
    assert scorer.score([]) == fascore.Answers(())
    with pytest.raises(IndexError):
        answers[23]


def test_a_decision_follows_from_score_and_threshold(scorer: fascore.Scorer) -> None:
    answers = scorer.score(list(frames(8)))
    assert {answer.threshold for answer in answers} == {scorer.threshold}
    for answer in answers:
        assert answer.score is not None
        assert answer.decision == ("bona fide" if answer.score >= scorer.threshold else "attack")


def test_a_frame_without_a_face_gets_no_score_and_a_reason(run: fascore.Run, tmp_path: Path) -> None:
    wall = np.full((64, 64, 3), 128, np.uint8)
    notes: list[str] = []
    answer = fascore.open_scorer(run, detector="mtcnn", note=notes.append).score(wall)
    assert (answer.score, answer.decision, answer.response) == (None, "no decision", "no_face")
    assert "no face" in answer.reason
    assert (answer.frames, answer.faces) == (None, None)


def test_a_file_that_cannot_be_read_gets_a_reason(scorer: fascore.Scorer, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("only words")
    answer = scorer.score(tmp_path / "text.mp4")
    assert (answer.score, answer.decision, answer.response) == (None, "no decision", "unreadable")
    assert answer.reason.startswith(f"{tmp_path / 'text.mp4'} cannot be read")


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (np.zeros((48, 48), np.uint8), r"shape \(48, 48\): an image is \(H, W, 3\) and a video is \(T, H, W, 3\)"),
        (np.zeros((48, 48, 4), np.uint8), r"shape \(48, 48, 4\)"),
        (np.zeros((3, 48, 48), np.uint8), r"shape \(3, 48, 48\)"),
        (np.zeros((1, 2, 48, 48, 3), np.uint8), r"shape \(1, 2, 48, 48, 3\)"),
        (np.zeros((48, 48, 3), np.float32), "holds float32: frames are uint8"),
        (np.zeros((0, 48, 48, 3), np.uint8), "has no pixels"),
        (7, "an int cannot be scored"),
        ("nowhere.png", "nowhere.png: there is no such file"),
        ([np.zeros((48, 48, 3), bool)], "holds bool"),
    ],
)
def test_what_cannot_be_scored_is_reported_in_a_sentence(scorer: fascore.Scorer, x: object, sentence: str) -> None:
    with pytest.raises(FascoreError, match=sentence):
        scorer.score(x)  # type: ignore[call-overload]


def test_a_frame_rate_is_a_number_above_zero(scorer: fascore.Scorer) -> None:
    with pytest.raises(FascoreError, match="fps is 0"):
        scorer.score(frames(2), fps=0)


def test_a_run_that_is_not_finished_cannot_be_opened(begun: Path, tmp_path: Path) -> None:
    with pytest.raises(FascoreError, match="the run is not finished; continue it with fascore run"):
        fascore.open_scorer(str(begun))
    with pytest.raises(FascoreError, match="there is no such folder"):
        fascore.open_scorer(str(tmp_path / "nowhere"))
    with pytest.raises(FascoreError, match="run: pass a path; this is an int"):
        fascore.open_scorer(3)  # type: ignore[arg-type]


def resident() -> float:
    """Megabytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_a_thousand_scores_leave_no_memory_open_file_or_temporary_folder_behind(
    scorer: fascore.Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    images = frames(10, side=32)
    for image in [*images] * 20:  # allocators and caches reach their size
        scorer.score(image)
    gc.collect()
    files, before = open_files(), resident()
    for number in range(1000):
        scorer.score(images[number % len(images)] ^ np.uint8(number % 251))
    gc.collect()
    assert open_files() == files
    assert resident() - before < 20
    assert list(tmp_path.iterdir()) == []
