"""Charts as inline SVG. Colors are the page's CSS variables, so the same drawing works in light mode, dark mode, and print."""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import norm

from fascore.evaluation.roc import Floats, roc

INK, GRID, FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH = (f"#0{place}0{place}0{place}" for place in range(1, 9))
VARIABLES = {
    INK: "--ink",
    GRID: "--line",
    FIRST: "--genuine",
    SECOND: "--attack",
    THIRD: "--third",
    FOURTH: "--fourth",
    FIFTH: "--fifth",
    SIXTH: "--sixth",
}
SERIES = (FIRST, SECOND, THIRD, FOURTH)
GROUPS = (SECOND, THIRD, FOURTH, FIFTH, SIXTH)
DASHES = ("-", "--", ":", "-.")
MARKERS = "osD^vPX*"
POINTS = 600
LONGEST = 40
"""Maximum length of a name in a chart, in characters."""
RATES = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99)
STYLE = {
    "svg.fonttype": "none",
    "font.size": 9.5,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
}


class Line(NamedTuple):
    """One pair of classes to draw as a curve: scores in increasing order, and the threshold of the operating point."""

    name: str
    bona_fide: Floats
    attack: Floats
    threshold: float | None = None


class Effect(NamedTuple):
    """One difference between two systems, with its interval if there is one. `group` names the figure, `name` the system."""

    group: str
    name: str
    difference: float
    low: float | None = None
    high: float | None = None


def roc_chart(lines: Sequence[Line], name: str) -> str:
    """Bona fide accepted versus attacks accepted, with the operating point of each curve."""
    figure, axes = _figure(4.6, 4.1, name)
    axes.plot([0, 1], [0, 1], color=GRID, linewidth=1)
    for line, (color, dash) in zip(lines, styles()):
        curve = roc(line.bona_fide, line.attack)
        axes.plot(
            *thinned(curve.false_accept, 1 - curve.false_reject), color=color, linestyle=dash, label=label(line.name)
        )
        if line.threshold is not None:
            x, y = operating_point(line, line.threshold)
            axes.plot(x, 1 - y, "o", color=color, markersize=6)
    axes.set(xlabel="attacks accepted", ylabel="bona fide accepted", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(loc="lower right", frameon=False, labelcolor=INK)
    return _svg(figure, name)


def det_chart(lines: Sequence[Line], name: str) -> str:
    """Both error rates on normal deviate axes, where normally distributed scores give straight lines. Rates of 0 and 1 lie outside."""
    figure, axes = _figure(4.6, 4.1, name)
    for line, (color, dash) in zip(lines, styles()):
        curve = roc(line.bona_fide, line.attack)
        inside = (
            (curve.accepted > 0)
            & (curve.rejected > 0)
            & (curve.accepted < curve.n_attack)
            & (curve.rejected < curve.n_bona_fide)
        )
        x, y = norm.ppf(curve.false_accept[inside]), norm.ppf(curve.false_reject[inside])
        axes.plot(*thinned(x, y), color=color, linestyle=dash, label=label(line.name))
        if line.threshold is not None:
            point = operating_point(line, line.threshold)
            if all(0 < rate < 1 for rate in point):
                axes.plot(*norm.ppf(point), "o", color=color, markersize=6)
    ticks = norm.ppf(RATES)
    labels = [f"{100 * rate:g}" for rate in RATES]
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    axes.set(xlabel="attacks accepted, %", ylabel="bona fide rejected, %", xlim=ticks[[0, -1]], ylim=ticks[[0, -1]])
    axes.legend(loc="upper right", frameon=False, labelcolor=INK)
    return _svg(figure, name)


def histogram_chart(groups: Mapping[str, tuple[Floats, bool]], threshold: float | None, name: str) -> str:
    """Scores of each group (increasing, is bona fide), one row per group on a shared axis. Errors at the threshold are in full color."""
    figure, axes = _figure(7.8, 0.8 + 0.42 * len(groups), name)
    every = np.concatenate([scores for scores, _ in groups.values()])
    low, high = float(every.min()), float(every.max())
    room = (high - low) * 0.02 or 0.5
    edges = np.linspace(low - room, high + room, 61)
    if threshold is not None and edges[0] < threshold < edges[-1]:
        edges[np.abs(edges - threshold).argmin()] = (
            threshold  # a bin edge, so that each bar is entirely right or entirely wrong
        )
    upwards = list(groups.items())[::-1]
    for row, (_, (scores, genuine)) in enumerate(upwards):
        heights = np.histogram(scores, edges)[0].astype(float)
        heights *= 0.86 / heights.max()
        wrong = np.zeros(60, bool) if threshold is None else (edges[:-1] < threshold) == genuine
        color = FIRST if genuine else SECOND
        for part, alpha in ((~wrong, 0.4), (wrong, 1.0)):
            shown = part & (heights > 0)
            axes.bar(
                edges[:-1][shown],
                heights[shown],
                np.diff(edges)[shown],
                row,
                align="edge",
                color=color,
                alpha=alpha,
                linewidth=0,
            )
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.set_yticks(
        range(len(groups)),
        [f"{label(group)} ({len(scores)})" for group, (scores, _) in upwards],
        verticalalignment="bottom",
    )
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="score: higher is more bona fide", xlim=edges[[0, -1]], ylim=(-0.05, len(groups)))
    axes.spines["left"].set_visible(False)
    return _svg(figure, name)


