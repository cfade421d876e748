"""The picture of `fascore pulse`: trace, spectrum, and the SNR compared with that of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fas_rppg.clip_pulse import ClipPulse
from fas_rppg.pulse import power_spectrum
from fas_rppg.pulse.spectrum import NEAR, NOISE, beats_of
from fascore import writing

COLORS = ("#c0392b", "#2e8b57", "#2c7fb8")
INK, FAINT, PULSE = "#333333", "#b0b0b0", "#8e3b8a"


def write(figure: Figure, path: Path) -> None:
    """Write the figure as PNG; an interrupted call leaves no partial file. Raises FascoreError if the file cannot be written."""
    with writing(path) as temporary, temporary.open("wb") as file:
        FigureCanvasAgg(figure).print_png(file)


def draw(clip: ClipPulse) -> Figure:
    """Colors, pulse, spectrum, and null distribution in one figure."""
    figure = Figure(figsize=(11, 8.6), dpi=120, layout="constrained")
    places = [["colors", "colors"], ["pulse", "pulse"], ["spectrum", "null"]]
    axes: dict[str, Axes] = figure.subplot_mosaic(places, width_ratios=[2, 1], height_ratios=[1, 1, 1.5])
    figure.suptitle(f"{clip.file.name}\n{_headline(clip)}", fontsize=13, color=INK)
    _colors(axes["colors"], clip)
    _pulse(axes["pulse"], clip)
    _spectrum(axes["spectrum"], clip)
    _null(axes["null"], clip)
    for axis in axes.values():
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=9, colors=INK)
    return figure


def _headline(clip: ClipPulse) -> str:
    pulse, prefix = clip.pulse, "" if clip.certain else "insufficient signal: largest peak "
    return f"{prefix}{pulse.heart_rate:.1f} beats per minute, SNR {pulse.snr:.1f} dB, confidence {pulse.confidence:.3f} ({clip.method})"


def _colors(axis: Axes, clip: ClipPulse) -> None:
    change = 100 * (clip.colors / clip.colors.mean(0) - 1)
    for channel, (name, color) in enumerate(zip(("red", "green", "blue"), COLORS)):
        axis.plot(clip.times, change[:, channel], color=color, lw=0.9, label=name)
    axis.set_ylabel("change, %", fontsize=10)
    axis.set_title(f"mean color of the {clip.skin}", fontsize=10.5, loc="left")
    axis.legend(loc="upper right", ncols=3, fontsize=9, frameon=False, bbox_to_anchor=(1, 1.22))
    axis.margins(x=0)


def _pulse(axis: Axes, clip: ClipPulse) -> None:
    trace = clip.pulse.pulse.cpu().numpy()
    axis.plot(clip.times, trace, color=FAINT, lw=0.8, label="as extracted")
    axis.plot(
        clip.times,
        _within(trace, clip.rate, clip.band),
        color=PULSE,
        lw=1.2,
        label="{:g} to {:g} beats per minute".format(*clip.band),
    )
    axis.set_ylabel("a. u.", fontsize=10)
    axis.set_xlabel("seconds", fontsize=10)
    axis.set_title(f"pulse by {clip.method}", fontsize=10.5, loc="left")
    axis.legend(loc="upper right", ncols=2, fontsize=9, frameon=False, bbox_to_anchor=(1, 1.22))
    axis.margins(x=0)


def _within(trace: np.ndarray, rate: float, band: tuple[float, float]) -> np.ndarray:
    """The trace limited to the band, by Fourier series; for display only."""
    hertz = np.fft.rfftfreq(len(trace), 1 / rate)
    inside = (hertz * 60 >= band[0]) & (hertz * 60 <= band[1])
    return np.fft.irfft(np.fft.rfft(trace) * inside, len(trace))


def _spectrum(axis: Axes, clip: ClipPulse) -> None:
    power = power_spectrum(clip.pulse.pulse, clip.rate)
    beats = beats_of(power, clip.rate).cpu().numpy()
    shown = (beats >= 20) & (beats <= NOISE[1])
    inside = torch.from_numpy((beats >= clip.band[0]) & (beats <= clip.band[1])).to(power.device)
    relative = (power / power[inside].max()).cpu().numpy()[shown]
    for multiple, label in ((1, "counted as signal"), (2, None)):
        middle = multiple * clip.pulse.heart_rate
        axis.axvspan(
            middle - 60 * NEAR, min(middle + 60 * NEAR, NOISE[1]), color=PULSE, alpha=0.12, lw=0, label=label
        ) if middle < NOISE[1] else None
    axis.plot(beats[shown], relative, color=INK, lw=1.1)
    axis.axvspan(20, clip.band[0], color=FAINT, alpha=0.25, lw=0, label="not searched")
    axis.axvspan(clip.band[1], NOISE[1], color=FAINT, alpha=0.25, lw=0)
    axis.set(xlim=(20, NOISE[1]), ylim=(0, min(1.6, 1.08 * float(relative.max()))))
    axis.set_xlabel("beats per minute", fontsize=10)
    axis.set_ylabel("power, maximum in the band = 1", fontsize=10)
    axis.set_title("spectrum", fontsize=10.5, loc="left")
    axis.legend(loc="upper right", ncols=2, fontsize=9, frameon=False, bbox_to_anchor=(1, 1.13))


def _null(axis: Axes, clip: ClipPulse) -> None:
    null = clip.pulse.null_snr.cpu().numpy()
    axis.hist(null[np.isfinite(null)], bins=24, color=FAINT, label=f"{len(null)} clips of similar noise")
    axis.axvline(clip.pulse.snr, color=PULSE, lw=2, label="this clip")
    axis.set_xlabel("SNR, dB", fontsize=10)
    axis.set_ylabel("clips", fontsize=10)
    axis.set_title(f"p = {clip.pulse.p_value:.3f}", fontsize=10.5, loc="left")
    axis.legend(loc="upper center", fontsize=9, frameon=False, bbox_to_anchor=(0.5, -0.16))
