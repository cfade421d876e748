import csv
import json

import cv2
import numpy as np
import pytest


@pytest.fixture
def manifest(tmp_path):
    """Write pictures and their manifest: `quality` and `wall` are functions of (label, random)."""

    def write(quality=lambda label, random: 90, wall=lambda label, random: 0, count=240):
        random = np.random.default_rng(0)
        rows = []
        for number in range(count):
            label = int(random.integers(2))
            picture = (
                np.kron(random.normal(120, 20, (12, 12, 3)), np.ones((8, 8, 1)))
                + random.normal(0, 5, (96, 96, 3))
                + wall(label, random)
            )
            name = f"{number}.jpg"
            cv2.imwrite(
                str(tmp_path / name),
                np.clip(picture, 0, 255).astype(np.uint8),
                [cv2.IMWRITE_JPEG_QUALITY, quality(label, random)],
            )
            split = "train" if number % 40 < 30 else "test"
            rows.append(
                [
                    f"r{number}",
                    label,
                    "" if label else "print.flat",
                    f"p{number % 40}",
                    split,
                    name,
                    int(random.integers(18, 36)),
                ]
            )
        with (tmp_path / "videos.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["id", "label", "species", "subject", "split", "rgb", "crf"], *rows])
        return "videos.csv"

    return write


def test_a_clean_manifest_passes_and_the_report_has_every_figure(fascore, manifest, tmp_path):
    done = fascore("audit", manifest(), "--distance", "0.2", "--processes", "1", "--out", "audit.json")
    assert done.stdout.rstrip().endswith("\naudit of videos.csv: passed")
    report = json.loads((tmp_path / "audit.json").read_text())
    assert report["verdict"] == "passed"
    assert {finding["question"] for finding in report["tasks"][0]["findings"]} >= {
        "metadata",
        "surroundings",
        "identity",
        "statistics",
    }
    assert {"species", "instrument"} <= set(report["excluded"])
    assert report["duplicates"] == []


def test_another_jpeg_quality_of_attacks_fails_with_a_sentence_and_exit_code_one(in_process, manifest):
    done = in_process("audit", manifest(quality=lambda label, random: 95 if label else 60), "--processes", "1", code=1)
    assert "failed: videos, spoof, metadata" in done.stdout.replace("folder", "videos")
    assert "quantisation step" in done.stdout
    assert "audit of videos.csv: failed" in done.stdout


def test_strict_fails_if_a_question_is_not_measurable(in_process, manifest):
    name = manifest(count=40)
    in_process("audit", name, "--processes", "1")
    in_process("audit", name, "--processes", "1", "--strict", code=1)


def test_a_file_that_cannot_be_read_is_counted_and_named(in_process, manifest, tmp_path):
    name = manifest(count=40)
    (tmp_path / "7.jpg").write_bytes(b"no picture")
    done = in_process("audit", name, "--processes", "1")
    assert "1 of 40 records cannot be read and are excluded: r7: 7.jpg cannot be read" in done.stdout


def test_a_dataset_in_a_file_and_inline_are_the_same(in_process, manifest, tmp_path):
    document = json.dumps({"type": "folder", "manifest": manifest(count=40)})
    (tmp_path / "data.json").write_text(document)
    first, second = (
        in_process("audit", text, "--processes", "1", "--split", "train").stdout for text in (document, "data.json")
    )
    assert first.splitlines()[:-1] == second.splitlines()[:-1]


def test_a_spec_is_audited_by_dataset_with_the_splits_as_it_uses_them(in_process, manifest, tmp_path, demo):
    document = json.loads(demo.read_text())
    folder = {"type": "folder", "manifest": manifest(count=40)}
    phantom = {"type": "phantom", "subjects": 3, "size": 32, "frames": 2}
    document["data"] = {
        "train": [{"dataset": folder, "split": "train"}, {"dataset": phantom, "split": "train"}],
        "dev": [{"dataset": phantom, "split": "dev"}],
        "test": {"other": [{"dataset": folder, "split": "test"}]},
    }
    (tmp_path / "spec.json").write_text(json.dumps(document))
    done = in_process("audit", "spec.json", "--records", "20", "--processes", "1", "--out", "a.json", code=None)
    report = json.loads((tmp_path / "a.json").read_text())
    assert {task["part"] for task in report["tasks"]} == {"folder", "phantom", "train"}
    assert "across splits among" in done.stdout


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("fantom", "no dataset 'fantom'. Did you mean 'phantom'"),
        ("nowhere.csv", "nowhere.csv cannot be read: No such file or directory"),
        ("nowhere.json", "nowhere.json cannot be read: No such file or directory"),
        ('{"type": "phantom",,}', "the dataset is not JSON: line 1, column 20"),
        ('{"site": "A"}', 'a dataset as JSON needs a "type"'),
        ('{"type": "phantom", "sitte": "A"}', "Did you mean 'site'"),
        ('{"type": "folder", "manifest": "nowhere.csv"}', "nowhere.csv cannot be read"),
        (".", "is not a dataset"),
    ],
)
def test_bad_input_is_reported_in_a_sentence_with_exit_code_two(in_process, target, said):
    assert said in in_process("audit", target, code=2).stderr


def test_an_unknown_split_is_reported_with_the_known_ones(in_process, manifest):
    assert (
        "has no split 'tset'; it has train, all"
        in in_process("audit", manifest(count=10), "--split", "tset", code=2).stderr
    )


def test_a_manifest_with_one_label_reports_that_no_question_can_be_answered(in_process, manifest, tmp_path):
    text = (tmp_path / manifest(count=40)).read_text().replace(",0,print.flat,", ",1,,")
    (tmp_path / "live.csv").write_text(text)
    done = in_process("audit", "live.csv", "--processes", "1")
    assert "there are no attacks, so no question can be answered" in done.stdout
