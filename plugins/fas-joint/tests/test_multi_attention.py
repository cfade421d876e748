"""The multi-attentional network and its loss: layer by layer against loops, and against counts and figures by hand."""

import numpy as np
import pytest
import torch
from fas_joint.encoders import MultiAttention
from fas_joint.encoders.multi_attention import (
    AttentionMaps,
    TextureEnhancement,
    attended,
    mean_under,
    resized,
    semantic,
)
from fas_joint.fusions import Concat
from fas_joint.objectives import RegionalIndependence
from torch import nn

from fascore import Dense, FascoreError, Image, Labels, Plane, SpecError, Tokens, Vector, validate

SMALL = {"network": {"type": "timm", "name": "test_efficientnet"}, "regions": 3, "width": 8}


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_network_has_the_parameters_counted_by_hand() -> None:
    """EfficientNet-B4 has 19,341,616, less a classifier of 1792 x 1000; texture of 32 channels, attention of 160."""
    n, m, wide = 32, 4, 256
    every = n * m
    attention = 9 * 160 * 160 + 160 + 2 * 160 + m * 160 + 2 * m
    dense = sum(2 * k * every + 9 * every * k * n + every for k in (1, 2, 3))
    texture = (9 * n * n + n) + (25 * every * n + every) + dense + (2 * 4 * every + every * 4 * n + every) + 2 * every
    projections = (every * wide + wide) + (wide * wide + wide) + (1792 * wide + wide) + (2 * wide * wide + wide)
    encoder = MultiAttention().build([Image(3, 380, 380)])
    assert count(encoder.network) == 19_341_616 - 1_793_000
    assert (count(encoder.attention), count(encoder.texture)) == (attention, texture)
    assert count(encoder) - count(encoder.network) == attention + texture + projections == 1_273_352


def test_features_of_the_published_network_come_from_its_second_and_fifth_stage() -> None:
    encoder = MultiAttention().build([Image(3, 380, 380)])
    stages = encoder.network.model.blocks
    seen = {}
    for place in (1, 4):
        stages[place].register_forward_hook(lambda _, __, given, place=place: seen.__setitem__(place, given))
    maps, textures = [], []
    encoder.attention.register_forward_pre_hook(lambda _, given: maps.append(given[0]))
    encoder.texture.register_forward_pre_hook(lambda _, given: textures.append(given[0]))
    with torch.no_grad():
        encoder.eval()(torch.rand(1, 3, 96, 96))
    assert torch.equal(maps[0], seen[4])
    assert torch.equal(textures[0], seen[1])
    assert (maps[0].shape[1], textures[0].shape[1]) == (160, 32)


def test_it_gives_a_vector_that_every_fusion_takes_and_regions_by_port() -> None:
    alone, ports = validate(MultiAttention, SMALL), validate(MultiAttention, {**SMALL, "ports": True})
    picture = [Image(3, 64, 96)]
    assert alone.infer(picture) == Vector(8)
    assert Concat().infer([alone.infer(picture), Vector(5)]) == Vector(5)
    assert ports.infer(picture) == {"feature": Vector(8), "regions": Tokens(3, 24, 0)}
    torch.manual_seed(0)
    one, two = alone.build(picture).eval(), ports.build(picture).eval()
    two.load_state_dict(one.state_dict())
    x = torch.rand(2, 3, 64, 96)
    given = two(x)
    torch.testing.assert_close(one(x), given["feature"])
    assert given["regions"].shape == (2, 3, 24)
    torch.testing.assert_close(given["regions"].norm(dim=2), torch.ones(2, 3))


def linear_at(grid: np.ndarray, place: float) -> tuple[int, int, float]:
    low = min(int(place), grid.shape[0] - 2)
    return low, low + 1, place - low


def test_attention_pooling_is_a_sum_over_places_of_the_interpolated_map() -> None:
    generator = np.random.default_rng(0)
    features, maps = generator.normal(size=(2, 3, 6, 5)), generator.uniform(size=(2, 4, 3, 2))
    wanted = np.zeros((2, 4, 3))
    for b, m, y, x in np.ndindex(2, 4, 6, 5):
        grid = maps[b, m]
        top, bottom, v = linear_at(grid, y * 2 / 5)
        left, right, u = linear_at(grid.T, x * 1 / 4)
        weight = (1 - v) * ((1 - u) * grid[top, left] + u * grid[top, right]) + v * (
            (1 - u) * grid[bottom, left] + u * grid[bottom, right]
        )
        wanted[b, m] += weight * features[b, :, y, x]
    given = attended(torch.from_numpy(features), torch.from_numpy(maps))
    np.testing.assert_allclose(given.numpy(), wanted, rtol=1e-12)
    own = torch.from_numpy(np.repeat(features[:, None], 4, axis=1) * np.arange(1, 5)[:, None, None, None])
    np.testing.assert_allclose(
        attended(own, torch.from_numpy(maps)).numpy(), wanted * np.arange(1, 5)[:, None], rtol=1e-12
    )


