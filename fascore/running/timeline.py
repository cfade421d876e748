"""A plot of scores over time: the clips of each file, the threshold, and the clips without a response."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fascore.contract.errors import FascoreError
from fascore.contract.files import writing

if TYPE_CHECKING:
    from fascore.running.predict import Prediction

BONA_FIDE, ATTACK, NOTHING, INK = "#1b6ca8", "#c0392b", "#b8b8b8", "#333333"
HATCHES = {"no_face": "////", "refused": "...."}
WIDTH, HEIGHT = 9.0, 2.3
"""Width of the plot and height per file, in inches."""


def draw_timeline(answers: Sequence[Prediction], path: Path) -> None:
    """Write a PNG of clips' scores over time. Raises FascoreError if there are no clips or writing fails."""
    files: dict[str, list[Prediction]] = {}
    for answer in answers:
        if answer.start is not None:
            files.setdefault(answer.path, []).append(answer)
    if not files:
        raise FascoreError("there is no clip to draw: no file could be read")
    figure = Figure(figsize=(WIDTH, HEIGHT * len(files) + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, clips) in zip(figure.subplots(len(files), squeeze=False)[:, 0], files.items(), strict=True):
        _draw_file(axes, name, clips)
    with writing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _draw_file(axes: Axes, name: str, clips: Sequence[Prediction]) -> None:
    threshold = clips[0].threshold
    scored = [clip for clip in clips if clip.score is not None]
    highest = max([1.0, threshold, *(clip.score for clip in scored if clip.score is not None)])
    labels: set[str] = set()
    for clip in clips:
        assert clip.start is not None and clip.end is not None
        label, color = _style(clip)
        shown = label if label not in labels else None
        labels.add(label)
        if clip.score is None:
            axes.axvspan(
                clip.start,
                clip.end,
                facecolor="none",
                edgecolor=NOTHING,
                hatch=HATCHES.get(clip.response, "xx"),
                linewidth=0,
                label=shown,
            )
            continue
        axes.fill_between([clip.start, clip.end], clip.score, threshold, color=color, alpha=0.15, linewidth=0)
        axes.plot(
            [clip.start, clip.end], [clip.score] * 2, color=color, linewidth=2.6, solid_capstyle="butt", label=shown
        )
    axes.axhline(threshold, color=INK, linewidth=1, linestyle="--", label=f"threshold {threshold:.3f}")
    axes.set(xlim=(0, clips[-1].end), ylim=(-0.03 * highest, 1.03 * highest), xlabel="seconds", ylabel="score")
    axes.set_title(Path(name).name, loc="left", fontsize=10, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=9)


def _style(clip: Prediction) -> tuple[str, str]:
    """The label and the color of a clip."""
    if clip.score is None:
        return f"no response: {clip.response.replace('_', ' ')}", NOTHING
    return (clip.decision, BONA_FIDE if clip.decision == "bona fide" else ATTACK)
