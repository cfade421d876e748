"""What Table 6 explores: every row as the study has it, small, and each option against something simpler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fas_twostream.encoders import MultiFrame
from fas_twostream.encoders.conv_lstm import ConvLstm
from fas_twostream.encoders.exploration import upper_gram
from torch import Tensor, nn

from fascore import Clip, Image, Level, Pyramid, RunSpec, validate
from fascore.data.batch import Batch
from fascore.model import ModelGraph
from fascore.running.study import read_study
from fascore.spec.plan import check

SPECS = Path(__file__).parents[1] / "specs"
SIDE, FRAMES = 96, 3
"""Level 5 then has 3 x 3 places, one for each part of an image patch."""


def rows() -> dict[str, dict[str, Any]]:
    """Documents of the study by row, with smaller clips and without weights from elsewhere."""
    found = {}
    for row, _, _, document in read_study(SPECS / "table6.json").runs():
        for modality in document["modalities"].values():
            if modality["type"] == "twostream.key_frames":
                modality |= {"size": SIDE} | ({"k": FRAMES - 1} if modality["k"] else {})
        for encoder in document["model"]["encoders"].values():
            encoder |= {"pretrained": False}
        found[row] = document
    return found


@pytest.mark.parametrize("row", list(rows()))
def test_every_row_of_table_6_is_what_the_check_says_and_learns_in_all_its_parameters(row: str) -> None:
    plan = check(validate(RunSpec, rows()[row]))
    graph = ModelGraph.build(plan, seed=0).train()
    rng = torch.Generator().manual_seed(2)
    count = 3
    tensors = {
        str(ref): torch.rand(count, *shape, generator=rng)
        for ref in plan.loaded()
        for shape in signal_of(plan, ref).shapes
    }
    present = {ref.node: torch.ones(count, dtype=torch.bool) for ref in plan.loaded()}
    batch = Batch(tuple(map(str, range(count))), tensors, present, {"label": (0, 1, 0), "task": ("spoof",) * count})
    outputs = graph(batch)
    for name, node in plan.nodes.items():
        for port, signal in node.outputs.items():
            value = outputs[f"{name}.{port}" if port else name]
            found = [tuple(part.shape[1:]) for part in (value if isinstance(value, list) else [value])]
            assert found == list(signal.shapes), (name, port)
    torch.stack(list(graph.losses(outputs, batch).values())).sum().backward()
    for name, parameter in graph.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert torch.stack([p.grad.abs().sum() > 0 for p in graph.parameters() if p.grad is not None]).float().mean() > 0.95


def signal_of(plan: Any, ref: Any) -> Any:
    """The Signal of a modality that the graph reads."""
    signal = plan.signal(ref)
    assert signal is not None
    return signal


def built(signals: Any, **fields: Any) -> Any:
    torch.manual_seed(3)
    return MultiFrame.model_validate({"channels": 8, "hidden": 4, "levels": [4, 5], **fields}).build(signals).eval()


def test_a_convolutional_lstm_of_one_place_is_an_lstm() -> None:
    torch.manual_seed(0)
    ours, plain = ConvLstm(5, 4), nn.LSTM(5, 4, batch_first=True)
    with torch.no_grad():
        middle = ours.gates.weight[:, :, 1, 1]
        plain.weight_ih_l0.copy_(middle[:, :5])
        plain.weight_hh_l0.copy_(middle[:, 5:])
        plain.bias_ih_l0.copy_(ours.gates.bias)
        plain.bias_hh_l0.zero_()
        x = torch.randn(2, 6, 5)
        assert torch.allclose(ours(x[..., None, None])[..., 0, 0], plain(x)[0], atol=1e-6)


def test_a_part_of_a_picture_reaches_its_own_features_alone() -> None:
    """Four parts of two levels: what the maps have in one part changes the features of this part, and of no other."""
    module = built([Clip(2, 3, 64, 64)], parts=2)
    maps = [torch.rand(2, 8, side, side) for side in (4, 2)]
    with torch.no_grad():
        before = [place(cell) for place, cell in zip(module.places, module._cells(maps), strict=True)]
        maps[0][:, :, 2:, :2] += 1
        after = [place(cell) for place, cell in zip(module.places, module._cells(maps), strict=True)]
    assert [not torch.equal(one, other) for one, other in zip(before, after, strict=True)] == [
        False,
        False,
        True,
        False,
        *[False] * 4,
    ]


def test_style_is_the_upper_triangle_of_the_products_of_channels() -> None:
    maps = torch.rand(2, 3, 4, 5)
    expected = [[np.mean(one[i].numpy() * one[j].numpy()) for i in range(3) for j in range(i, 3)] for one in maps]
    assert upper_gram(maps).numpy() == pytest.approx(np.array(expected), abs=1e-6)


def test_the_trunk_sees_what_denoising_takes_away() -> None:
    """A U-Net that gives 0.3 everywhere leaves the picture minus 0.3: what a branch without it makes of a mean of 0.3 and a deviation of 1."""
    picture = Image(3, 64, 64)
    module, plain = built([picture], denoise=True), built([picture])
    plain.load_state_dict(
        {name: value for name, value in module.state_dict().items() if not name.startswith("restoration")}
    )
    nn.init.zeros_(module.restoration.out.weight)
    nn.init.constant_(module.restoration.out.bias, 0.3)
    plain.mean, plain.deviation = torch.full((3, 1, 1), 0.3), torch.ones(3, 1, 1)
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(module(x), plain(x), atol=1e-5)


def test_branch_supervision_opens_and_shuts_the_places_of_the_other_branch() -> None:
    maps = Pyramid((Level(6, (4, 4), 16), Level(6, (2, 2), 32)))
    module = built([Clip(2, 3, 64, 64), maps])
    clip, other = torch.rand(2, 2, 3, 64, 64), torch.rand(2, 2, 3, 64, 64)
    given = [torch.rand(2, *shape) for shape in maps.shapes]
    for mask in module.masks:
        nn.init.zeros_(mask.weight)

    def gives(bias: float, x: Tensor) -> Tensor:
        for mask in module.masks:
            nn.init.constant_(mask.bias, bias)
        with torch.no_grad():
            return torch.as_tensor(module(x, given))

    with torch.no_grad():
        assert torch.allclose(gives(100, clip), module(clip), atol=1e-6)
    assert torch.equal(gives(-1000, clip), gives(-1000, other))
    assert not torch.allclose(gives(100, clip), gives(100, other), atol=1e-6)
