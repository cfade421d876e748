"""A classic extractor as a head of the model graph: numbers of each record, nothing learnt."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fas_rppg.pulse import EXTRACTORS, InsufficientSignal, measured
from fas_rppg.pulse_components import PulseHead


class PulseHeadModule(nn.Module):
    """Passes its trace (B, T, 3) on; `numbers` measures it, in evaluation only. No loss, no score."""

    def __init__(self, config: PulseHead, rate: float) -> None:
        super().__init__()
        self.config, self.rate = config, rate

    def forward(self, trace: Tensor) -> Tensor:
        return trace

    @torch.no_grad()
    def numbers(self, output: Tensor) -> dict[str, Tensor]:
        """`heart_rate`, `snr` and `confidence`, (B,) float32, NaN where a trace gives no heart rate."""
        rows = [self._measured(trace) for trace in output]
        table = output.new_tensor(rows, dtype=torch.float32).reshape(-1, len(self.config.numbers))
        return dict(zip(self.config.numbers, table.unbind(1)))

    def _measured(self, trace: Tensor) -> tuple[float, float, float]:
        config = self.config
        try:
            found = measured(
                trace, self.rate, EXTRACTORS[config.method], band=config.band, count=config.surrogates, seed=config.seed
            )
        except InsufficientSignal:
            return math.nan, math.nan, math.nan
        return found.heart_rate, found.snr, found.confidence
