"""A classic extractor as a head of the model graph: numbers for each record, without learning."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fas_rppg.pulse import InsufficientSignal, measured
from fas_rppg.pulse.colours import Extractor


class PulseHeadModule(nn.Module):
    """Passes the trace (B, T, 3) through; `numbers` measures it, only in evaluation. No loss and no score."""

    def __init__(
        self, rate: float, extractor: Extractor, *, band: tuple[float, float], surrogates: int, seed: int
    ) -> None:
        super().__init__()
        self.rate, self.extractor = rate, extractor
        self.band, self.surrogates, self.seed = band, surrogates, seed

    def forward(self, trace: Tensor) -> Tensor:
        return trace

    @torch.no_grad()
    def numbers(self, output: Tensor) -> dict[str, Tensor]:
        """`heart_rate`, `snr`, and `confidence`, (B,) float32; NaN if a trace has no heart rate."""
        rows = [self._measured(trace) for trace in output]
        heart_rate, snr, confidence = output.new_tensor(rows, dtype=torch.float32).reshape(-1, 3).unbind(1)
        return {"heart_rate": heart_rate, "snr": snr, "confidence": confidence}

    def _measured(self, trace: Tensor) -> tuple[float, float, float]:
        try:
            pulse = measured(trace, self.rate, self.extractor, band=self.band, count=self.surrogates, seed=self.seed)
        except InsufficientSignal:
            return math.nan, math.nan, math.nan
        return pulse.heart_rate, pulse.snr, pulse.confidence
