"""Fusions against their equations: torch's own norms, and loops in numpy over what a paper writes as a formula."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from fas_joint.fusions import Concat, CrossAttention, SeConcat, Sum, WeightedNorm
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from fascore import Fusion, SpecError, Tokens, Vector

Array = NDArray[np.float64]


def drawn(widths: Sequence[int], seed: int = 0, rows: int = 6) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, d, generator=generator) * (20 * place + 1) + place for place, d in enumerate(widths)]


def built(fusion: Fusion, widths: Sequence[int], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return fusion.build([Vector(d) for d in widths])


def weight(layer: nn.Module) -> Array:
    return np.asarray(layer.weight.detach().double())


def linear(layer: nn.Module, feature: Array) -> Array:
    """Row by row and channel by channel."""
    w = weight(layer)
    b = np.asarray(layer.bias.detach().double()) if layer.bias is not None else np.zeros(len(w))
    return np.array([[sum(w[o, i] * row[i] for i in range(len(row))) + b[o] for o in range(len(w))] for row in feature])


def doubles(features: Sequence[Tensor]) -> list[Array]:
    return [np.asarray(feature.double()) for feature in features]


def assert_close(given: Tensor, wanted: Array, relative: float = 2e-4) -> None:
    np.testing.assert_allclose(
        given.detach().numpy(), wanted, rtol=relative, atol=relative * max(1.0, float(np.abs(wanted).max()))
    )


def by_hand(feature: Tensor, theta: float, eps: float) -> Tensor:
    """Equation 4 from torch's own layer norm and batch norm, each with fresh affine parameters."""
    layer = nn.LayerNorm(feature.shape[1], eps=eps)(feature)
    batch = nn.BatchNorm1d(feature.shape[1], eps=eps)(feature)
    return theta * layer + (1 - theta) * batch


@settings(deadline=None, max_examples=30)
@given(theta=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_weighted_norm_in_training_is_layer_norm_and_batch_norm_mixed_by_hand(theta: float, seed: int) -> None:
    fusion = built(WeightedNorm(theta=theta, dropout=0), [5, 4])
    for norm, feature in zip(fusion.norms, drawn([5, 4], seed), strict=True):
        torch.testing.assert_close(norm(feature), by_hand(feature, theta, 1e-6), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("theta", [0.0, 0.3, 0.8, 1.0])
def test_weighted_norm_in_evaluation_uses_the_running_statistics_of_batch_norm(theta: float) -> None:
    features, later = drawn([5, 4], 1), drawn([5, 4], 2)
    fusion = built(WeightedNorm(theta=theta, dropout=0), [5, 4])
    twins = [(nn.LayerNorm(d, eps=1e-6), nn.BatchNorm1d(d, eps=1e-6)) for d in (5, 4)]
    fusion(*features)
    for (_, batch), feature in zip(twins, features, strict=True):
        batch(feature)
        batch.eval()
    mixed = [theta * layer(f) + (1 - theta) * batch(f) for (layer, batch), f in zip(twins, later, strict=True)]
    torch.testing.assert_close(fusion.eval()(*later), fusion.project(torch.cat(mixed, 1)).relu(), rtol=1e-4, atol=1e-4)


def test_theta_one_is_layer_norm_alone_and_theta_zero_is_batch_norm_alone() -> None:
    features = drawn([5, 4])
    for theta, alone in ((1.0, nn.LayerNorm), (0.0, nn.BatchNorm1d)):
        fusion = built(WeightedNorm(theta=theta, dropout=0), [5, 4])
        for norm, feature in zip(fusion.norms, features, strict=True):
            assert torch.equal(norm(feature), alone(feature.shape[1], eps=1e-6)(feature))


def test_weighted_norm_takes_away_the_scale_that_separates_the_modalities() -> None:
    appearance, rppg = torch.randn(64, 8) * 100, torch.randn(64, 8) * 0.01
    norms = built(WeightedNorm(), [8, 8]).norms
    spread = [norm(f).std().item() for norm, f in zip(norms, (appearance, rppg), strict=True)]
    assert spread[0] == pytest.approx(spread[1], rel=0.2)


def test_the_fused_feature_is_normed_before_relu_where_the_release_norms_it() -> None:
    features = drawn([5, 4])
    plain, normed = (built(WeightedNorm(norm_fused=choice, dropout=0), [5, 4]) for choice in (False, True))
    normed.project.load_state_dict(plain.project.state_dict())
    linear_part = plain.project(torch.cat([norm(f) for norm, f in zip(plain.norms, features, strict=True)], 1))
    torch.testing.assert_close(normed(*features), by_hand(linear_part, 0.8, 1e-6).relu(), rtol=1e-4, atol=1e-4)


def test_concat_is_equation_3() -> None:
    features = drawn([5, 4, 3])
    fusion = built(Concat(), [5, 4, 3]).eval()
    assert fusion(*features).shape == (6, 3)
    assert_close(fusion(*features), np.maximum(linear(fusion.project, np.concatenate(doubles(features), axis=1)), 0))


def test_concat_as_the_pulse_feature_is_batch_normed_and_keeps_negative_values() -> None:
    features = drawn([4, 4])
    fusion = built(Concat(activation="none", norm="batch", dropout=0), [4, 4])
    plain = linear(fusion.project, np.concatenate(doubles(features), axis=1))
    assert_close(fusion(*features), (plain - plain.mean(0)) / np.sqrt(plain.var(0) + 1e-5), 1e-3)


def test_dropout_of_concat_acts_in_training_only() -> None:
    features = drawn([50, 40])
    fusion = built(Concat(), [50, 40])
    torch.manual_seed(3)
    kept = fusion.dropout(torch.ones(200, 90)) > 0
    assert kept.float().mean().item() == pytest.approx(0.7, abs=0.02)
    assert not torch.equal(fusion(*features), fusion(*features))
    assert torch.equal(fusion.eval()(*features), fusion(*features))


def test_sum_adds_channel_by_channel_and_projects_only_other_widths() -> None:
    features = drawn([4, 7, 4])
    fusion = built(Sum(), [4, 7, 4])
    a, b, c = doubles(features)
    wanted = np.array(
        [
            [a[r, i] + sum(weight(fusion.project[1])[i, j] * b[r, j] for j in range(7)) + c[r, i] for i in range(4)]
            for r in range(6)
        ]
    )
    assert_close(fusion(*features), wanted)
    assert not list(built(Sum(), [4, 4]).parameters())


def test_se_concat_gates_each_channel_by_squeeze_and_excitation() -> None:
    features = drawn([32, 16])
    fusion = built(SeConcat(reduction=8), [32, 16]).eval()
    gated = []
    for gate, feature in zip(fusion.gates, doubles(features), strict=True):
        hidden = np.maximum(linear(gate.gate[0], feature), 0)
        gated.append(feature / (1 + np.exp(-linear(gate.gate[2], hidden))))
    assert [gate.gate[0].weight.shape for gate in fusion.gates] == [(4, 32), (2, 16)]
    assert_close(fusion(*features), np.maximum(linear(fusion.fuse.project, np.concatenate(gated, axis=1)), 0))


def attended(appearance: Array, query: Array) -> Array:
    """F_app + softmax(q F_app^T) F_app, one record and one channel at a time."""
    found = np.empty_like(appearance)
    for r, (values, asking) in enumerate(zip(appearance, query, strict=True)):
        for i, q in enumerate(asking):
            weights = np.exp(q * values - (q * values).max())
            found[r, i] = values[i] + (weights * values).sum() / weights.sum()
    return found


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**31))
def test_cross_attention_is_the_softmax_of_the_outer_product(seed: int) -> None:
    features = [feature / 10 for feature in drawn([6, 6], seed)]
    appearance, rppg = doubles(features)
    assert_close(built(CrossAttention(), [6, 6])(*features), attended(appearance, rppg))


