"""Records that lack streams: every subset of R, D and I, in the fusions, the losses, and a model that trains with dropped inputs."""

import itertools

import pytest
import torch
from fas_mmfas.fusions import CrossAttention, MergeAttention, SwitchAttention
from hypothesis import given, settings, strategies as st
from torch import Tensor, nn

from fascore import Fusion, SpecError, Tokens, Vector

OPTIONAL = [Tokens(5, 6, optional=True)] * 3
SUBSETS = [s for s in itertools.product((True, False), repeat=3) if any(s)]
FUSIONS = [
    SwitchAttention(depth=3, heads=2),
    SwitchAttention(depth=3, heads=2, first_absent="fused"),
    CrossAttention(depth=2, heads=2),
    MergeAttention(depth=2, heads=2),
]


def built(fusion: Fusion) -> nn.Module:
    torch.manual_seed(1)
    module = fusion.build(OPTIONAL)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.eval()


def drawn(rows: int, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, 5, 6, generator=generator) for _ in range(3)]


@pytest.mark.parametrize("fusion", FUSIONS, ids=lambda f: f"{f.type}-{getattr(f, 'first_absent', '')}")
@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 2**31), junk=st.sampled_from([1e6, float("nan"), float("inf")]))
def test_every_subset_gives_what_the_learned_token_in_the_place_of_each_absent_stream_gives(
    fusion: Fusion, seed: int, junk: float
) -> None:
    module, streams, mask = built(fusion), drawn(7, seed), torch.tensor(SUBSETS)
    spoilt = [torch.where(mask[:, i, None, None], stream, junk) for i, stream in enumerate(streams)]
    fused = module(*spoilt, mask=mask)
    assert fused.isfinite().all()
    for row, subset in enumerate(SUBSETS):
        alone = module(*(stream[row : row + 1] for stream in streams), mask=mask[row : row + 1])
        torch.testing.assert_close(fused[row : row + 1], alone, rtol=1e-4, atol=1e-5)
        if isinstance(fusion, MergeAttention):
            learned = [module.streams.absent[str(place)].expand(1, 5, 6) for place in range(3)]
            tokens = [
                stream[row : row + 1] if there else token
                for stream, there, token in zip(streams, subset, learned, strict=True)
            ]
            whole = module(*tokens, mask=torch.ones(1, 3, dtype=torch.bool))
            torch.testing.assert_close(fused[row : row + 1], whole, rtol=1e-4, atol=1e-5)


def test_switch_attention_averages_the_streams_that_are_present() -> None:
    module, streams = built(FUSIONS[0]), drawn(7)
    fused = module(*streams, mask=torch.tensor(SUBSETS))
    mean = [stream.mean(1) for stream in streams]
    tokens = [
        module.streams.absent[place].expand(1, 5, 6) if place in module.streams.absent else None for place in "012"
    ]
    for row, (r, d, i) in enumerate(SUBSETS):
        present = [mean[place][row] for place, there in ((1, d), (2, i)) if there]
        if r:
            first = streams[0][row : row + 1]
            others = [streams[place][row : row + 1] if there else tokens[place] for place, there in ((1, d), (2, i))]
            for layer in module.layers:
                first = layer((first, *others))
            present.append(first[0].mean(0))
        torch.testing.assert_close(fused[row], sum(present) / len(present), rtol=1e-4, atol=1e-5)


def test_without_rgb_the_layers_still_fuse_depth_and_infrared_where_that_is_asked_for() -> None:
    left_out, fused = built(FUSIONS[0]), built(FUSIONS[1])
    assert set(left_out.streams.absent) == {"1", "2"} and set(fused.streams.absent) == {"0", "1", "2"}
    streams, mask = drawn(1), torch.tensor([[False, True, True]])
    before, after = left_out(*streams, mask=mask), fused(*streams, mask=mask)
    torch.testing.assert_close(before, (streams[1] + streams[2]).mean(1) / 2)
    assert not torch.allclose(before, after)
    torch.testing.assert_close(3 * after - 2 * before, _first_stream(fused, streams), rtol=1e-4, atol=1e-5)


def _first_stream(module: nn.Module, streams: list[Tensor]) -> Tensor:
    first = module.streams.absent["0"].expand(1, 5, 6)
    for layer in module.layers:
        first = layer((first, streams[1], streams[2]))
    return first.mean(1)


@pytest.mark.parametrize("fusion", FUSIONS[:3], ids=lambda f: f.type)
def test_a_record_without_any_stream_has_a_defined_feature_that_no_head_reads(fusion: Fusion) -> None:
    """The graph never calls a fusion for such a row: it is a non-response."""
    assert not built(fusion)(*drawn(2), mask=torch.zeros(2, 3, dtype=torch.bool)).any()


@pytest.mark.parametrize("fusion", FUSIONS[2:], ids=lambda f: f.type)
@pytest.mark.parametrize(
    ("signals", "sentence"),
    [
        ([Tokens(5, 6)] * 2, "three token streams.*got 2; 'mean' accepts any number"),
        ([Tokens(5, 6)] * 4, "got 4"),
        (
            [Tokens(5, 6), Tokens(5, 8), Tokens(5, 6)],
            r"input 0 produces Tokens\(5, 6\), input 1 produces Tokens\(5, 8\)",
        ),
        ([Tokens(5, 6), Tokens(5, 6), Tokens(9, 6)], r"input 2 produces Tokens\(9, 6\)"),
        ([Tokens(5, 6), Tokens(5, 6, 1), Tokens(5, 6)], r"Tokens\(5, 6\) after 1 without a position"),
        ([Tokens(5, 6), Vector(6), Tokens(5, 6)], r"input 1 produces Vector\(6\); let its encoder produce tokens"),
        ([Tokens(5, 5)] * 3, "a width of 5 is not a multiple of 2 heads"),
    ],
)
def test_streams_that_cannot_be_fused_are_refused_with_the_reason(
    fusion: Fusion, signals: list[Tokens], sentence: str
) -> None:
    with pytest.raises(SpecError, match=sentence):
        fusion.infer(signals)
