"""How heads' scores become one."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fascore.contract.component import validate
from fascore.contract.errors import SpecError, SpecErrors
from fascore.evaluation.score_rules import GRID, combine, fit_weights
from fascore.spec.documents import Model

HEADS = {"s": np.array([0.2, 0.8, np.nan, 0.5]), "f": np.array([0.6, 0.4, 0.3, np.nan])}
TASKS = np.array(["spoof", "forgery", "", ""])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("s", [0.2, 0.8, np.nan, 0.5]),
        ({"sum": ["s", "f"]}, [0.8, 1.2, np.nan, np.nan]),
        ({"mean": ["s", "f"]}, [0.4, 0.6, 0.3, 0.5]),
        ({"min": ["s", "f"]}, [0.2, 0.4, 0.3, 0.5]),
        ({"by_task": {"spoof": "s", "forgery": "f"}}, [0.2, 0.4, np.nan, np.nan]),
        ({"weighted": {"s": 1, "f": 0.5}}, [0.5, 1.0, np.nan, np.nan]),
    ],
)
def test_each_rule_and_what_it_does_with_a_missing_head(rule: object, expected: list[float]) -> None:
    np.testing.assert_allclose(combine(rule, HEADS, TASKS), expected)


def test_a_record_of_unknown_task_takes_the_lower_score() -> None:
    heads = {"s": np.array([0.9, 0.1]), "f": np.array([0.2, 0.7])}
    assert combine({"by_task": {"spoof": "s", "forgery": "f"}}, heads, np.array(["", "unknown"])).tolist() == [0.2, 0.1]


def test_no_head_at_all_is_a_non_response() -> None:
    nothing = {"s": np.array([np.nan]), "f": np.array([np.nan])}
    for rule in ({"mean": ["s", "f"]}, {"min": ["s", "f"]}):
        assert np.isnan(combine(rule, nothing, TASKS[:1])).all()


def dev() -> tuple[dict[str, np.ndarray], np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.r_[np.ones(60, int), np.zeros(80, int)]
    return {
        "depth": labels + random.normal(0, 1, 140),
        "trace": 3 * labels + random.normal(0, 3, 140),
        "noise": random.normal(0, 1, 140),
    }, labels


def test_the_fitted_weight_is_the_best_of_the_stated_grid_by_scikit_learn() -> None:
    heads, labels = dev()
    fitted = fit_weights({"weighted": {"depth": 1, "trace": "dev"}}, heads, labels, np.full(140, "spoof"))
    quality = [roc_auc_score(labels, heads["depth"] + weight * heads["trace"]) for weight in GRID]
    assert roc_auc_score(labels, heads["depth"] + fitted["trace"] * heads["trace"]) == max(quality)
    assert (
        combine({"weighted": {"depth": 1, "trace": "dev"}}, heads, TASKS, fitted)[0]
        == heads["depth"][0] + fitted["trace"] * heads["trace"][0]
    )


def test_a_head_that_adds_nothing_gets_the_least_weight_of_equal_ones() -> None:
    heads, labels = dev()
    rule = {"weighted": {"depth": 1, "flat": "dev"}}
    assert fit_weights(rule, {**heads, "flat": np.zeros(140)}, labels, np.full(140, "spoof")) == {"flat": 0.0}


def test_several_weights_are_fitted_and_are_at_least_as_good_as_none() -> None:
    heads, labels = dev()
    rule = {"weighted": {"depth": 1, "trace": "dev", "noise": "dev"}}
    fitted = fit_weights(rule, heads, labels, np.full(140, "spoof"))
    assert set(fitted) == {"trace", "noise"}
    assert roc_auc_score(labels, combine(rule, heads, TASKS, fitted)) > roc_auc_score(labels, heads["depth"])


def test_dev_chooses_from_the_numbers_that_a_rule_lists() -> None:
    heads, labels = dev()
    grid = [0, 3, 0.4, 50]
    fitted = fit_weights({"weighted": {"depth": 1, "trace": grid}}, heads, labels, np.full(140, "spoof"))
    quality = {weight: roc_auc_score(labels, heads["depth"] + weight * heads["trace"]) for weight in grid}
    assert fitted == {"trace": max(quality, key=quality.__getitem__)}
    with pytest.raises(SpecError, match="fitted on dev"):
        combine({"weighted": {"depth": 1, "trace": grid}}, heads, TASKS)


@pytest.mark.parametrize("weight", [[], ["dev"], "test", True, [0, None]])
def test_a_weight_is_a_number_a_list_of_numbers_or_dev(weight: object) -> None:
    with pytest.raises(SpecErrors, match="a list of numbers that dev chooses from"):
        validate(
            Model, {"encoders": {}, "heads": {"h": "binary"}, "score": {"weighted": {"depth": 1, "trace": weight}}}
        )


def test_a_weight_that_was_never_fitted_is_an_error_and_other_rules_need_none() -> None:
    with pytest.raises(SpecError, match="weight of head 'f' is fitted on dev"):
        combine({"weighted": {"s": 1, "f": "dev"}}, HEADS, TASKS)
    assert fit_weights({"sum": ["s", "f"]}, HEADS, np.array([1, 0, 1, 0]), TASKS) == {}
