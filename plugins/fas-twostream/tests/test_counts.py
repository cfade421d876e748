"""Parameters and shapes as counted from the published widths."""

from typing import Any

import pytest
import torch
from fas_twostream.encoders import Difference, MultiFrame
from fas_twostream.encoders.trunk import inflated
from torch import nn

from fascore import Clip, Image, Plane, SpecError

TWO_LOGITS = {"multi": 5 * 64 * 2 + 2, "diff": 5 * 48 * 2 + 2}


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def multi(signal: Any = Clip(10, 3, 224, 224), **fields: Any) -> Any:  # noqa: B008  immutable
    return MultiFrame.model_validate(fields).build([signal])


def diff(k: int, **fields: Any) -> Any:
    return Difference.model_validate(fields).build([Plane(3 * k, 224, 224)])


@pytest.mark.parametrize(("k", "both"), [(9, 1_722_308), (4, 1_720_148)])
def test_both_branches_have_the_parameters_of_the_budget(k: int, both: int) -> None:
    first, second = count(multi()) + TWO_LOGITS["multi"], count(diff(k)) + TWO_LOGITS["diff"]
    assert (first, first + second) == (911_986, both)


def test_every_part_has_its_share() -> None:
    module, other = multi(), diff(9)
    assert (count(module.trunk), count(other.trunk), count(diff(4).trunk)) == (576_464, 579_920, 577_760)
    assert (count(module.fpm), count(other.fpm), count(other.ppm)) == (10_080, 10_080, 219_840)
    assert sum(count(place.lstm) for place in module.places) == 104_960


@pytest.mark.parametrize(("trunk", "parameters"), [("full", 870_560), ("port2019", 431_180)])
def test_other_trunks_have_their_published_sizes(trunk: str, parameters: int) -> None:
    assert count(multi(trunk=trunk).trunk) == parameters


@pytest.mark.parametrize("trunk", ["budget", "port2019"])
def test_levels_have_the_tabled_shapes(trunk: str) -> None:
    with torch.no_grad():
        levels = multi(trunk=trunk).trunk.eval()(torch.rand(1, 3, 224, 224))
    assert [tuple(level.shape[1:]) for level in levels] == [
        (16, 112, 112),
        (16, 56, 56),
        (24, 28, 28),
        (48, 14, 14),
        (96, 7, 7),
    ]


def test_one_picture_passes_the_same_network_without_lstm() -> None:
    assert count(multi(Image(3, 224, 224))) == count(multi()) - 104_960


def test_the_first_convolution_of_differences_is_the_mean_over_rgb_repeated() -> None:
    rgb, other = multi().trunk, diff(4).trunk
    other.take(rgb.state_dict())
    weight = rgb.conv_stem.weight
    for channel in range(12):
        assert torch.allclose(other.conv_stem.weight[:, channel], (weight[:, 0] + weight[:, 1] + weight[:, 2]) / 3)
    assert torch.equal(other.blocks[2][0].conv_pw.weight, rgb.blocks[2][0].conv_pw.weight)
    # Grey pictures repeated four times answer four times as strongly: nothing is rescaled.
    gray = torch.rand(1, 1, 32, 32)
    once, repeated = (
        nn.functional.conv2d(gray.expand(1, 3, 32, 32), weight),
        nn.functional.conv2d(gray.expand(1, 12, 32, 32), inflated(weight, 12)),
    )
    assert torch.allclose(repeated, 4 * once, atol=1e-5)


def test_a_sequence_is_read_in_both_directions_to_its_ends() -> None:
    """The last states of both directions are what a plain LSTM gives on the frames and on the frames reversed."""
    torch.manual_seed(0)
    module = multi(Clip(4, 3, 64, 64)).eval()
    place, features = module.places[0], torch.rand(2, 4, 48)
    states, (last, _) = place.lstm(features)
    assert torch.allclose(place._read(states), torch.cat([last[0], last[1]], dim=1))
    clip = torch.rand(1, 4, 3, 64, 64)
    with torch.no_grad():
        assert not torch.allclose(module(clip), module(clip.flip(1)))


def test_what_cannot_be_is_reported() -> None:
    with pytest.raises(ValueError, match=r"no ImageNet weights of the port of 2019"):
        MultiFrame(trunk="port2019", pretrained=True)
    with pytest.raises(ValueError, match=r"both set the initial weights"):
        Difference(pretrained=True, trunk_from="runs/multi#multi")
    with pytest.raises(ValueError, match=r"'levels' must be increasing numbers from 1 to 5"):
        MultiFrame(levels=(5, 4))
    with pytest.raises(SpecError, match=r"2 positions per side, too few for 3 parts; increase 'size'"):
        MultiFrame(parts=3).infer([Clip(5, 3, 64, 64)])
    with pytest.raises(
        SpecError, match=r"accepts one Plane, such as the output of difference or twostream.optical_flow; got Clip"
    ):
        Difference().infer([Clip(5, 3, 64, 64)])
    with pytest.raises(SpecError, match=r"'maps' of a twostream.difference with the same 'levels'"):
        MultiFrame(levels=(5,)).infer([Clip(2, 3, 64, 64), Difference(maps=True).infer([Plane(3, 64, 64)])["maps"]])  # type: ignore[index]
