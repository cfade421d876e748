"""Trends of papers: the statistics against brute force and simulation, the page, and one study from end to end."""

import json

import numpy as np
import pytest
import trends
from scipy.stats import binom, t as student
from sklearn.metrics import roc_auc_score
from trend_statistics import Trend, trend
from trends_page import Claim, verdict, write_section

from fascore import FascoreError, RunSpec, validate
from fascore.evaluation.bootstrap import Resampling
from fascore.evaluation.table import ScoreTable
from fascore.running.splits import list_records


def table(scores, subjects=20, each=4, task="spoof"):
    rows = subjects * each
    label = np.arange(rows) % 2
    return ScoreTable.from_columns(
        {
            "id": [f"r{row}" for row in range(rows)],
            "label": label,
            "score": scores,
            "subject": [f"p{row // each}" for row in range(rows)],
            "task": [task] * rows,
            "species": ["" if one else "print.flat" for one in label],
        }
    )


def drawn(random, gain=1.0, people=0.5, seeds=3, subjects=20, each=4):
    """Scores of some seeds of one row: a gain for bona fide, an effect of each person, noise of each seed."""
    label, effect = np.arange(subjects * each) % 2, np.repeat(random.standard_normal(subjects), each)
    return [
        table(gain * label + people * effect + random.standard_normal(len(label)), subjects, each) for _ in range(seeds)
    ]


def test_a_difference_its_interval_and_p_are_those_of_a_loop_over_resamples_and_of_students_t():
    random = np.random.default_rng(0)
    rows, against = drawn(random, 1.5), drawn(random, 0.8)
    found = trend(rows, against, "spoof", "auc", resamples=100, seed=4)
    values = np.array([[roc_auc_score(one.label, one.score) for one in some] for some in (rows, against)])
    draws, differences = Resampling.of(rows[0], 100, 4), []
    for weights in draws.weights:
        weight = weights[draws.clusters.codes].astype(float)
        differences.append(
            np.mean(
                [
                    roc_auc_score(a.label, a.score, sample_weight=weight)
                    - roc_auc_score(b.label, b.score, sample_weight=weight)
                    for a, b in zip(rows, against)
                ]
            )
        )
    people, seeds = np.var(differences, ddof=1), np.var(values[0] - values[1], ddof=1) / 3
    freedom = (people + seeds) ** 2 / (people**2 / 19 + seeds**2 / 2)
    mean, error = np.mean(values[0] - values[1]), np.sqrt(people + seeds)
    assert found.means == pytest.approx(values.mean(1))
    assert (found.low, found.high) == pytest.approx(student.interval(0.95, freedom, mean, error))
    assert found.p == pytest.approx(2 * student.sf(abs(mean) / error, freedom))
    assert found.detectable == pytest.approx((student.ppf(0.975, freedom) + student.ppf(0.8, freedom)) * error)
    assert (found.subjects, found.presentations) == (20, 80)


@pytest.mark.parametrize("figure", ["auc", "eer"])
def test_rows_that_do_not_differ_are_decided_no_more_often_than_in_one_of_twenty(figure):
    random, count = np.random.default_rng(3), 80
    decided = sum(trend(drawn(random), drawn(random), "spoof", figure, resamples=60).p < 0.05 for _ in range(count))
    assert decided <= binom.ppf(0.999, count, 0.05)


def test_a_difference_as_large_as_the_detectable_one_is_decided_in_most_repetitions():
    random = np.random.default_rng(7)
    found = [trend(drawn(random, 1.6), drawn(random, 0.2), "spoof", "auc", resamples=60) for _ in range(30)]
    strong = [one for one in found if one.difference >= one.detectable]
    assert len(strong) > 10
    assert all(one.p < 0.05 for one in strong)


def test_a_row_against_itself_is_undecided_and_one_seed_is_refused():
    rows = drawn(np.random.default_rng(1))
    assert (same := trend(rows, rows, "spoof", "auc", resamples=30)).p == 1
    assert (same.difference, same.low, same.high) == (0, 0, 0)
    with pytest.raises(FascoreError, match="two or more"):
        trend(rows[:1], rows[:1], "spoof", "auc")
    with pytest.raises(FascoreError, match="two or more named subjects"):
        trend(*[[table(one.score, 1, 80) for one in rows]] * 2, "spoof", "auc")


def test_presentations_that_one_run_did_not_answer_count_for_none():
    rows, against = drawn(np.random.default_rng(1)), drawn(np.random.default_rng(2))
    scores = rows[1].score.copy()
    scores[:8] = np.nan
    rows[1] = ScoreTable.from_columns(
        {
            **{name: rows[1].column(name) for name in ("id", "label", "subject", "task", "species")},
            "score": scores,
            "response": ["refused"] * 8 + ["ok"] * 72,
        }
    )
    found = trend(rows, against, "spoof", "auc", resamples=30)
    assert (found.presentations, found.subjects) == (72, 18)


