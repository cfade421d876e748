import numpy as np
import pytest
from fas_audit.findings import Limits, at_most, near_half
from fas_audit.prediction import CROSSED, MODELS, Measured, folds, identity, measure, predicted, telling
from hypothesis import given, settings, strategies as st


def brute(score, label):
    """Share of pairs in the right order, ties half."""
    pairs = [(a, b) for a in score[label == 1] for b in score[label == 0]]
    return sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs)


def delong(score, label):
    """DeLong's standard error from all pairs."""
    up, down = score[label == 1], score[label == 0]
    kernel = (up[:, None] > down) + 0.5 * (up[:, None] == down)
    return np.sqrt(kernel.mean(1).var(ddof=1) / len(up) + kernel.mean(0).var(ddof=1) / len(down))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 30), st.integers(3, 30), st.integers(1, 8))
def test_auc_is_the_share_of_ordered_pairs(seed, positives, negatives, values):
    random = np.random.default_rng(seed)
    label = np.repeat([1, 0], [positives, negatives])
    score = random.integers(0, values, len(label)).astype(float)
    assert measure(score, label, np.arange(len(label))).auc == pytest.approx(brute(score, label), abs=1e-12)


def test_the_standard_error_of_ungrouped_records_is_delongs():
    random = np.random.default_rng(0)
    label = np.repeat([1, 0], [80, 120])
    score = random.normal(size=200) + 0.2 * label
    expected = max(delong(score, label), np.sqrt(201 / (12 * 80 * 120)))
    assert measure(score, label, np.arange(200)).error == pytest.approx(expected, rel=0.01)


def test_the_standard_error_of_two_thousand_records_is_near_thirteen_thousandths():
    random = np.random.default_rng(1)
    label = np.repeat([1, 0], 1000)
    assert measure(random.normal(size=2000), label, np.arange(2000)).error == pytest.approx(0.0129, abs=0.0005)


def test_the_standard_error_of_records_that_are_one_person_counts_people():
    """Each record four times: the error is that of the single records, not half of it."""
    random = np.random.default_rng(2)
    label = np.repeat([1, 0], 60)
    score = random.normal(size=120) + 0.3 * label
    once = measure(score, label, np.arange(120)).error
    assert measure(np.tile(score, 4), np.tile(label, 4), np.tile(np.arange(120), 4)).error == pytest.approx(
        once, rel=0.05
    )


def test_no_subject_is_in_training_and_in_test():
    random = np.random.default_rng(3)
    label, groups = random.integers(0, 2, 300), random.integers(0, 23, 300)
    made = folds(label, groups, 0)
    assert len(made) == 5
    assert all(not set(groups[train]) & set(groups[test]) for train, test in made)
    assert sorted(np.concatenate([test for _, test in made])) == list(range(300))


def test_one_subject_a_label_makes_no_folds():
    assert folds(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 0) == []


@pytest.mark.parametrize("model", MODELS)
def test_shuffled_labels_give_one_half_within_the_stated_error(model):
    random = np.random.default_rng(4)
    columns, groups = random.normal(size=(400, 10)), np.arange(400) % 40
    distances = []
    for _ in range(12):
        label = random.permutation(np.repeat([0, 1], 200))
        measured = measure(predicted(columns, label, folds(label, groups, 0), model, 0), label, groups)
        distances.append((measured.auc - 0.5) / (CROSSED * measured.error))
    assert np.abs(distances).max() < 3
    assert abs(np.mean(distances)) < 1


@pytest.mark.parametrize("model", MODELS)
def test_a_column_that_reveals_the_label_is_found_among_others_and_named(model):
    random = np.random.default_rng(5)
    label, groups = random.integers(0, 2, 400), np.arange(400) % 40
    columns = random.normal(size=(400, 60))
    columns[:, 41] += 1.5 * label
    made = folds(label, groups, 0)
    assert measure(predicted(columns, label, made, model, 0), label, groups).auc > 0.7
    assert next(telling([f"c{n}" for n in range(60)], columns, label, made, 0))[0] == "c41"


def test_only_the_tree_sees_what_lies_in_the_middle():
    random = np.random.default_rng(6)
    label, groups = random.integers(0, 2, 600), np.arange(600) % 40
    column = np.where(
        label == 1, random.uniform(-0.5, 0.5, 600), random.choice([-1, 1], 600) * random.uniform(0.4, 1, 600)
    )[:, None]
    made = folds(label, groups, 0)
    linear, tree = (measure(predicted(column, label, made, model, 0), label, groups).auc for model in MODELS)
    assert abs(linear - 0.5) < 0.1
    assert tree > 0.9


def test_identity_reveals_nothing_where_labels_are_drawn_or_balanced_and_all_where_each_subject_has_one():
    random = np.random.default_rng(7)
    groups = np.repeat(np.arange(50), 20)
    drawn = identity(random.integers(0, 2, 1000), groups, 0)
    balanced = identity(np.tile([0, 1], 500), groups, 0)
    one = identity(groups % 2, groups, 0)
    assert drawn and balanced and one
    assert abs(drawn.auc - 0.5) < 3 * drawn.error
    assert balanced.auc < 0.5
    assert one.auc > 0.85
    assert identity(np.tile([0, 1], 500), np.arange(1000), 0) is None


@pytest.mark.parametrize(
    ("auc", "error", "verdict"),
    [
        (0.51, 0.013, "passed"),
        (0.49, 0.013, "passed"),
        (0.56, 0.013, "failed"),
        (0.44, 0.013, "not measurable"),
        (0.56, 0.05, "not measurable"),
        (0.51, 0.05, "not measurable"),
        (0.7, 0.05, "failed"),
        (0.535, 0.013, "not measurable"),
    ],
)
def test_what_must_be_one_half_fails_beyond_limit_and_chance_and_passes_only_with_enough_records(auc, error, verdict):
    assert near_half(Measured(auc, error, 1, 1), Limits().distance) == verdict


@pytest.mark.parametrize(
    ("auc", "error", "verdict"),
    [(0.74, 0.01, "passed"), (0.76, 0.01, "failed"), (0.8, 0.1, "not measurable"), (0.6, 0.1, "not measurable")],
)
def test_a_statistic_may_be_at_most_its_limit(auc, error, verdict):
    assert at_most(Measured(auc, error, 1, 1), Limits().statistic) == verdict
