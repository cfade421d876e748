"""Preparing in processes, what is done again and what is not, and what a kill leaves behind."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from data_scenes import FACES, plan, record

from fascore import AnnotationSource, FascoreError, NoResponse
from fascore.components.modalities import FaceFrames, Faces, PseudoDepth
from fascore.contract.record import Record
from fascore.contract.refs import Ref
from fascore.data.open_source import open_source
from fascore.data.prepare import Extraction, prepare
from fascore.data.store import Store

GRAPH = {"faces": FACES, "face": {"type": "face_frames", "inputs": ["faces"], "size": 32, "views": 3}}


def arrays_of(store: Store, prepared, name="face"):
    return {id: store.read(entries[name]) for id, entries in prepared.entries.items() if isinstance(entries[name], str)}


def test_two_processes_store_the_same_bytes_as_one_and_report_progress(tmp_path):
    graph, records = plan(GRAPH, ["face"]), [record(seed) for seed in range(5)]
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    seen = []
    alone = prepare(graph, records, one, processes=0)
    together = prepare(graph, records, two, processes=2, progress=lambda done, total: seen.append((done, total)))
    assert alone.entries == together.entries and seen == [(i, 5) for i in range(6)]
    names = sorted(p.relative_to(one.root) for p in one.root.rglob("*.safetensors"))
    assert len(names) == 10 and names == sorted(p.relative_to(two.root) for p in two.root.rglob("*.safetensors"))
    assert all((one.root / name).read_bytes() == (two.root / name).read_bytes() for name in names)


def test_nothing_is_extracted_twice_and_a_bad_record_is_not_tried_again(tmp_path, monkeypatch):
    graph, store = plan(GRAPH, ["face"]), Store(tmp_path)
    records = [record(0), record(1, fails_at=7), record(2, faces=False)]
    first = prepare(graph, records, store, processes=0)
    monkeypatch.setattr(Extraction, "_extract_one", lambda *_: pytest.fail("extracted again"))
    again = prepare(graph, records, store)
    assert again.entries == first.entries and again.quarantined == first.quarantined and len(again.quarantined) == 2


def test_a_crash_of_an_extractor_is_tried_again(tmp_path):
    graph, store = plan(GRAPH, ["face"]), Store(tmp_path)
    (aside,) = prepare(graph, [record(0, crashes=True)], store, processes=0).quarantined
    assert (aside.response, aside.modality) == (
        "unreadable",
        "face",
    ) and "face_frames failed: ZeroDivisionError" in aside.reason
    assert not list(tmp_path.rglob("*.none.json"))


class Lost(AnnotationSource):
    """Landmarks in a file that is gone; the digest may still be known."""

    def __init__(self, *, known: bool) -> None:
        self.known = known

    def digest(self) -> str:
        return "known" if self.known else self.load()

    def load(self):
        raise FileNotFoundError(2, "No such file or directory", "r0.landmarks")


@pytest.mark.parametrize("known", [True, False])
def test_a_record_whose_annotation_file_is_gone_is_set_aside_and_the_others_go_on(tmp_path, known):
    lost = dataclasses.replace(record(0), annotation=Lost(known=known))
    prepared = prepare(plan(GRAPH, ["face"]), [lost, record(1)], Store(tmp_path), processes=0)
    (aside,) = prepared.quarantined
    assert (aside.id, aside.response) == ("r0", "unreadable") and "r0.landmarks" in aside.reason
    assert [r.id for r in prepared.records] == ["r1"]


def test_what_one_process_could_not_read_no_other_tries_again(tmp_path, monkeypatch):
    graph, store = plan(GRAPH, ["face"]), Store(tmp_path)
    records = [record(0), record(1, crashes=True), record(2, faces=False)]
    first = prepare(graph, records, store, processes=0)
    monkeypatch.setattr(Extraction, "_extract_one", lambda *_: pytest.fail("extracted again"))
    told = json.loads(json.dumps(first.incomplete()))
    assert set(told) == {"r1", "r2"}
    assert prepare(graph, records, store, processes=0, known=told) == first


def test_quarantine_is_written_as_json_lines_and_strict_makes_it_an_error(tmp_path):
    graph, store = plan(GRAPH, ["face"]), Store(tmp_path)
    prepared = prepare(graph, [record(0), record(2, faces=False)], store, processes=0)
    prepared.write_quarantine(tmp_path / "quarantine.jsonl")
    (line,) = (tmp_path / "quarantine.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "id": "r2",
        "response": "no_face",
        "reason": "no face in any of 15 frames",
        "modality": "faces",
    }
    with pytest.raises(
        FascoreError, match=r"1 of 2 records lack a required modality; the first is 'r2' \(faces: no face in any"
    ):
        prepare(graph, [record(0), record(2, faces=False)], store, processes=0, strict=True)


def test_ids_that_occur_twice_are_an_error(tmp_path):
    with pytest.raises(FascoreError, match="1 record ids occur twice, such as 'r1'"):
        prepare(plan(GRAPH, ["face"]), [record(1), record(2), record(1)], Store(tmp_path), processes=0)


def test_a_key_is_a_function_of_bytes_config_code_and_inputs_and_of_no_name_or_place(tmp_path):
    store = Store(tmp_path / "store")
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.png").write_bytes(b"one" if name != "c" else b"other")
    a, b, c = (Record(f"id{n}", 1, {"rgb": open_source(tmp_path / n / f"{n}.png")}) for n in "abc")
    frames = FaceFrames(inputs=(Ref("faces"),), size=32)
    key = store.key(a, frames, ["k"])
    assert key == store.key(b, FaceFrames(inputs=(Ref("found"),), size=32, optional=True), ["k"])

    class Newer(FaceFrames):
        version = 2

    others = [
        store.key(c, frames, ["k"]),
        store.key(a, frames, ["l"]),
        store.key(a, FaceFrames(inputs=(Ref("faces"),), size=33), ["k"]),
        store.key(a, Newer(inputs=(Ref("faces"),), size=32), ["k"]),
        store.key(Record("x", 1, {}), frames, ["k"]),
    ]
    assert len({key, *others}) == 6
    target = PseudoDepth(inputs=(Ref("face.points"),))
    assert store.key(Record("x", 1, {}), target, ["k"]) != store.key(Record("x", 0, {}), target, ["k"])


def test_a_detector_with_another_model_file_makes_other_keys(tmp_path):
    store, model = Store(tmp_path / "store"), tmp_path / "model.onnx"
    config = Faces.model_validate({"type": "faces", "detector": {"type": "yunet", "model": str(model)}})
    model.write_bytes(b"one")
    key = store.key(record(0), config, [])
    model.write_bytes(b"two")
    assert store.key(record(0), config, []) != key


def test_media_are_hashed_once_and_again_when_they_change(tmp_path, monkeypatch):
    store, path = Store(tmp_path / "store"), tmp_path / "a.png"
    path.write_bytes(b"one")
    first = store.digest(open_source(path))
    with monkeypatch.context() as patched:
        patched.setattr("fascore.data.store.file_digest", lambda path: pytest.fail("hashed again"))
        assert Store(tmp_path / "store").digest(open_source(path)) == first
    path.write_bytes(b"other")
    assert store.digest(open_source(path)) != first


def test_a_missing_file_is_unreadable_and_nothing_is_remembered_of_it(tmp_path):
    gone = Record("gone", 1, {"rgb": open_source(tmp_path / "gone.mp4")}, annotation=record(0).annotation)
    store = Store(tmp_path / "store")
    (aside,) = prepare(plan(GRAPH, ["face"]), [gone], store, processes=0).quarantined
    assert aside.response == "unreadable" and "gone.mp4 cannot be read: No such file or directory" in aside.reason
    assert not list(store.root.rglob("*.none.json"))


def test_arrays_keep_their_types_and_one_view_reads_as_that_slice(tmp_path):
    store = Store(tmp_path)
    strided = np.arange(6, dtype=np.uint8).reshape(2, 3).T[:2]
    arrays = {"a": np.arange(24, dtype=np.uint16).reshape(2, 3, 4), "b": np.array([1.5, np.nan]), "c": strided}
    store.write("k" * 64, arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(store.read("k" * 64)[name], array)
        assert store.read("k" * 64)[name].dtype == array.dtype
        np.testing.assert_array_equal(store.read("k" * 64, 1)[name], array[1])
    store.write_missing("m" * 64, NoResponse("no_face", "none"))
    missing = store.missing("m" * 64)
    assert (
        missing is not None
        and (missing.response, missing.reason) == ("no_face", "none")
        and store.missing("k" * 64) is None
    )


def test_a_damaged_file_of_the_store_is_named(tmp_path):
    store = Store(tmp_path)
    store.write("k" * 64, {"a": np.zeros(9)})
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(FascoreError, match="is missing or damaged"):
        store.read("k" * 64)


ENDLESS = """
import sys
sys.path[:0] = {path!r}
from data_scenes import *
from fascore.data.prepare import prepare
from fascore.data.store import Store
if __name__ == "__main__":
    graph = plan({graph!r}, ["face"])
    prepare(graph, [record(seed) for seed in range(200)], Store({root!r}), processes=2)