def test_a_verdict_says_whether_the_paper_is_right_and_nothing_where_p_is_large():
    better = Trend((0.9, 0.8), 0.1, 0.05, 0.15, 0.001, 0.07, (0.1, 0.1), 60, 500)
    claim = Claim("a against b", "a", "b", "spoof", "higher", better)
    assert verdict(claim, 0.01) == "decided: as in the paper"
    assert verdict(claim._replace(expected="lower"), 0.01) == "decided: against the paper"
    assert verdict(claim, 0.05) == "undecided"


def test_a_section_is_written_in_its_place_and_the_rest_of_the_page_stays(tmp_path):
    page = tmp_path / "trends.md"
    page.write_text("# Trends\n\nwords\n")
    write_section(page, "fas-a", "first")
    write_section(page, "fas-b", "other")
    write_section(page, "fas-a", r"second \1")
    assert page.read_text().startswith("# Trends\n\nwords\n")
    assert r"second \1" in page.read_text()
    assert "first" not in page.read_text()
    assert page.read_text().index("second") < page.read_text().index("other")


@pytest.mark.parametrize(
    "path", sorted(trends.ROOT.glob("plugins/*/specs/trends.json")), ids=lambda path: path.parents[1].name
)
def test_the_set_up_of_a_plugin_has_valid_rows_five_seeds_and_a_test_set_that_is_large_enough(path):
    setup, study = trends.read_trends(path)
    tests, trained = {}, {}
    for row, document in {row: document for row, _, _, document in study.runs()}.items():
        splits = list_records(validate(RunSpec, document))
        tests[row] = {record.id for record in splits.tests[setup.test]}
        trained[row] = {record.subject for record in (*splits.train, *splits.dev)}
        people = {record.subject for record in splits.tests[setup.test]}
        assert len(tests[row]) >= setup.least_presentations >= 500
        assert len(people) >= setup.least_subjects >= 60
        assert not people & trained[row]
    assert len(study.spec.seeds) == 5
    assert all(tests[one.row] == tests[one.against] for one in setup.comparisons)
    assert {row for one in setup.comparisons for row in (one.row, one.against)} == set(study.spec.rows)


@pytest.mark.slow
def test_a_plugins_study_is_run_once_and_ends_in_its_section(tmp_path, monkeypatch, capsys):
    clips = {"type": "phantom", "subjects": 8, "frames": 2, "size": 32, "species": ["print.flat"]}
    base = {
        "name": "small",
        "data": {
            **{part: [{"dataset": clips, "split": part}] for part in ("train", "dev")},
            "test": {"one": [{"dataset": clips, "split": "test"}]},
        },
        "modalities": {"faces": {"type": "faces"}, "face": {"type": "face_frames", "inputs": ["faces"], "size": 32}},
        "model": {
            "encoders": {"app": {"type": "timm", "name": "test_resnet", "inputs": ["face"]}},
            "heads": {"main": {"type": "binary", "inputs": ["app"]}},
            "score": "main",
        },
        "recipe": {"type": "supervised", "epochs": 1},
        "metrics": ["auc"],
    }
    study = {"name": "tiny", "base": "base.json", "rows": {"a": {}, "b": {"augment.flip": 0.5}}, "seeds": [0, 1]}
    whole = {
        "study": "study.json",
        "test": "one",
        "comparisons": [{"claim": "A against b", "row": "a", "against": "b", "tasks": ["spoof"]}],
    }
    specs = tmp_path / "plugins" / "fas-toy" / "specs"
    specs.mkdir(parents=True)
    (tmp_path / "page.md").write_text("# Trends\n")
    for name, document in (
        ("base", base),
        ("study", study),
        ("trends", {**whole, "least_presentations": 2, "least_subjects": 2}),
    ):
        (specs / f"{name}.json").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trends, "ROOT", tmp_path)
    monkeypatch.setattr(trends, "PAGE", tmp_path / "page.md")
    assert trends.main(["--jobs", "1"]) == 0
    assert "4/4 " in capsys.readouterr().out
    assert "| A against b | spoof |" in (tmp_path / "page.md").read_text()
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("metrics.json")}
    assert len(written) == 4
    assert trends.main(["fas-toy"]) == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written
    (specs / "trends.json").write_text(json.dumps(whole))
    assert trends.main(["--report"]) == 1
    assert "500 presentations of 60 people are required" in capsys.readouterr().err
    (specs / "study.json").write_text(json.dumps({**study, "rows": {"a": {"augment.flip": 0.1}, "b": {}}}))
    assert trends.main([]) == 1
    assert "already completed with a different spec" in capsys.readouterr().err