def calibration_chart(mean: Floats, share: Floats, name: str) -> str:
    """Share of bona fide versus the mean score of each bin. Calibrated scores lie on the diagonal."""
    figure, axes = _figure(4.6, 4.1, name)
    axes.plot([0, 1], [0, 1], color=GRID, linewidth=1)
    axes.plot(mean, share, "o-", color=FIRST, markersize=5)
    axes.set(xlabel="mean score in the bin", ylabel="share of bona fide", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    return _svg(figure, name)


def training_chart(
    series: Mapping[str, Mapping[float, float]], ylabel: str, name: str, *, spread: float = math.inf
) -> str:
    """Values over epochs, one line each. The axis is logarithmic if all values are positive and the largest exceeds `spread` times the smallest."""
    figure, axes = _figure(4.6, 3 + 0.17 * math.ceil(len(series) / 2), name)
    for (series_name, points), (color, dash) in zip(series.items(), styles()):
        marker = "o" if len(points) < 2 else None
        axes.plot(
            list(points), list(points.values()), color=color, linestyle=dash, label=label(series_name), marker=marker
        )
    values = [value for points in series.values() for value in points.values()]
    if values and 0 < min(values) * spread < max(values) < math.inf:
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel=ylabel)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, labelcolor=INK)
    return _svg(figure, name)


def scatter_chart(groups: Mapping[str, np.ndarray], name: str) -> str:
    """Points (N, 2) of each group, without axes. The first group has its own color. The others cycle through five, with a new marker per cycle."""
    figure, axes = _figure(7.8, 4.6, name)
    looks = [(FIRST, MARKERS[0]), *((color, marker) for marker in MARKERS for color in GROUPS)]
    for (group, points), (color, marker) in zip(groups.items(), cycle(looks)):
        axes.scatter(
            points[:, 0], points[:, 1], s=30, color=color, marker=marker, alpha=0.75, linewidths=0, label=label(group)
        )
    axes.set_axis_off()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, labelcolor=INK)
    return _svg(figure, name)


def forest_chart(effects: Sequence[Effect], systems: Sequence[str], name: str) -> str:
    """Differences in percentage points with intervals, one row each, grouped by figure. A vertical line marks zero difference.

    `systems` gives the order of the colors, so that a system has the color of its curve.
    """
    colors = dict(zip(systems, styles()))
    rows: list[Effect | str] = []
    for group in dict.fromkeys(effect.group for effect in effects):
        rows += [group, *(effect for effect in effects if effect.group == group)]
    figure, axes = _figure(7.8, 0.8 + 0.26 * len(rows), name)
    axes.axvline(0, color=INK, linewidth=1.2)
    for place, row in enumerate(rows):
        if isinstance(row, Effect):
            color, _ = colors[row.name]
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [place, place], color=color, linewidth=2)
            axes.plot(row.difference, place, "o", color=color, markersize=5)
    axes.set_yticks(range(len(rows)), [label(row.name if isinstance(row, Effect) else row) for row in rows])
    for text, row in zip(axes.get_yticklabels(), rows):
        text.set_fontweight("normal" if isinstance(row, Effect) else "bold")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="difference, percentage points", ylim=(len(rows) - 0.3, -0.7))
    return _svg(figure, name)


def label(name: str) -> str:
    """A name as drawn: on one line, truncated if long, with dollar signs and leading underscores neutralized for matplotlib."""
    shown = " ".join(name.split())
    shown = shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
    return ("\u200b" if shown.startswith("_") else "") + shown.replace("$", r"\$")


def styles() -> Iterator[tuple[str, str]]:
    """Yield the color and dash pattern of each successive line, endlessly."""
    return zip(cycle(SERIES), cycle([dash for dash in DASHES for _ in SERIES]))


def operating_point(line: Line, threshold: float) -> tuple[float, float]:
    """Attacks accepted and bona fide rejected, as rates."""
    accepted = 1 - np.searchsorted(line.attack, threshold, side="left") / len(line.attack)
    return float(accepted), float(np.searchsorted(line.bona_fide, threshold, side="left") / len(line.bona_fide))


def thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """At most POINTS corners of a staircase, evenly spaced along its length, so that a report on a million scores stays small."""
    flat = [(values[:-2] == values[1:-1]) & (values[1:-1] == values[2:]) for values in (x, y)]
    corner = np.concatenate([[True], ~(flat[0] | flat[1]), [True]]) if len(x) > 2 else np.ones(len(x), bool)
    x, y = x[corner], y[corner]
    if len(x) <= POINTS:
        return x, y
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    kept = np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)).clip(0, len(x) - 1))
    return x[kept], y[kept]


def _figure(width: float, height: float, name: str) -> tuple[Figure, Axes]:
    with matplotlib.rc_context(STYLE):
        figure = Figure((width, height), layout="constrained")
        return figure, figure.add_subplot(label=name)


def _svg(figure: Figure, name: str) -> str:
    """The chart as an HTML element. The output is deterministic."""
    buffer = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        FigureCanvasSVG(figure).print_svg(buffer, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = buffer.getvalue()
    for unwanted in (
        r"<metadata>.*?</metadata>",
        r"<style.*?</style>",
        r'(?<=<g) id="[^"]*"',
        r" font-family: [^;\"]*;",
    ):
        text = re.sub(unwanted, "", text, flags=re.DOTALL)
    opening = rf'<svg class="chart" viewBox="\1" role="img" aria-label="{html.escape(name)}">'
    text = re.sub(r'.*?<svg [^>]*viewBox="([^"]*)"[^>]*>', opening, text, count=1, flags=re.DOTALL)
    for color, variable in VARIABLES.items():
        text = text.replace(color, f"var({variable})")
    return re.sub(r"\s+", " ", text)