"""


def test_a_killed_prepare_leaves_no_half_file_and_no_process_and_continues(tmp_path):
    script, root = tmp_path / "fill.py", tmp_path / "store"
    script.write_text(ENDLESS.format(path=[str(Path(__file__).parent)], graph=GRAPH, root=str(root)))
    running = subprocess.Popen([sys.executable, str(script)], start_new_session=True)
    deadline = time.monotonic() + 60
    while len(list(root.rglob("*.safetensors"))) < 12 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    while _alive(running.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(running.pid), "workers outlive their parent"
    there = {p: p.stat().st_mtime_ns for p in root.rglob("*.safetensors")}
    assert 12 <= len(there) < 400
    store, graph = Store(root), plan(GRAPH, ["face"])
    for path in there:
        assert store.read(path.stem)
    prepared = prepare(graph, [record(seed) for seed in range(20)], store, processes=0)
    assert len(prepared.records) == 20
    clean = Store(tmp_path / "clean")
    fresh = prepare(graph, [record(seed) for seed in range(20)], clean, processes=0)
    assert fresh.entries == prepared.entries and {p: p.stat().st_mtime_ns for p in there} == there
    for id, arrays in arrays_of(clean, fresh).items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, arrays_of(store, prepared)[id][name])


def _alive(session: int) -> list[int]:
    """Processes of a session, zombies aside."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def test_a_worker_that_dies_is_an_error_that_says_what_to_do(tmp_path):
    graph = plan(GRAPH, ["face"])
    with pytest.raises(FascoreError, match=r"a worker process died while it prepared one of r\d.*fewer processes"):
        prepare(graph, [record(0), record(1, frames=DYING)], Store(tmp_path), processes=1)


