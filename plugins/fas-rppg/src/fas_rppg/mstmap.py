"""MSTmap: color of every union of facial regions over time (Niu et al. 2020; Yu et al. 2024, section III-B)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fas_rppg.scaling import filled_range, scaled_map
from fas_rppg.traces import bridged, channel, evenly_timed, measured, require_clock
from fascore import Arrays, Loaded, ModalityModule, Record

if TYPE_CHECKING:
    from torch import Tensor


def membership(regions: int = 6) -> np.ndarray:
    """B (2^K - 1, K) in {0, 1}: row r contains the binary digits of r + 1; region 1 is the most significant."""
    return np.arange(1, 1 << regions)[:, None] >> np.arange(regions - 1, -1, -1) & 1


def region_means(sums: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """M = (B S) / (B A): mean color of every union of disjoint regions, (T, K, C) and (T, K) -> (C, 2^K - 1, T).

    The mean of a union without pixels is 0.
    """
    b = membership(areas.shape[1]).astype(np.float64)
    total, area = np.einsum("rk,tkc->crt", b, sums), b @ areas.T
    return np.divide(total, area, out=np.zeros_like(total), where=area > 0)


def padded(rows: np.ndarray, length: int, how: Literal["reflect", "tail"]) -> np.ndarray:
    """(…, T) extended to `length`: mirrored at the last frame without repeating it, or followed by a copy of the last frames."""
    present, missing = rows.shape[-1], length - rows.shape[-1]
    if how == "reflect":
        return np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, missing)], mode="reflect")
    return np.concatenate([rows, rows[..., (np.arange(missing) - missing) % present]], axis=-1)


def moving_mean(rows: np.ndarray) -> np.ndarray:
    """Mean of each sample and its neighbors in time: of three samples, or two at the ends. (…, T) -> (…, T)."""
    total, count = rows.copy(), np.full(rows.shape[-1], 3)
    total[..., 1:] += rows[..., :-1]
    total[..., :-1] += rows[..., 1:]
    count[[0, -1]] = 2
    return total / count


def normalized(rows: np.ndarray, how: Literal["minmax", "ac_dc", "none"]) -> np.ndarray:
    """(C, R, T): each row and channel scaled to 0 to 255 (0 if flat), in percent around its mean (0 if black), or unchanged."""
    if how == "minmax":
        return filled_range(rows, axes=(-1,))
    if how == "none":
        return rows
    mean = rows.mean(axis=-1, keepdims=True)
    return 100 * np.divide(rows - mean, mean, out=np.zeros_like(rows), where=mean > 0)


class MstMapModule(ModalityModule):
    """Stores `value` (1, 3, 63, T) float32, not resized; `valid` (1, T) uint8, 1 where a face was measured; `fps` (1,) in hertz."""

    def __init__(
        self,
        *,
        channel: str,
        frames: int,
        normalize: Literal["minmax", "ac_dc", "none"],
        pad: Literal["reflect", "tail"],
        gap: int,
        shortest: float,
        rates: tuple[float, float],
        uneven: float,
        resample: bool,
        size: int | None,
    ) -> None:
        self.channel, self.frames, self.normalize, self.pad, self.gap = channel, frames, normalize, pad, gap
        self.shortest, self.rates, self.uneven, self.resample, self.size = shortest, rates, uneven, resample, size

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        require_clock(inputs[0]["times"], shortest=self.shortest, rates=self.rates)
        gapless = bridged(measured(channel(record, self.channel), inputs[0], self.frames), self.gap)
        traces = evenly_timed(gapless, uneven=self.uneven, resample=self.resample)
        rows = region_means(traces.sums, traces.areas)[..., : self.frames]
        valid = np.zeros(self.frames, dtype=np.uint8)
        valid[: rows.shape[-1]] = traces.seen[: self.frames]
        value = normalized(moving_mean(padded(rows, self.frames, self.pad)), self.normalize)
        return {"value": value.astype(np.float32)[None], "valid": valid[None], "fps": np.array([traces.fps])}

    def load(self, stored: Mapping[str, Tensor], draws: Any, inputs: Sequence[Loaded]) -> Loaded:
        value = stored["value"].float()
        return scaled_map(value if self.normalize == "ac_dc" else (value - 127.5) / 128, stored["valid"], self.size)