def test_the_deep_feature_is_a_mean_and_an_attention_of_nothing_is_the_plain_mean() -> None:
    features = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(
        mean_under(torch.zeros(2, 1, 4, 4, dtype=torch.float64), features), features.mean((2, 3))
    )
    point = torch.zeros(2, 1, 4, 4, dtype=torch.float64)
    point[:, :, 1, 2] = 5
    torch.testing.assert_close(mean_under(point, features), features[:, :, 1, 2], rtol=1e-6, atol=1e-6)


def test_texture_is_the_feature_less_its_average_pooled_twin() -> None:
    torch.manual_seed(1)
    layer, feature = TextureEnhancement(4, 2), torch.randn(2, 4, 8, 12)
    texture, pooled = layer.difference(feature, (2, 3))
    base = layer.extract(feature).detach().numpy()
    blocks = base.reshape(2, 4, 2, 4, 3, 4).mean((3, 5))
    np.testing.assert_allclose(pooled.detach().numpy(), blocks, atol=1e-6)
    np.testing.assert_allclose(texture.detach().numpy(), base - np.kron(blocks, np.ones((4, 4))), atol=1e-6)


def test_texture_of_one_map_never_sees_that_of_another() -> None:
    """Convolutions are grouped: where attention is zero, so is what its group is given."""
    torch.manual_seed(2)
    layer, feature = TextureEnhancement(4, 2).eval(), torch.randn(1, 4, 8, 8)
    maps = torch.rand(1, 2, 2, 2)
    changed = maps.clone()
    changed[:, 1] = 0
    before, after = layer(feature, maps)[0], layer(feature, changed)[0]
    torch.testing.assert_close(before[:, 0], after[:, 0])
    assert (before[:, 1] - after[:, 1]).abs().max() > 1e-4


def test_attention_is_positive_inside_and_zero_on_two_of_24_rows_at_each_side() -> None:
    maps = AttentionMaps(5, 3, border=1 / 12)(torch.randn(2, 5, 24, 14)).detach()
    inside = maps[:, :, 2:-2, 1:-1]
    assert (inside > 0).all()
    assert int((maps > 0).sum()) == inside.numel()


def test_semantic_vectors_ignore_gain_and_offset_of_every_channel() -> None:
    pooled, maps = torch.randn(2, 4, 5, 5, dtype=torch.float64), torch.rand(2, 3, 5, 5, dtype=torch.float64)
    gain, offset = torch.rand(4, 1, 1, dtype=torch.float64) + 0.5, torch.randn(4, 1, 1, dtype=torch.float64)
    torch.testing.assert_close(semantic(pooled, maps), semantic(gain * pooled + offset, maps), rtol=1e-6, atol=1e-7)


def test_maps_of_one_size_are_not_interpolated() -> None:
    maps = torch.rand(1, 2, 3, 3)
    assert resized(maps, (3, 3)) is maps


def test_every_parameter_learns_and_whole_maps_are_dropped_in_training() -> None:
    torch.manual_seed(3)
    encoder = validate(MultiAttention, {**SMALL, "ports": True}).build([Image(3, 64, 64)]).train()
    given = encoder(torch.rand(6, 3, 64, 64))
    (given["feature"].square().sum() + (given["regions"] * torch.randn_like(given["regions"])).sum()).backward()
    assert [name for name, p in encoder.named_parameters() if p.grad is None or not bool(p.grad.isfinite().all())] == []
    still = [name for name, p in encoder.named_parameters() if p.grad is not None and not bool(p.grad.any())]
    assert still == [], "a parameter has no gradient"
    plain = validate(MultiAttention, {**SMALL, "dropout": 0, "deep_dropout": 0}).build([Image(3, 64, 64)]).train()
    x = torch.rand(6, 3, 64, 64)
    assert torch.equal(plain(x), plain(x))
    assert not torch.equal(encoder(x)["feature"], encoder(x)["feature"])


