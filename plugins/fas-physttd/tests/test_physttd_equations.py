"""Equations of PhySTD against hand-made values, closed forms and the phantom's exact truth."""

import numpy as np
import pytest
import torch
from fas_phantom import truth
from fas_phantom.components import Phantom
from fas_physttd.filters import split
from fas_physttd.physttd.equations import Traces, filtered, reconstruct, synthesize, total
from fas_physttd.physttd.heads import DepthScoreHead, TraceScoreHead
from fas_physttd.physttd.losses import depth_loss, prior_loss, size_loss, trace_loss
from fas_physttd.physttd.prior import prior_masks, region_of
from fas_physttd.physttd.regions import REGIONS
from hypothesis import given, settings, strategies as st

SIZE = 128


def draw(seed: int, channels: int = 3, rows: int = 1, size: int = SIZE) -> torch.Tensor:
    return torch.rand(rows, channels, size, size, generator=torch.Generator().manual_seed(seed))


def traces(rows: int = 1, size: int = SIZE) -> Traces:
    additive = {name: 2 * draw(place, rows=rows, size=size) - 1 for place, name in enumerate("bct")}
    return Traces(additive, draw(7, 1, rows, size), draw(8, rows=rows, size=size))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0, 1))
def test_reconstruction_inverts_synthesis_where_p_is_binary_and_the_content_is_the_live_face(
    seed: int, share: float
) -> None:
    live, source = draw(seed), draw(seed + 1)
    p = (draw(seed + 2, 1) < share).float()
    found = Traces({name: draw(seed + 3 + place) - 0.5 for place, name in enumerate("bct")}, p, live)
    spoof = synthesize(live, total(filtered(found.additive)), p, source)
    assert torch.allclose(reconstruct(spoof, found).high, live, atol=1e-5)
    assert torch.equal(torch.where(p > 0, spoof, source), source)


def test_levels_of_the_reconstruction_are_equation_11_written_out() -> None:
    image, t = draw(20), traces()
    from fas_phantom.traces import lowpass as low

    def filtered_by(picture: torch.Tensor, cells: int) -> torch.Tensor:
        return torch.from_numpy(low(picture[0].permute(1, 2, 0).numpy(), cells)).permute(2, 0, 1)[None]

    b, c = filtered_by(t.additive["b"], 16), filtered_by(t.additive["c"], 64)
    hidden = t.p * t.content
    levels = reconstruct(image, t)
    assert torch.allclose(levels.low, (1 - t.p) * (filtered_by(image, 16) - b) + hidden, atol=1e-5)
    assert torch.allclose(levels.middle, (1 - t.p) * (filtered_by(image, 64) - b - c) + hidden, atol=1e-5)
    assert torch.allclose(levels.high, (1 - t.p) * (image - b - c - t.additive["t"]) + hidden, atol=1e-5)


def test_a_single_trace_is_removed_unfiltered() -> None:
    image, t = draw(21), traces()
    alone = Traces({"t": t.additive["t"]}, torch.zeros_like(t.p), t.content)
    assert torch.allclose(reconstruct(image, alone).high, image - t.additive["t"], atol=1e-6)


def test_the_phantoms_bands_are_traces_that_give_its_live_counterpart_back() -> None:
    record = next(
        r for r in Phantom(subjects=3, frames=2, size=SIZE, species=("replay.screen",)).records("train") if r.label == 0
    )
    known = truth(record)
    bands = known.bands(0)
    additive = {
        name: torch.from_numpy(np.ascontiguousarray(band)).permute(2, 0, 1)[None]
        for name, band in zip("bct", bands, strict=True)
    }
    shown, live = (
        torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]
        for picture in (known.shown(0), known.live(0))
    )
    nothing = torch.zeros(1, 1, SIZE, SIZE)
    restored = reconstruct(shown, Traces(additive, nothing, torch.zeros_like(shown)))
    assert torch.allclose(restored.high, live, atol=1e-5)


@pytest.mark.parametrize("size", [128, 160, 192, 256])
def test_fine_bands_of_a_replay_survive_at_every_size_that_the_generator_takes(size: int) -> None:
    record = next(
        r for r in Phantom(subjects=3, frames=2, size=size, species=("replay.screen",)).records("train") if r.label == 0
    )
    shown = torch.from_numpy(np.ascontiguousarray(truth(record).shown(0))).permute(2, 0, 1)[None]
    assert float((25 * split(shown).t).abs().mean()) > 0.01


def test_depth_and_trace_losses_by_hand() -> None:
    assert depth_loss(torch.tensor([0.25, 1.0]), torch.tensor([0.5, 0.0])).item() == pytest.approx(0.625)
    image, live = torch.tensor([1.0, 0.5]), torch.tensor([0.75, 0.5], requires_grad=True)
    loss = trace_loss(image, live, torch.tensor([0.5, 0.25]))
    assert loss.item() == pytest.approx((0.25 + 0.25) / 2)  # |0.25 - 0.5|, |0 - 0.25|
    loss.backward()
    assert live.grad is not None
    assert live.grad.tolist() == [0.5, 0.5]


