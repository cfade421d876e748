"""CHROM: chrominance that is independent of specular reflection (de Haan and Jeanne 2013, doi:10.1109/TBME.2013.2266196)."""

from __future__ import annotations

import torch
from torch import Tensor

from fas_rppg.pulse.colours import deviation_ratio, extractor, relative, window_length


@extractor
def chrom(rgb: Tensor, rate: float) -> Tensor:
    """X = 3R - 2G, Y = 1.5R + G - 1.5B, S = X - (sX / sY) Y in Hann windows of 1.6 s that overlap by half.

    Colors are divided by their mean in each window. Instead of the band-pass filter of the paper, only the mean of S is
    subtracted; the later spectrum limits the band. The last window ends with the clip. Overlapping windows are divided
    by the sum of their weights, so that the ends are as strong as the middle. Shapes: (T, 3) -> (T,), (B, T, 3) -> (B,
    T).
    """
    length = window_length(rgb.shape[1], rate)
    length += length % 2
    length = min(length, rgb.shape[1])
    starts = window_starts(rgb.shape[1], length)
    places = starts[:, None] + torch.arange(length)
    red, green, blue = relative(rgb[:, places.to(rgb.device)], 2).unbind(-1)
    x, y = 3 * red - 2 * green, 1.5 * red + green - 1.5 * blue
    s = x - deviation_ratio(x, y) * y
    weight = hann(length).to(rgb)
    weighted = (s - s.mean(-1, keepdim=True)) * weight
    flat = places.flatten().to(rgb.device)
    total = rgb.new_zeros(rgb.shape[:2]).index_add(1, flat, weighted.flatten(1))
    return total / rgb.new_zeros(rgb.shape[1]).index_add(0, flat, weight.repeat(len(starts)))


def window_starts(frames: int, length: int) -> Tensor:
    """First frames of windows that overlap by half; the last window ends with the clip."""
    starts = torch.arange(0, frames - length + 1, max(1, length // 2))
    return starts if starts[-1] == frames - length else torch.cat([starts, starts.new_tensor([frames - length])])


def hann(length: int) -> Tensor:
    """sin^2(pi (n + 1/2) / L): a Hann window without zeros, whose halves add up to one if L is even. Shape (L,), float64."""
    return torch.sin(torch.pi * (torch.arange(length, dtype=torch.float64) + 0.5) / length) ** 2
