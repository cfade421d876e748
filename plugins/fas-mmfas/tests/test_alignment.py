"""Alignment losses against sums by hand, and the pairs that mining takes against a search through all of them."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from fas_mmfas.objectives import ClassMatching, InstanceContrastive
from fas_mmfas.objectives.class_matching import hard_pairs
from fas_mmfas.objectives.instance_contrastive import contrast
from hypothesis import given, settings, strategies as st
from torch import Tensor, nn
from torch.nn.functional import normalize

from fascore import Dense, FascoreError, Image, Labels, Objective, Plane, SpecError, Tokens, Vector, validate

LABEL = Labels("label")


def built(objective: Objective, width: int, inputs: int, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return objective.build([Vector(width)] * inputs, LABEL)


def drawn(rows: int, width: int, inputs: int, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, width, generator=generator) for _ in range(inputs)]


def every(features: list[Tensor]) -> Tensor:
    return torch.ones(len(features[0]), len(features), dtype=torch.bool)


def test_icl_of_three_records_is_the_sum_by_hand() -> None:
    """Unit features whose similarities are chosen: s = [[1, 0, 0], [0, 0.6, 0.8], [0, 0, 1]], tau 0.5."""
    rgb = torch.eye(3)
    depth = torch.tensor([[1, 0, 0], [0, 0.6, 0], [0, 0.8, 1]])
    e = math.exp
    forth = [-math.log(e(2) / (e(2) + 2)), -math.log(e(1.2) / (1 + e(1.2) + e(1.6))), -math.log(e(2) / (2 + e(2)))]
    back = [-math.log(e(2) / (e(2) + 2)), -math.log(e(1.2) / (1 + e(1.2) + 1)), -math.log(e(2) / (1 + e(1.6) + e(2)))]
    module = built(InstanceContrastive(temperature=0.5, normalize=False), 3, 2)
    given = module(rgb, depth.T, target=torch.tensor([1, 0, 1]), mask=torch.ones(3, 2, dtype=torch.bool))
    torch.testing.assert_close(
        given, torch.tensor([(f + b) / 2 for f, b in zip(forth, back, strict=True)]), rtol=1e-5, atol=1e-6
    )


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 6))
def test_icl_is_equation_3_over_all_pairs_of_modalities(seed: int, rows: int) -> None:
    features = drawn(rows, 5, 3, seed)
    given = built(InstanceContrastive(), 5, 3)(
        *features, target=torch.zeros(rows, dtype=torch.long), mask=every(features)
    )
    rgb, *others = (np.asarray(normalize(f.double(), dim=1)) for f in features)
    wanted = np.zeros(rows)
    for other in others:
        for i in range(rows):
            for first, second in ((rgb, other), (other, rgb)):
                powers = [math.exp(sum(first[i] * second[k]) / 0.07) for k in range(rows)]
                wanted[i] -= math.log(powers[i] / sum(powers)) / 2
    np.testing.assert_allclose(given.detach().numpy(), wanted, rtol=1e-3, atol=1e-5)


def test_perfect_alignment_drives_icl_to_its_minimum() -> None:
    aligned = torch.eye(8)
    module = built(InstanceContrastive(), 8, 3)
    least = math.log(1 + 7 * math.exp(-1 / 0.07))
    loss = module(
        aligned, aligned, aligned, target=torch.zeros(8, dtype=torch.long), mask=torch.ones(8, 3, dtype=torch.bool)
    )
    torch.testing.assert_close(loss, torch.full((8,), 2 * least), atol=1e-6, rtol=1e-3)
    learnt = [nn.Parameter(f) for f in drawn(8, 16, 3)]
    module = built(InstanceContrastive(), 16, 3)
    optimizer = torch.optim.Adam(learnt, lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        module(
            *learnt, target=torch.zeros(8, dtype=torch.long), mask=torch.ones(8, 3, dtype=torch.bool)
        ).mean().backward()
        optimizer.step()
    rgb, depth, infrared = (normalize(f.detach(), dim=1) for f in learnt)
    assert ((rgb @ depth.T).argmax(1) == torch.arange(8)).all() and (
        (rgb @ infrared.T).argmax(1) == torch.arange(8)
    ).all()
    assert (
        module(*learnt, target=torch.zeros(8, dtype=torch.long), mask=torch.ones(8, 3, dtype=torch.bool)).mean() < 0.01
    )


def test_tau_learns_and_stays_within_its_limits() -> None:
    module = built(InstanceContrastive(), 4, 2)
    features = drawn(5, 4, 2)
    module(*features, target=torch.zeros(5, dtype=torch.long), mask=every(features)).sum().backward()
    assert module.temperature.grad is not None and module.temperature.grad != 0
    for value, kept in ((-1.0, 0.001), (3.0, 0.5), (0.2, 0.2)):
        module.temperature.data.fill_(value)
        module.update(lambda tensor: tensor)
        assert module.temperature.item() == pytest.approx(kept)
    with pytest.raises(FascoreError, match="outside 'limits'"):
        validate(InstanceContrastive, {"temperature": 0.9})


def test_smoothed_targets_are_torchs() -> None:
    s = torch.randn(5, 5)
    there = torch.ones(5, dtype=torch.bool)
    loss = nn.CrossEntropyLoss(reduction="none", label_smoothing=0.2)
    torch.testing.assert_close(
        contrast(s, there, there, 0.2), (loss(s, torch.arange(5)) + loss(s.T, torch.arange(5))) / 2
    )


@pytest.mark.parametrize("objective", [InstanceContrastive(), ClassMatching(), ClassMatching(pairs="all")], ids=str)
@settings(deadline=None, max_examples=15)
@given(pattern=st.lists(st.tuples(*[st.booleans()] * 3), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_pairs_with_a_missing_side_are_dropped(
    objective: Objective, pattern: list[tuple[bool, ...]], seed: int
) -> None:
    """With what absent inputs hold as junk: the loss of each pair of modalities is that of the records which have it."""
    mask, rows = torch.tensor(pattern), len(pattern)
    features, target = drawn(rows, 4, 3, seed), torch.arange(rows) % 2
    spoilt = [torch.where(mask[:, i, None], f, 1e3) for i, f in enumerate(features)]
    module = built(objective, 4, 3)
    whole = module(*spoilt, target=target, mask=mask)
    assert whole.shape == (rows,) and whole.isfinite().all()
    junk = [torch.where(mask[:, i, None], f, -5.0) for i, f in enumerate(features)]
    torch.testing.assert_close(module(*junk, target=target, mask=mask), whole)
    # Classes are matched across records, so that RGB alone finds partners; of an instance both sides are needed.
    lonely = ~mask[:, 0] if isinstance(objective, ClassMatching) else ~mask[:, 0] | ~mask[:, 1:].any(1)
    assert not whole[lonely].any()


def test_a_record_without_depth_is_still_aligned_with_its_infrared() -> None:
    features, mask = drawn(4, 5, 3), torch.ones(4, 3, dtype=torch.bool)
    mask[2, 1] = False
    module, target = built(InstanceContrastive(), 5, 3), torch.tensor([0, 1, 0, 1])
    kept = torch.tensor([0, 1, 3])
    depth = built(InstanceContrastive(), 5, 2)(
        features[0][kept], features[1][kept], target=target[kept], mask=torch.ones(3, 2, dtype=torch.bool)
    )
    infrared = built(InstanceContrastive(), 5, 2)(
        features[0], features[2], target=target, mask=torch.ones(4, 2, dtype=torch.bool)
    )
    # RGB of the third record is no column for depth's row, and its own row has no depth.
    loss = module(*features, target=target, mask=mask)
    assert loss[2] == infrared[2]
    s = normalize(features[0], dim=1) @ normalize(features[1], dim=1).T / 0.07
    row = -(s[0, 0] - s[0, kept].logsumexp(0))
    column = -(s[0, 0] - s[:, 0].logsumexp(0))
    torch.testing.assert_close(loss[0], (row + column) / 2 + infrared[0])
    assert (loss[kept] >= (depth + infrared[kept]) - 1e-5).all()


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**31), labels=st.lists(st.integers(0, 1), min_size=1, max_size=7))
def test_mining_takes_the_most_alike_of_another_class_and_the_least_alike_of_the_same(
    seed: int, labels: list[int]
) -> None:
    n, target = len(labels), torch.tensor(labels)
    s = torch.randn(n, n, generator=torch.Generator().manual_seed(seed))
    found = hard_pairs(s, target[:, None] == target, torch.ones(n, n, dtype=torch.bool))
    for i in range(n):
        negatives = [j for j in range(n) if labels[j] != labels[i]]
        positives = [j for j in range(n) if labels[j] == labels[i]]
        wanted = {max(negatives, key=lambda j: s[i, j]), min(positives, key=lambda j: s[i, j])} if negatives else set()
        assert {int(j) for j in found[i].nonzero()[:, 0]} == wanted
    assert int(found.sum()) == (2 * n if len(set(labels)) == 2 else 0)


def test_mining_is_deterministic_among_equals() -> None:
    target = torch.tensor([0, 1, 0, 1])
    found = [
        hard_pairs(torch.zeros(4, 4), target[:, None] == target, torch.ones(4, 4, dtype=torch.bool)) for _ in range(2)
    ]
    assert torch.equal(*found)
    assert found[0].nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1], [3, 0], [3, 1]]


def matched_by_hand(
    module: Any, rgb: Tensor, other: Tensor, labels: list[int], pairs: list[tuple[int, int]], place: int
) -> float:
    """Mean cross-entropy of some pairs, one by one."""
    w, b = module.predictors[place].weight.detach().double(), module.predictors[place].bias.detach().double()
    total = 0.0
    for i, j in pairs:
        logits = w @ torch.cat([rgb[i], other[j]]).double() + b
        total += float(logits.logsumexp(0) - logits[int(labels[i] == labels[j])])
    return total / len(pairs)


@pytest.mark.parametrize("pairs", ["mined", "all"])
def test_class_matching_is_equation_4(pairs: Any) -> None:
    labels = [0, 1, 1, 0, 1]
    features, module = drawn(5, 6, 3), built(ClassMatching(pairs=pairs), 6, 3)
    loss = module(*features, target=torch.tensor(labels), mask=every(features)).mean().item()
    wanted = 0.0
    for place, other in enumerate(features[1:]):
        s = normalize(features[0], dim=1) @ normalize(other, dim=1).T
        chosen = [(i, j) for i in range(5) for j in range(5)]
        if pairs == "mined":
            hard = [max((j for j in range(5) if labels[j] != labels[i]), key=lambda j: s[i, j]) for i in range(5)]
            easy = [min((j for j in range(5) if labels[j] == labels[i]), key=lambda j: s[i, j]) for i in range(5)]
            chosen = [*enumerate(hard), *enumerate(easy)]
            assert len(chosen) == 2 * 5
        wanted += matched_by_hand(module, features[0], other, labels, chosen, place)
    assert loss == pytest.approx(wanted, rel=1e-4)


def test_each_pair_of_modalities_has_a_predictor_of_1082_parameters() -> None:
    module = built(ClassMatching(), 270, 3)
    assert [sum(p.numel() for p in predictor.parameters()) for predictor in module.predictors] == [1082, 1082]


@pytest.mark.parametrize(("rows", "labels"), [(4, [1, 1, 1, 1]), (1, [0])])
def test_a_batch_of_one_class_or_of_one_record_has_no_hard_pairs_and_no_loss(rows: int, labels: list[int]) -> None:
    features, target = [f.requires_grad_() for f in drawn(rows, 4, 3)], torch.tensor(labels)
    loss = built(ClassMatching(), 4, 3)(*features, target=target, mask=every(features))
    assert not loss.any()
    loss.sum().backward()
    everything = built(ClassMatching(pairs="all"), 4, 3)(*features, target=target, mask=every(features))
    assert (everything > 0).all()


def test_icl_of_one_record_is_zero_and_of_none_is_empty() -> None:
    for objective in (InstanceContrastive(), ClassMatching(), ClassMatching(pairs="all")):
        assert built(objective, 4, 3)(
            *drawn(0, 4, 3), target=torch.zeros(0, dtype=torch.long), mask=torch.ones(0, 3, dtype=torch.bool)
        ).shape == (0,)
    features = drawn(1, 4, 2)
    assert not built(InstanceContrastive(), 4, 2)(
        *features, target=torch.ones(1, dtype=torch.long), mask=every(features)
    ).any()


def test_tokens_are_averaged_over_their_places() -> None:
    tokens, vector = torch.randn(4, 5, 6), torch.randn(4, 6)
    target, mask = torch.tensor([0, 1, 1, 0]), torch.ones(4, 2, dtype=torch.bool)
    for objective in (InstanceContrastive(), ClassMatching()):
        torch.manual_seed(0)
        by_token = objective.build([Tokens(5, 6, 2), Vector(6)], LABEL)
        torch.manual_seed(0)
        by_vector = objective.build([Vector(6), Vector(6)], LABEL)
        pooled = by_vector(tokens[:, 2:].mean(1), vector, target=target, mask=mask)
        torch.testing.assert_close(by_token(tokens, vector, target=target, mask=mask), pooled)


@pytest.mark.parametrize(
    ("signals", "target", "sentence"),
    [
        ([Vector(4)], LABEL, "needs two or more; got 1"),
        ([Vector(4), Image(3, 8, 8)], LABEL, r"input 1 produces Image\(3, 8, 8\); use the features of an encoder"),
        ([Vector(4), Tokens(3, 5)], LABEL, "the first input has 4 and input 1 has 5"),
        ([Vector(4), Vector(4)], Dense(Plane(1, 4, 4)), "a column such as record.label"),
    ],
)
def test_inputs_that_cannot_be_aligned_are_refused_with_the_reason(
    signals: list[Any], target: Any, sentence: str
) -> None:
    with pytest.raises(SpecError, match=sentence):
        ClassMatching().check(signals, target)
