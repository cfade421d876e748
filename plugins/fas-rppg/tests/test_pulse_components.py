"""Mean skin colour as a modality, the pulse as a head, and metrics of heart rate, against loops and closed forms."""

import csv
import json

import numpy as np
import pytest
import torch
from fas_rppg.pulse import EXTRACTORS, measured
from fas_rppg.pulse_components import HrMae, HrRmse, PulseHead, PulseSnr, SkinColour
from fas_rppg.regions import labeled, landmarks, polygons
from hypothesis import given, settings, strategies as st

from fascore import (
    ATTACK,
    Annotation,
    AnnotationSource,
    Frame,
    Labels,
    NoResponse,
    Plane,
    Record,
    Series,
    Source,
    SpecError,
    load,
    validate,
)
from fascore.evaluation.bootstrap import Resampling
from fascore.evaluation.evaluate import Depth, evaluate
from fascore.evaluation.table import ScoreTable
from fascore.running.run import execute_document

FIVE = np.array([[38, 52], [74, 52], [56, 72], [42, 92], [71, 92]], dtype=np.float32)


def table(rates, true, label=None, subject=None, **columns):
    count = len(rates)
    label = np.ones(count, int) if label is None else label
    return ScoreTable.from_columns(
        {
            "label": label,
            "score": np.linspace(0, 1, count),
            "pulse.heart_rate": rates,
            "heart_rate": true,
            "subject": subject or ["a"] * count,
            "species": ["" if one else "print.flat" for one in label],
            **columns,
        }
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(40, 180), st.floats(40, 180)), min_size=1, max_size=30))
def test_errors_are_those_of_a_loop_and_of_the_definition(pairs):
    found, true = zip(*pairs)
    errors = [a - b for a, b in pairs]
    mae, rmse = (metric.build().compute(table(found, true), None) for metric in (HrMae(), HrRmse()))
    assert mae["value"] == pytest.approx(sum(map(abs, errors)) / len(pairs))
    assert mae["bias"] == pytest.approx(sum(errors) / len(pairs), abs=1e-9)
    assert mae["within_5"] == pytest.approx(sum(abs(error) <= 5 for error in errors) / len(pairs))
    assert rmse["value"] == pytest.approx((sum(error**2 for error in errors) / len(pairs)) ** 0.5)


def test_only_bona_fide_presentations_with_both_numbers_count_and_the_others_are_reported():
    rows = table([70, np.nan, 90, 60], [72, 80, "", 100], label=[1, 1, 1, 0])
    assert HrMae().build().compute(rows, None) == {
        "value": 2.0,
        "bias": -2.0,
        "within_5": 1.0,
        "n": 1,
        "n_unmeasured": 1,
    }
    assert HrMae(rows="all").build().compute(rows, None)["value"] == 21.0
    assert HrRmse(rows="all").build().compute(rows, None) == {
        "value": pytest.approx(((4 + 1600) / 2) ** 0.5),
        "n": 2,
        "n_unmeasured": 1,
    }


@pytest.mark.parametrize(
    ("metric", "rows", "words"),
    [
        (HrMae(reference="rate"), table([70], [72]), "no column 'rate'.*'reference' names the metadata"),
        (
            HrMae(column="pulse.rate"),
            table([70], [72]),
            "no column of numbers 'pulse.rate'.*a head such as rppg.pulse writes",
        ),
        (HrRmse(), table([70], ["fast"]), "column 'heart_rate' contains a value that is not a heart rate"),
        (HrRmse(), table([70], [""]), "no bona fide presentation has numbers in both"),
        (PulseSnr(column="pulse.heart_rate"), table([70], [72], label=[0]), "no bona fide presentation has a number"),
    ],
)
def test_what_cannot_be_measured_is_a_note_and_no_number(metric, rows, words):
    with pytest.raises(SpecError, match=words):
        metric.build().compute(rows, None)
    (task,) = evaluate({"one": rows}, None, [metric])["tests"]["one"]["tasks"].values()
    (found,) = task["metrics"].values()
    assert found["value"] is None
    assert found["note"]


def test_the_snr_is_that_of_bona_fide_and_of_each_species_beside_it():
    rows = table([70] * 4, [70] * 4, label=[1, 1, 0, 0], **{"pulse.snr": [3.0, 5.0, -4.0, np.nan]})
    assert PulseSnr().build().compute(rows, None) == {
        "value": 4.0,
        "n": 2,
        "n_unmeasured": 0,
        "attack": {"print.flat": -4.0},
    }


