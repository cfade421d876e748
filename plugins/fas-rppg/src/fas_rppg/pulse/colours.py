"""Mean colors as the input of extractors, and checks of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Protocol

import torch
from torch import Tensor

from fascore import FascoreError, NoResponse

WINDOW = 1.6
"""Length of one window in seconds; a heartbeat at 40 per minute almost fits (de Haan and Jeanne 2013; Wang et al. 2017)."""


class InsufficientSignal(NoResponse):
    """A clip without a heart rate: it is too short, or nothing in it changes."""

    def __init__(self, why: str) -> None:
        super().__init__("refused", f"insufficient signal: {why}")


class Extractor(Protocol):
    """A method: mean colors (T, 3) or (B, T, 3) and frame rate in hertz -> pulse (T,) or (B, T)."""

    def __call__(self, rgb: Tensor, rate: float) -> Tensor: ...


def extractor(method: Callable[[Tensor, float], Tensor]) -> Extractor:
    """Make an Extractor from a method on checked batches, (B, T, 3) -> (B, T)."""

    @wraps(method)
    def extract(rgb: Tensor, rate: float) -> Tensor:
        batch = checked(rgb, rate)
        return method(batch, rate) if rgb.ndim == 3 else method(batch, rate).squeeze(0)

    return extract


def checked(rgb: Tensor, rate: float) -> Tensor:
    """(B, T, 3) of floats. Raises FascoreError for anything but a trace of mean colors."""
    if rgb.ndim not in (2, 3) or rgb.shape[-1] != 3 or rgb.shape[-2] < 2:
        raise FascoreError(
            f"mean colors must be (T, 3) or (B, T, 3) with at least two frames, RGB last; got {tuple(rgb.shape)}"
        )
    checked_rate(rate)
    batch = rgb if rgb.is_floating_point() else rgb.float()
    batch = batch if rgb.ndim == 3 else batch.unsqueeze(0)
    if not bool(torch.isfinite(batch).all()):
        raise FascoreError("a mean color is not finite; remove or interpolate frames without skin")
    if bool((batch < 0).any()):
        raise FascoreError("a mean color is negative; pass intensities, not differences")
    if bool((batch.mean(1) == 0).any()):
        raise FascoreError("a color channel is black in every frame, so its relative change is undefined")
    return batch


def checked_rate(rate: float) -> None:
    """Raises FascoreError for an invalid frame rate."""
    if not (math.isfinite(rate) and rate > 0):
        raise FascoreError(f"the frame rate is {rate:g} Hz; use a positive number of frames per second")


def relative(rgb: Tensor, dim: int = 1) -> Tensor:
    """Colors divided by their mean over time, which is axis `dim`."""
    return rgb / rgb.mean(dim, keepdim=True).clamp_min(torch.finfo(rgb.dtype).tiny)


def widened(signal: Tensor) -> Tensor:
    """The signal as float64, if the device supports it."""
    return signal if signal.device.type == "mps" else signal.double()


def window_length(frames: int, rate: float) -> int:
    """Number of frames of one window. Raises InsufficientSignal if the clip is shorter."""
    length = max(2, round(WINDOW * rate))
    if frames < length:
        raise InsufficientSignal(f"{frames} frames at {rate:g} Hz are shorter than one window of {WINDOW:g} s")
    return length


def deviation_ratio(first: Tensor, second: Tensor, dim: int = -1) -> Tensor:
    """Ratio of the standard deviations of two signals, with the axis kept for broadcasting; 0 if the second signal is constant."""
    tiny = torch.finfo(first.dtype).tiny
    deviations = [signal.var(dim, correction=0, keepdim=True).clamp_min(tiny).sqrt() for signal in (first, second)]
    constant = second.var(dim, correction=0, keepdim=True) <= tiny
    return torch.where(constant, 0, deviations[0] / deviations[1])
