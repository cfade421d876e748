"""Encoder and fusions against the equations in float64, written out as loops that share no code with the package."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from fas_mmfas.encoders import VitTokens
from fas_mmfas.fusions import CrossAttention, MergeAttention, SwitchAttention
from numpy.typing import NDArray
from torch import Tensor, nn

from fascore import Fusion, Image, Plane, Tokens

Array = NDArray[np.float64]
N, D, HEADS = 4, 6, 2


def a(tensor: Tensor) -> Array:
    return tensor.detach().double().numpy()


def drawn(rows: int = 2, n: int = N, d: int = D, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, n, d, generator=generator) for _ in range(3)]


def built(fusion: Fusion, signals: Sequence[Tokens] = (Tokens(N, D),) * 3, seed: int = 3) -> Any:
    torch.manual_seed(seed)
    module = fusion.build(signals)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.4)
    return module.eval()


def every(streams: Sequence[Tensor]) -> Tensor:
    return torch.ones(len(streams[0]), 3, dtype=torch.bool)


def affine(x: Array, layer: nn.Module) -> Array:
    """W x + b, token by token and channel by channel."""
    w, b = a(layer.weight), np.zeros(len(layer.weight)) if layer.bias is None else a(layer.bias)
    return np.array([[sum(w[o, i] * token[i] for i in range(len(token))) + b[o] for o in range(len(w))] for token in x])


def norm(x: Array, layer: nn.Module) -> Array:
    g, b = a(layer.weight), a(layer.bias)
    return np.array(
        [[(v - token.mean()) / math.sqrt(token.var() + 1e-5) * g[c] + b[c] for c, v in enumerate(token)] for token in x]
    )


def attention(query: Array, key: Array, value: Array, module: Any, heads: int = HEADS) -> Array:
    """Eq. 5, 7 and 8 for one record: softmax(q k^T / sqrt(d_k)) v of each head, side by side, then W^L."""
    width = query.shape[1]
    wq, wk, wv = (a(module.project.weight)[part * width : (part + 1) * width] for part in range(3))
    q, k, v = (
        np.array([[w[o] @ token for o in range(width)] for token in x])
        for x, w in ((query, wq), (key, wk), (value, wv))
    )
    d_k = width // heads
    found = np.zeros_like(q)
    for head in range(heads):
        some = slice(head * d_k, (head + 1) * d_k)
        for i in range(len(q)):
            scores = [
                math.exp(sum(q[i, c] * k[j, c] for c in range(some.start, some.stop)) / math.sqrt(d_k))
                for j in range(len(k))
            ]
            found[i, some] = sum(score * v[j, some] for j, score in enumerate(scores)) / sum(scores)
    return affine(found, module.merge)


def feed(x: Array, module: Any) -> Array:
    hidden = affine(x, module[0])
    return affine(np.vectorize(lambda v: v * 0.5 * (1 + math.erf(v / math.sqrt(2))))(hidden), module[2])


EQUATION_6 = {0: "RDI", 1: "DIR", 2: "IRD"}


def switch_by_hand(
    module: Any, streams: Sequence[Array], order: str, *, self_attn: bool, query_residual: bool
) -> Array:
    """Eq. 5-8 with what the text leaves out (norms, residuals, feed-forward network) as in ViT, for one record."""
    state = dict(zip("RDI", streams, strict=True))
    for number, layer in enumerate(module.layers):
        if self_attn:
            state["R"] = state["R"] + attention(*(norm(state["R"], layer.own_norm),) * 3, layer.own)
        asked = EQUATION_6[number % 3].translate(str.maketrans("RDI", order))
        q, k, v = (norm(state[letter], layer_norm) for letter, layer_norm in zip(asked, layer.norms, strict=True))
        x = state[asked[0] if query_residual else "R"] + attention(q, k, v, layer.switched)
        state["R"] = x + feed(norm(x, layer.feed_norm), layer.feed)
    return (state["R"] + state["D"] + state["I"]).mean(0) / 3


@pytest.mark.parametrize("order", ["RDI", "RID", "DRI", "IDR", "DIR", "IRD"])
@pytest.mark.parametrize(("self_attn", "residual"), [(True, "rgb"), (False, "rgb"), (False, "query")])
def test_switch_attention_is_equations_5_to_8_record_by_record(order: Any, self_attn: bool, residual: Any) -> None:
    fusion = SwitchAttention(depth=4, heads=HEADS, order=order, self_attn=self_attn, residual=residual)
    module, streams = built(fusion), drawn()
    wanted = [
        switch_by_hand(
            module, [a(s[row]) for s in streams], order, self_attn=self_attn, query_residual=residual == "query"
        )
        for row in range(2)
    ]
    np.testing.assert_allclose(a(module(*streams, mask=every(streams))), wanted, rtol=2e-4, atol=2e-4)


def test_cross_attention_of_each_stream_reads_both_others_as_the_layer_before_left_them() -> None:
    module, streams = built(CrossAttention(depth=2, heads=HEADS)), drawn()
    wanted = []
    for row in range(2):
        states = [a(stream[row]) for stream in streams]
        for layers in module.layers:
            after = []
            for i, layer in enumerate(layers):
                x = states[i] + attention(*(norm(states[i], layer.own_norm),) * 3, layer.own)
                others = norm(np.concatenate([states[j] for j in range(3) if j != i]), layer.cross_norm)
                x = x + attention(norm(x, layer.cross_norm), others, others, layer.cross)
                after.append(x + feed(norm(x, layer.feed_norm), layer.feed))
            states = after
        wanted.append(sum(states).mean(0) / 3)
    np.testing.assert_allclose(a(module(*streams, mask=every(streams))), wanted, rtol=2e-4, atol=2e-4)


def blocks_by_hand(x: Array, blocks: Any, heads: int) -> Array:
    for block in blocks:
        x = x + attention(*(norm(x, block.attention_norm),) * 3, block.attention, heads)
        x = x + feed(norm(x, block.feed_norm), block.feed)
    return x


def test_merge_attention_is_a_transformer_on_the_streams_side_by_side() -> None:
    module, streams = built(MergeAttention(depth=2, heads=3)), drawn()
    merged = [np.concatenate([a(stream[row]) for stream in streams], axis=1) for row in range(2)]
    wanted = [affine(blocks_by_hand(x, module.blocks, 3), module.project).mean(0) for x in merged]
    np.testing.assert_allclose(a(module(*streams, mask=every(streams))), wanted, rtol=2e-4, atol=2e-4)


def test_encoder_is_patches_by_rows_with_a_position_code_and_pre_norm_blocks() -> None:
    config = VitTokens(patch=4, width=10, depth=2, heads=2)
    torch.manual_seed(0)
    module: Any = config.build([Image(3, 8, 12)]).eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    x = torch.rand(2, 3, 8, 12)
    for row in range(2):
        picture, tokens = a(x[row]), []
        for r in range(2):
            for c in range(3):
                pixels = [picture[ch, 4 * r + i, 4 * c + j] for i in range(4) for j in range(4) for ch in range(3)]
                embedded = norm(affine(norm(np.array([pixels]), module.embed[0]), module.embed[1]), module.embed[2])[0]
                code = [wave(axis / 10_000**k) for axis in (c, r) for wave in (math.sin, math.cos) for k in (0, 1)] + [
                    0,
                    0,
                ]
                tokens.append(embedded + code)
        wanted = blocks_by_hand(np.array(tokens), module.blocks, 2)
        np.testing.assert_allclose(a(module(x[row : row + 1]))[0], wanted, rtol=2e-4, atol=2e-4)


def test_one_channel_is_seen_as_three_equal_ones() -> None:
    config = VitTokens(patch=4, width=8, depth=1, heads=2)
    torch.manual_seed(0)
    one, three = config.build([Plane(1, 8, 8)]), config.build([Image(3, 8, 8)])
    three.load_state_dict(one.state_dict())
    x = torch.rand(2, 1, 8, 8)
    torch.testing.assert_close(one(x), three(x.repeat(1, 3, 1, 1)))
    assert config.build([Image(4, 8, 8)]).embed[1].in_features == 4 * 16


def test_the_position_code_distinguishes_all_196_places() -> None:
    config = VitTokens()
    assert config.infer([Image(3, 224, 224)]) == Tokens(196, 270, 0, (14, 14))
    code = config.build([Image(3, 224, 224)]).positions
    distance = torch.cdist(code, code) + torch.eye(196) * 9
    assert distance.min() > 0.5
    assert not code[:, 268:].any()
    assert "positions" not in config.build([Image(3, 224, 224)]).state_dict()


@pytest.mark.parametrize("layer", range(3))
def test_each_layer_takes_query_key_and_value_from_the_streams_that_equation_6_names(layer: int) -> None:
    """One stream at a time is replaced where a layer reads it: what changes of q, k and v says which stream it came from."""
    module, streams = built(SwitchAttention(depth=3, heads=HEADS, self_attn=False)), drawn()
    taken: list[list[Tensor]] = []
    switched = module.layers[layer].switched
    switched.register_forward_pre_hook(lambda _, inputs: taken.append([x.clone() for x in inputs]))
    module.layers[layer](streams)
    for place, letter in enumerate("RDI"):
        moved = [
            stream + (torch.randn(2, N, D, generator=torch.Generator().manual_seed(9)) if i == place else 0)
            for i, stream in enumerate(streams)
        ]
        module.layers[layer](moved)
        changed = [not torch.equal(before, after) for before, after in zip(taken[0], taken[-1], strict=True)]
        assert changed == [letter == named for named in EQUATION_6[layer]]


def test_depth_and_infrared_leave_all_layers_as_they_came() -> None:
    module, streams = built(SwitchAttention(heads=HEADS)), drawn()
    seen: list[Sequence[Tensor]] = []
    for layer in module.layers:
        layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    fused = module(*streams, mask=every(streams))
    assert len(seen) == 6
    assert all(torch.equal(given[1], streams[1]) and torch.equal(given[2], streams[2]) for given in seen)
    assert len({given[0].sum().item() for given in seen}) == 6
    last = module.layers[5](seen[5])
    torch.testing.assert_close(fused, (last + streams[1] + streams[2]).mean(1) / 3)


def test_attention_goes_through_the_fused_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    import fas_mmfas.layers as layers

    calls: list[tuple[int, ...]] = []
    kernel = layers.scaled_dot_product_attention
    monkeypatch.setattr(
        layers, "scaled_dot_product_attention", lambda q, k, v: calls.append(tuple(q.shape)) or kernel(q, k, v)
    )
    streams = drawn()
    built(SwitchAttention(heads=HEADS))(*streams, mask=every(streams))
    assert calls == [(2, HEADS, N, D // HEADS)] * 12