def test_the_bootstrap_draws_subjects_with_all_their_rows():
    drawn = np.random.default_rng(0)
    subject = [f"s{row % 7}" for row in range(60)]
    rows = table(
        70 + drawn.standard_normal(60) * 5, [70.0] * 60, subject=subject, **{"pulse.snr": drawn.standard_normal(60)}
    )
    draws = Resampling.of(rows, 200, 0)
    errors, names = rows.heads["pulse.heart_rate"] - 70, sorted(set(subject))
    values = {"mae": [], "rmse": [], "snr": []}
    for weights in draws.weights:
        picked = [row for row in range(60) for _ in range(weights[draws.clusters.codes[row]])]
        values["mae"].append(np.abs(errors[picked]).mean())
        values["rmse"].append(np.sqrt((errors[picked] ** 2).mean()))
        values["snr"].append(rows.heads["pulse.snr"][picked].mean())
    assert draws.clusters.count == len(names)
    for metric, key in ((HrMae(), "mae"), (HrRmse(), "rmse"), (PulseSnr(), "snr")):
        found = metric.build().resample(rows, None, draws)["bootstrap"]
        assert (found["low"], found["high"]) == pytest.approx(tuple(np.percentile(values[key], [2.5, 97.5])))
    whole = evaluate({"one": rows}, None, [HrMae()], depth=Depth(100))["tests"]["one"]["tasks"]["spoof"]["metrics"][
        "rppg.hr_mae"
    ]
    assert whole["bootstrap"]["low"] < whole["value"] < whole["bootstrap"]["high"]


def test_the_head_gives_what_each_trace_gives_alone_and_nothing_for_one_that_is_still(skin):
    traces = torch.from_numpy(np.stack([skin(70, 20, 8), np.ones((160, 3)), skin(110, 20, 8, seed=1)])).float()
    head = PulseHead(method="chrom", band=(50, 150), surrogates=19, seed=3)
    module = head.build([Series(160, 3, 20.0)], Labels("label"))
    found = module.numbers(module(traces))
    assert not hasattr(module, "loss")
    for row in (0, 2):
        alone = measured(traces[row], 20, EXTRACTORS["chrom"], band=(50, 150), count=19, seed=3)
        assert [float(found[name][row]) for name in PulseHead.numbers] == pytest.approx(
            [alone.heart_rate, alone.snr, alone.confidence], rel=1e-5
        )
    assert all(bool(values[1].isnan()) for values in found.values())
    assert [float(found["heart_rate"][row]) for row in (0, 2)] == pytest.approx([70, 110], abs=1.5)


@pytest.mark.parametrize(
    ("head", "signal", "words"),
    [
        (PulseHead(), Plane(3, 63, 300), "reads one Series of three colors"),
        (PulseHead(), Series(300, 1, 30.0), "three colors"),
        (PulseHead(), Series(149, 3, 30.0), "lasts 5.0 s, but a heart rate needs 5 s"),
        (PulseHead(band=(180, 40)), Series(300, 3, 30.0), "the lower first"),
        (PulseHead(), Series(60, 3, 5.0), "150 beats per minute at most"),
    ],
)
def test_the_head_refuses_a_trace_from_which_no_heart_rate_can_come(head, signal, words):
    with pytest.raises(SpecError, match=words):
        head.check([signal], Labels("label"))


class Pictures(Source):
    def __init__(self, times, images):
        self.stamps, self.images = times, images

    def digest(self):
        return "pictures"

    def times(self):
        return self.stamps

    def read(self, indices=None):
        for index in range(len(self.stamps)) if indices is None else indices:
            yield Frame(float(self.stamps[index]), self.images[index])


class Known(AnnotationSource):
    def __init__(self, seen):
        self.seen = seen

    def digest(self):
        return "known"

    def load(self):
        there = np.asarray(self.seen)[:, None]
        boxes = np.where(there, np.array([[20, 20, 95, 110]], dtype=np.float32), np.nan).astype(np.float32)
        return Annotation(boxes, np.where(there[..., None], FIVE, np.nan).astype(np.float32), "five")


def extracted(times, images, seen=None, **fields):
    known = Known(np.ones(len(times), bool) if seen is None else seen)
    record = Record("one", ATTACK, {"rgb": Pictures(times, images)}, annotation=known, species="x")
    faces = validate(load("modality", "faces"), {"type": "faces", "detector": "boxes"}).build([]).extract(record, [])
    return SkinColour(inputs=("faces",), **fields).build([None]).extract(record, [faces])["value"]