class _Dying(int):
    """A number of frames that kills the process which counts with it; it stands in for the kernel's out-of-memory killer."""

    def __reduce__(self):
        return _dying, (os.getpid(),)


def _dying(parent: int):
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return _Dying(15)


DYING = _Dying(15)


WITHOUT_TORCH = """
import sys
sys.path[:0] = {path!r}
from data_scenes import *
from fascore.data.prepare import prepare
from fascore.data.store import Store
modalities = {graph!r} | {{"depth": {{"type": "depth_map", "inputs": ["face"]}}, "ir": {{"type": "infrared", "inputs": ["face"]}}}}
assert len(prepare(plan(modalities, ["face", "depth", "ir"]), [record(0)], Store({root!r}), processes=0).records) == 1
assert "torch" not in sys.modules, "torch"
"""


def test_preparing_imports_no_torch(tmp_path):
    code = WITHOUT_TORCH.format(path=[str(Path(__file__).parent)], graph=GRAPH, root=str(tmp_path))
    subprocess.run([sys.executable, "-c", code], check=True)


def test_half_written_files_of_yesterday_are_swept_away(tmp_path):
    store = Store(tmp_path)
    (tmp_path / "ab").mkdir()
    old, new = tmp_path / "ab" / ".x.1.part", tmp_path / "ab" / ".y.1.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert store.sweep() == 1 and new.exists() and not old.exists()