def test_prior_loss_by_hand() -> None:
    t = torch.zeros(1, 3, SIZE, SIZE)
    t[..., :64] = torch.tensor([0.3, -0.3, 0.0]).reshape(
        3, 1, 1
    )  # mean |T_A| is 0.2, above beta on the left half, signs or no
    p = torch.full((1, 1, SIZE, SIZE), 0.5, requires_grad=True)
    mask = torch.zeros(1, 1, SIZE, SIZE)
    mask[..., :32, :] = 1
    nothing = torch.zeros_like(t)
    assert prior_loss(Traces({"t": t}, p, nothing), mask, 0.1).item() == pytest.approx(0.25 + 0.25)
    assert prior_loss(Traces({"t": t}, p, nothing), 0 * mask, 0.1).item() == pytest.approx(0.25)
    sure = Traces({"t": t}, (t.abs().mean(1, keepdim=True) > 0.1).float(), nothing)
    assert prior_loss(sure, 0 * mask, 0.1).item() == 0
    assert prior_loss(sure, 0 * mask, 0.3).item() == pytest.approx(0.5)


def test_the_mask_of_strong_traces_has_no_gradient() -> None:
    t = draw(3).requires_grad_()
    p = draw(4, 1).requires_grad_()
    prior_loss(Traces({"t": t}, p, draw(5)), torch.ones_like(p), 0.1).backward()
    assert t.grad is None
    assert p.grad is not None


def test_size_loss_by_hand_in_both_reductions() -> None:
    ones = torch.ones(2, 3, SIZE, SIZE)
    found = Traces({"b": ones, "c": 2 * ones, "t": 0 * ones}, ones[:, :1], ones)
    rows = torch.tensor([0])
    assert size_loss(found, rows, "mean").item() == pytest.approx(1 + 4 + 0 + 1)
    assert size_loss(found, rows, "sum").item() == pytest.approx((3 * 1 + 3 * 4 + 1) * SIZE**2)
    assert size_loss(found, torch.tensor([], dtype=torch.long), "mean").item() == 0


def test_scores_are_equation_10_with_the_sign_of_the_traces_turned() -> None:
    t, depth = traces(3), draw(9, 1, 3, 16)
    b, c, fine = filtered(t.additive).values()
    strength = sum(part.abs().sum((1, 2, 3)) for part in (b, c, fine, t.p)) / SIZE**2
    trace = TraceScoreHead()
    output = trace(*t.additive.values(), t.p)
    for alpha in (0.1, 1.0, 5.0):
        spoof = -depth.sum((1, 2, 3)) / (2 * 16**2) + alpha * strength / 2
        ours = DepthScoreHead().score(depth) + 10 * alpha * trace.score(output)
        assert torch.allclose(ours, 10 * alpha - 2 * spoof, atol=1e-4)
    assert torch.allclose(sum(trace.numbers(output).values()), strength, atol=1e-5)


def test_where_a_species_may_be_inpainted_goes_by_the_longest_prefix() -> None:
    named = ("print.flat", "replay.phone", "mask.silicone", "partial.funny_eye", "partial.mouth_paper", "glasses", None)
    assert [region_of(name, REGIONS) for name in named] == [
        "nowhere",
        "nowhere",
        "face",
        "upper",
        "lower",
        "upper",
        "face",
    ]
    assert region_of("print.flat", {**REGIONS, "print": "anywhere"}) == "anywhere"


def test_prior_masks_leave_out_the_face_or_the_half_of_it_where_the_attack_is() -> None:
    points = torch.tensor([[[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.35, 0.7], [0.65, 0.7]]]).expand(5, -1, -1)
    outline = torch.zeros(5, 1, 32, 32)
    outline[..., 8:24, 8:24] = 0.5
    names = ["print.flat", "mask.rigid", "partial.funny_eye", "partial.mouth_paper", None]
    masks = prior_masks(names, points, outline, SIZE, REGIONS)
    face = torch.zeros(SIZE, SIZE)
    face[32:96, 32:96] = 1
    upper = face.clone()
    upper[64:] = 0
    for mask, allowed in zip(masks, (0 * face, face, upper, face - upper, face), strict=True):
        assert float((mask[0] - (1 - allowed)).abs().mean()) < 0.01  # the outline's border is interpolated


def test_the_halves_of_a_face_turn_with_it() -> None:
    upright = torch.tensor([[[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.35, 0.7], [0.65, 0.7]]])
    lying = torch.stack([1 - upright[..., 1], upright[..., 0]], dim=-1)  # by a quarter turn: eyes are on the right
    mask = prior_masks(["glasses"], lying, torch.ones(1, 1, 16, 16), SIZE, REGIONS)[0, 0]
    assert mask[:, :60].all()
    assert not mask[:, 68:].any()
