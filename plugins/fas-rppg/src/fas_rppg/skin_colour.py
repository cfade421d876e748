"""Mean color of facial skin over time, at an even sampling rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fas_rppg.traces import Traces, bridged, channel, measured, require_clock
from fascore import Arrays, ModalityModule, NoResponse, Record

RATES = (5.0, 240.0)
"""Lowest and highest frame rate in hertz at which a pulse can be measured."""


def mean_colors(traces: Traces) -> np.ndarray:
    """(T, 3) float64 in [0, 1]: sum over all regions divided by their area."""
    return np.asarray(traces.sums.sum(1) / traces.areas.sum(1)[:, None] / 255)


def on_clock(colors: np.ndarray, times: np.ndarray, even: np.ndarray) -> np.ndarray:
    """Colors (T, 3) at rising `times`, interpolated linearly to the times `even` (N,). Shape (N, 3)."""
    return np.stack([np.interp(even, times, channel) for channel in colors.T], axis=1)


class SkinColourModule(ModalityModule):
    """Stores `value` (1, T, 3) float32 in [0, 1]."""

    def __init__(self, *, channel: str, frames: int, fps: float, gap: int) -> None:
        self.channel, self.frames, self.fps, self.gap = channel, frames, fps, gap

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        times = np.asarray(inputs[0]["times"], dtype=np.float64)
        require_clock(times, shortest=0.0, rates=RATES)
        even = times[0] + np.arange(self.frames) / self.fps
        if times[-1] < even[-1] - 1 / self.fps:
            required = f"{self.frames} samples at {self.fps:g} Hz"
            raise NoResponse(
                "refused",
                f"insufficient signal: it lasts {times[-1] - times[0]:.2f} s, but {required} are {even[-1] - even[0]:.2f} s",
            )
        limit = int(np.searchsorted(times, even[-1])) + 1
        traces = bridged(measured(channel(record, self.channel), dict(inputs[0]), limit), self.gap)
        return {"value": on_clock(mean_colors(traces), traces.times, even).astype(np.float32)[None]}