def test_cross_attention_of_vit_asks_with_a_layer_over_both_features() -> None:
    features = [feature / 10 for feature in drawn([6, 6])]
    fusion = built(CrossAttention(query="both"), [6, 6]).eval()
    appearance, rppg = doubles(features)
    query = np.maximum(linear(fusion.query.project, np.concatenate([appearance, rppg], axis=1)), 0)
    assert_close(fusion(*features), attended(appearance, query))


def test_cross_attention_projects_pulse_to_the_width_of_appearance() -> None:
    features = [feature / 10 for feature in drawn([6, 3])]
    fusion = built(CrossAttention(project=True), [6, 3])
    appearance, rppg = doubles(features)
    assert_close(fusion(*features), attended(appearance, linear(fusion.project[1], rppg)))


@pytest.mark.parametrize("fusion", [Sum(), Concat(), WeightedNorm(), SeConcat()])
def test_the_fused_width_is_that_of_the_last_input_unless_it_is_specified(fusion: Fusion) -> None:
    signals = [Vector(2048), Vector(512)]
    assert fusion.infer(signals) == Vector(512)
    assert type(fusion).model_validate({"width": 7}).infer(signals) == Vector(7)


@pytest.mark.parametrize(
    ("fusion", "signals", "sentence"),
    [
        (Concat(), [Vector(3)], "two or more"),
        (WeightedNorm(), [Vector(3), Tokens(4, 3)], "attention_pool"),
        (CrossAttention(), [Vector(2048), Vector(1024)], '"project": true'),
        (CrossAttention(width=4), [Vector(6), Vector(6)], "'width' is 4"),
        (CrossAttention(), [Vector(3)] * 3, "two features"),
    ],
)
def test_inputs_that_cannot_be_fused_are_refused_with_the_way_out(
    fusion: Fusion, signals: list[Vector], sentence: str
) -> None:
    with pytest.raises(SpecError, match=sentence):
        fusion.infer(signals)
