"""Mean colors as extractors take them, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Protocol

import torch
from torch import Tensor

from fascore import FascoreError, NoResponse

WINDOW = 1.6
"""Seconds of one window: a heart beat at 40 a minute nearly fits (de Haan and Jeanne 2013; Wang et al. 2017)."""


class InsufficientSignal(NoResponse):
    """A clip that shows no heart rate: too short, or nothing in it changes."""

    def __init__(self, why: str) -> None:
        super().__init__("refused", f"insufficient signal: {why}")


class Extractor(Protocol):
    """A method: mean colors (T, 3) or (B, T, 3) and hertz -> pulse (T,) or (B, T)."""

    def __call__(self, rgb: Tensor, rate: float) -> Tensor: ...


def extractor(method: Callable[[Tensor, float], Tensor]) -> Extractor:
    """An Extractor of a method on checked batches, (B, T, 3) -> (B, T)."""

    @wraps(method)
    def extract(rgb: Tensor, rate: float) -> Tensor:
        batch = checked(rgb, rate)
        return method(batch, rate) if rgb.ndim == 3 else method(batch, rate).squeeze(0)

    return extract


def checked(rgb: Tensor, rate: float) -> Tensor:
    """(B, T, 3) of floats. Raises FascoreError for what is not a trace of mean colors."""
    if rgb.ndim not in (2, 3) or rgb.shape[-1] != 3 or rgb.shape[-2] < 2:
        raise FascoreError(
            f"mean colors are (T, 3) or (B, T, 3) with two frames or more, RGB last; got {tuple(rgb.shape)}"
        )
    checked_rate(rate)
    batch = rgb if rgb.is_floating_point() else rgb.float()
    batch = batch if rgb.ndim == 3 else batch.unsqueeze(0)
    if not bool(torch.isfinite(batch).all()):
        raise FascoreError("a mean color is not finite; leave out or interpolate frames in which no skin was seen")
    if bool((batch < 0).any()):
        raise FascoreError("a mean color is negative; give intensities, not differences")
    if bool((batch.mean(1) == 0).any()):
        raise FascoreError("a color channel is black in every frame; its relative change is not defined")
    return batch


def checked_rate(rate: float) -> None:
    """Raises FascoreError for what is not a frame rate."""
    if not (math.isfinite(rate) and rate > 0):
        raise FascoreError(f"the frame rate is {rate:g} Hz; give a positive number of frames a second")


def relative(rgb: Tensor, dim: int = 1) -> Tensor:
    """Colors divided by their mean over time, axis `dim`."""
    return rgb / rgb.mean(dim, keepdim=True).clamp_min(torch.finfo(rgb.dtype).tiny)


def widened(signal: Tensor) -> Tensor:
    """As float64, where the device has it."""
    return signal if signal.device.type == "mps" else signal.double()


def window_length(frames: int, rate: float) -> int:
    """Frames of one window. Raises InsufficientSignal where the clip is shorter."""
    length = max(2, round(WINDOW * rate))
    if frames < length:
        raise InsufficientSignal(f"{frames} frames at {rate:g} Hz are shorter than one window of {WINDOW:g} s")
    return length


def deviation_ratio(first: Tensor, second: Tensor, dim: int = -1) -> Tensor:
    """Standard deviation of the first signal over that of the second, kept for broadcasting; 0 where the second does not change."""
    tiny = torch.finfo(first.dtype).tiny
    deviations = [signal.var(dim, correction=0, keepdim=True).clamp_min(tiny).sqrt() for signal in (first, second)]
    still = second.var(dim, correction=0, keepdim=True) <= tiny
    return torch.where(still, 0, deviations[0] / deviations[1])