def test_skin_color_is_the_mean_of_all_pixels_of_the_regions():
    images = np.random.default_rng(0).integers(0, 256, (30, 120, 112, 3), dtype=np.uint8)
    found = extracted(np.arange(30) / 10, images, frames=30, fps=10)
    mask = labeled(polygons(landmarks(FIVE[None])[0]), 120, 112) > 0
    assert found.shape == (1, 30, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], [image[mask].mean(0) / 255 for image in images], rtol=1e-6)


def test_skin_color_is_on_its_own_clock_whatever_that_of_the_video():
    times = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.06, 120))
    levels = np.clip(100 + 20 * times, 0, 255)
    images = np.repeat(levels[:, None], 3, 1)[:, None, None, :].round().astype(np.uint8) * np.ones(
        (1, 120, 112, 1), np.uint8
    )
    found = extracted(times, images, frames=60, fps=20)[0]
    np.testing.assert_allclose(found[:, 0] * 255, 100 + 20 * (times[0] + np.arange(60) / 20), atol=1.1)


def test_short_clips_slow_ones_and_long_absences_are_named_non_responses():
    images = np.full((60, 120, 112, 3), 99, np.uint8)
    seen = np.arange(60) % 60 // 10 != 2
    for times, there, words in (
        (np.arange(60) / 10, None, "insufficient signal: it lasts 5.90 s, but 70 samples at 10 Hz are 6.90 s"),
        (np.arange(60) / 4, None, "frame rate of 4 Hz is outside 5 to 240 Hz"),
        (np.arange(60) / 8, seen, "10 successive frames"),
    ):
        with pytest.raises(NoResponse, match=words):
            extracted(times, images, there, frames=70, fps=10)


@pytest.mark.parametrize(
    ("times", "shape", "words"),
    [
        (np.full(60, np.nan), (120, 112, 3), "timestamps are missing or do not rise; encode the clip again"),
        (np.arange(60)[::-1] / 10, (120, 112, 3), "timestamps are missing or do not rise"),
        (np.arange(60) / 300, (120, 112, 3), "frame rate of 300 Hz is outside 5 to 240 Hz"),
        (np.arange(60) / 10, (120, 112, 1), "its pictures are 120 x 112 x 1 of uint8; a pulse needs three colors"),
        (np.arange(60) / 10, (120, 112, 4), "its pictures are 120 x 112 x 4 of uint8; a pulse needs three colors"),
    ],
)
def test_clips_without_a_clock_of_strange_rates_or_without_three_colors_are_refused_with_the_reason(
    times, shape, words
):
    with pytest.raises(NoResponse, match=words) as caught:
        extracted(times, np.full((60, *shape), 99, np.uint8), frames=50, fps=10)
    assert caught.value.response == "refused"


@pytest.mark.slow
def test_a_run_writes_the_columns_and_measures_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clips = {"type": "phantom", "subjects": 4, "frames": 66, "fps": 10, "size": 48, "species": ["print.flat"]}
    document = {
        "name": "pulse",
        "seed": 1,
        "data": {
            "train": [{"dataset": clips, "split": "train"}],
            "dev": [{"dataset": clips, "split": "dev"}],
            "test": {"intra": [{"dataset": clips, "split": "test"}]},
        },
        "modalities": {
            "faces": {"type": "faces", "detector": "boxes"},
            "skin": {"type": "rppg.skin_colour", "inputs": ["faces"], "frames": 50, "fps": 10},
            "face": {"type": "face_frames", "inputs": ["faces"], "size": 32},
        },
        "model": {
            "encoders": {"look": {"type": "timm", "name": "test_resnet", "inputs": ["face"]}},
            "heads": {
                "main": {"type": "binary", "inputs": ["look"]},
                "pulse": {"type": "rppg.pulse", "inputs": ["skin"], "surrogates": 9},
            },
            "score": "main",
        },
        "recipe": {"type": "supervised", "epochs": 1},
        "metrics": ["auc", "rppg.hr_mae", "rppg.hr_rmse", "rppg.snr"],
    }
    execute_document(document)
    with (tmp_path / "runs/pulse/scores/intra.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert {"pulse.heart_rate", "pulse.snr", "pulse.confidence", "heart_rate"} <= set(rows[0])
    pairs = [
        (float(row["pulse.heart_rate"]), float(row["heart_rate"]))
        for row in rows
        if row["label"] == "1" and row["pulse.heart_rate"]
    ]
    assert pairs
    (task,) = json.loads((tmp_path / "runs/pulse/metrics.json").read_text())["tests"]["intra"]["tasks"].values()
    assert task["metrics"]["rppg.hr_mae"]["value"] == pytest.approx(
        np.mean([abs(found - true) for found, true in pairs])
    )
