"""Fusions against sums written out by hand, with every pattern of missing inputs."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings, strategies as st

from fascore import Image, SpecError, Tokens, Vector
from fascore.components.fusions import AttentionPool, Concat, Gated, Mean, Sum

WIDTHS = (5, 5, 5)
CONFIGS = [
    Concat(),
    Concat(width=4),
    Sum(),
    Sum(width=4),
    Mean(),
    Mean(width=4),
    Gated(),
    Gated(width=4, hidden=3),
    AttentionPool(),
    AttentionPool(width=4, heads=2),
]


def built(config, signals, seed=0):
    torch.manual_seed(seed)
    module = config.build(signals)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return module.eval()


def features(widths=WIDTHS, rows=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, d, generator=generator) for d in widths]


PATTERNS = torch.tensor([p for p in itertools.product((True, False), repeat=3) if any(p)])


def test_sum_and_mean_count_the_present_inputs():
    inputs = features()
    for config in (Sum(), Mean()):
        fused = built(config, [Vector(5)] * 3)(*inputs, mask=PATTERNS)
        for row, pattern in enumerate(PATTERNS):
            present = [inputs[i][row] for i in range(3) if pattern[i]]
            expected = sum(present) / (len(present) if config.type == "mean" else 1)
            torch.testing.assert_close(fused[row], expected)


def test_mean_averages_tokens_over_the_places_behind_their_prefix():
    signals = [Tokens(4, 5, 1), Vector(5)]
    tokens, vector = torch.randn(3, 4, 5), torch.randn(3, 5)
    mask = torch.tensor([[True, True], [True, False], [False, True]])
    fused = built(Mean(), signals)(tokens, vector, mask=mask)
    pooled = (tokens[:, 1] + tokens[:, 2] + tokens[:, 3]) / 3
    torch.testing.assert_close(fused, torch.stack([(pooled[0] + vector[0]) / 2, pooled[1], vector[2]]))
    assert Mean(width=7).infer(signals) == Vector(7)


def test_concat_puts_a_learned_vector_in_an_absent_place():
    inputs = features((2, 3, 4))
    module = built(Concat(), [Vector(d) for d in (2, 3, 4)])
    fused = module(*inputs, mask=PATTERNS)
    for row, pattern in enumerate(PATTERNS):
        expected = torch.cat([inputs[i][row] if pattern[i] else module.absent[i] for i in range(3)])
        torch.testing.assert_close(fused[row], expected)


def test_gated_is_the_equation_over_the_present_inputs():
    inputs = features()
    module = built(Gated(hidden=3), [Vector(5)] * 3)
    fused = module(*inputs, mask=PATTERNS)
    for row, pattern in enumerate(PATTERNS):
        present = [inputs[i][row] for i in range(3) if pattern[i]]
        gates = [(module.w.weight[0] @ (module.v(h).tanh() * module.u(h).sigmoid())).exp() for h in present]
        expected = sum(gate / sum(gates) * h for gate, h in zip(gates, present))
        torch.testing.assert_close(fused[row], expected)


def test_attention_pool_attends_to_present_places_only():
    """One head by hand: softmax(q k / sqrt(d)) v over the places of the present inputs, then the output projection."""
    signals = [Tokens(4, 6), Vector(6)]
    module = built(AttentionPool(), signals)
    tokens, vector = torch.randn(3, 4, 6), torch.randn(3, 6)
    mask = torch.tensor([[True, True], [True, False], [False, True]])
    fused = module(tokens, vector, mask=mask)
    w, b = module.attention.in_proj_weight.view(3, 6, 6), module.attention.in_proj_bias.view(3, 6)
    q = w[0] @ module.seed[0, 0] + b[0]
    for row in range(3):
        places = torch.cat(
            [tokens[row] if mask[row, 0] else tokens[row][:0], vector[row : row + 1] if mask[row, 1] else vector[:0]]
        )
        k, v = places @ w[1].T + b[1], places @ w[2].T + b[2]
        expected = module.attention.out_proj((k @ q / 6**0.5).softmax(0) @ v)
        torch.testing.assert_close(fused[row], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**31), junk=st.sampled_from([1e6, -3.0, math.nan, math.inf]))
def test_what_an_absent_input_holds_changes_nothing(config, seed, junk):
    module, inputs = built(config, [Vector(5)] * 3), features(seed=seed)
    spoilt = [torch.where(PATTERNS[:, i, None], f, junk) for i, f in enumerate(inputs)]
    fused = module(*inputs, mask=PATTERNS)
    assert fused.isfinite().all()
    torch.testing.assert_close(module(*spoilt, mask=PATTERNS), fused)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_no_gradient_reaches_an_absent_input_and_some_reaches_every_present_one(config):
    module, inputs = built(config, [Vector(5)] * 3), [f.requires_grad_() for f in features()]
    module(*inputs, mask=PATTERNS).square().sum().backward()
    for i, feature in enumerate(inputs):
        reached = feature.grad.abs().sum(1) > 0
        assert reached.tolist() == PATTERNS[:, i].tolist()


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_static_signal_is_what_comes_out(config):
    signals = [Vector(5)] * 3
    assert built(config, signals)(*features(), mask=PATTERNS).shape == (7, *config.infer(signals).shape)


@pytest.mark.parametrize(
    ("config", "signals", "says"),
    [
        (
            Mean(inputs=("a", "b")),
            [Vector(4), Vector(5)],
            r"mean needs features of the same width: 'a' has 4, 'b' has 5; set 'width'",
        ),
        (
            Concat(inputs=("a", "b")),
            [Vector(4), Image(3, 8, 8)],
            r"concat accepts Vectors, but 'b' produces Image\(3, 8, 8\); pool it",
        ),
        (Gated(), [], "gated fuses one or more features; got none"),
        (Concat(width=4), [Vector(4), Tokens(3, 4)], r"concat accepts Vectors, but input 1 produces Tokens\(3, 4\)"),
        (Gated(width=4), [Image(3, 8, 8)], "gated accepts Vectors, but input 0 produces Image"),
        (AttentionPool(), [], "attention_pool fuses one or more"),
        (AttentionPool(), [Image(3, 8, 8)], "attention_pool accepts Tokens and Vectors, but input 0 produces Image"),
        (AttentionPool(heads=3), [Tokens(4, 8)], "a width of 8 is not a multiple of 3 heads"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_in_a_sentence(config, signals, says):
    with pytest.raises(SpecError, match=says):
        config.infer(signals)