def by_hand(form: str) -> tuple[float, float, np.ndarray]:
    """Two records, two maps of width 2, from centres of zero with rate 1/2: the losses and the centres afterwards."""
    regions = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.6, 0.8], [0.0, 1.0]]])  # an attack, a bona fide
    if form == "equation":
        centres = 0.5 * regions.mean(0)  # (.4, .2) and (0, .5)
        around = [
            sum(max(np.hypot(*(regions[i, j] - centres[j])) - margin, 0) for j in range(2))
            for i, margin in ((0, 0.5), (1, 0.1))
        ]
        apart = 2 * max(0.9 - np.hypot(0.4, 0.3), 0)  # (j, k) and (k, j)
        return around[0] + apart, around[1] + apart, centres
    centres = 0.5 * regions[1] / 2  # bona fide only, still divided by both
    attack, bona_fide = (np.sqrt(((regions[i] - centres) ** 2).sum()) for i in range(2))
    apart = max(0.9 - np.hypot(*(centres[0] - centres[1])), 0) / 2 / 0.5
    return max(0.8 * 2 - attack, 0) + apart, max(bona_fide - 0.1, 0) + apart, centres


@pytest.mark.parametrize("form", ["equation", "release"])
def test_regional_independence_is_that_of_a_case_by_hand(form: str) -> None:
    fields = {
        "form": form,
        "bona_fide": 0.1,
        "attack": 0.5 if form == "equation" else -1.6,
        "between": 0.9,
        "rate": 0.5,
    }
    loss = validate(RegionalIndependence, fields).build([Tokens(2, 2, 0)], Labels("label")).train()
    regions = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.6, 0.8], [0.0, 1.0]]], requires_grad=True)
    found = loss(regions, target=torch.tensor([0, 1]))
    attack, bona_fide, centres = by_hand(form)
    np.testing.assert_allclose(found.detach().numpy(), [attack, bona_fide], rtol=1e-5)
    found.sum().backward()
    assert bool(regions.grad.abs().sum() > 0)
    assert loss.centres.abs().max() == 0, "the centres wait for the optimiser"
    loss.update(lambda tensor: tensor)
    np.testing.assert_allclose(loss.centres.numpy(), centres, rtol=1e-6)


def test_two_processes_move_the_centers_as_one_does_with_both_batches() -> None:
    regions, target = torch.randn(6, 3, 4), torch.tensor([0, 1, 1, 0, 1, 0])
    one, first, second = (RegionalIndependence().build([Tokens(3, 4, 0)], Labels("label")).train() for _ in range(3))
    one(regions, target=target)
    one.update(lambda tensor: tensor)
    first(regions[:2], target=target[:2])
    second(regions[2:], target=target[2:])
    sums = iter([first.shift + second.shift, first.count + second.count])
    first.update(lambda _: next(sums))
    torch.testing.assert_close(first.centres, one.centres)


def test_centers_that_are_far_apart_and_vectors_within_their_margin_cost_nothing() -> None:
    loss = RegionalIndependence(bona_fide=0.5, attack=0.5).build([Tokens(2, 2, 0)], Labels("label")).eval()
    loss.centres.copy_(torch.eye(2))
    assert loss(torch.eye(2)[None] + 0.1, target=torch.tensor([1])).tolist() == [0]
    assert loss(torch.zeros(0, 2, 2), target=torch.zeros(0, dtype=torch.long)).shape == (0,)


def test_multi_attention_and_its_loss_refuse_what_they_cannot_use() -> None:
    with pytest.raises(SpecError, match="at least 2 x 2"):
        validate(MultiAttention, SMALL).infer([Image(3, 16, 16)])
    with pytest.raises(FascoreError, match="must be less than 'attention_level'"):
        validate(MultiAttention, {"texture_level": 3})
    with pytest.raises(FascoreError, match="a timm encoder"):
        validate(MultiAttention, {"network": {"type": "joint.mesonet"}})
    with pytest.raises(SpecError, match="EfficientNet and ResNet"):
        validate(MultiAttention, {"network": {"type": "timm", "name": "mobilenetv3_small_050"}}).build(
            [Image(3, 64, 64)]
        )
    with pytest.raises(SpecError, match='"ports": true'):
        RegionalIndependence().check([Vector(3)], Labels("label"))
    with pytest.raises(SpecError, match=r"learns record\.label"):
        RegionalIndependence().check([Tokens(2, 3, 0)], Dense(Plane(1, 2, 2)))
    with pytest.raises(SpecError, match='"form": "release"'):
        RegionalIndependence(attack=-0.8).check([Tokens(2, 3, 0)], Labels("label"))
