"""`fascore phantom show`: contact sheets of one presentation or of every species, for visual inspection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from scipy.ndimage import uniform_filter1d

from fas_phantom.canvas import Field
from fas_phantom.components import Phantom
from fas_phantom.oracle import Truth, truth
from fas_phantom.species import SPECIES
from fascore import FascoreError, Record

BONA_FIDE = "bona_fide"
FREEZING = 273.15
WARM = Normalize(18, 38)
"""Color scale of thermal pictures, in degrees Celsius."""
SKIN = ("forehead", "cheek_left", "cheek_right")
"""Regions whose green channel is plotted."""
INK, LIVE, RECORDED = "#c0392b", "#2c7fb8", "#999999"


class Channels(NamedTuple):
    """One recorded frame: RGB (H, W, 3) uint8, millimeters (NaN: unknown), infrared uint8, degrees Celsius."""

    rgb: np.ndarray
    depth: np.ndarray
    infrared: np.ndarray
    thermal: np.ndarray


def choose(dataset: Phantom, species: str, subject: int) -> Record:
    """Return the first clip of a species, or bona fide, of a site's person by number.

    Raises FascoreError if there is no such person.
    """
    wanted = None if species == BONA_FIDE else species
    records = sorted(
        (record for record in dataset.records("all") if record.species == wanted),
        key=lambda record: (record.subject or "", record.id),
    )
    people = sorted({record.subject for record in records if record.subject})
    if subject >= len(people):
        raise FascoreError(f"--subject {subject}: not a subject; choose a number from 0 to {len(people) - 1}")
    return next(record for record in records if record.subject == people[subject])


def sheet(record: Record) -> Figure:
    """Draw all that is known about a presentation: live, attack, trace and bands, inpainting, channels, and pulse."""
    known, frame = truth(record), telling(truth(record))
    figure = _figure(15.5, 16.4, f"{record.species or 'bona fide'}   ({_where(record)}, frame {frame})")
    axes = figure.subplots(
        4, 4, gridspec_kw={"hspace": 0.13, "wspace": 0.11, "left": 0.015, "right": 0.975, "top": 0.945, "bottom": 0.02}
    )
    recorded, live = channels(record, frame), counterpart(known, frame)
    _picture(axes[0, 0], known.live(frame), "live counterpart")
    _picture(axes[0, 1], known.shown(frame), "attack, before noise and codec")
    _picture(axes[0, 2], recorded.rgb, f"attack as recorded ({_coding(known)})")
    _inpainting(axes[0, 3], known, frame)
    _traces(axes[1], known, frame)
    for place, (what, shown) in enumerate((("live", live), ("attack", recorded))):
        _picture(axes[2, place], shown.depth, f"depth, {what} (mm)", reach(known, frame), "viridis_r")
        _picture(axes[2, 2 + place], shown.infrared, f"near infrared, {what}", Normalize(0, 255), "gray")
        _picture(axes[3, place], shown.thermal, f"thermal, {what} (°C)", WARM, "inferno")
    _pulse(_joined(figure, axes[3, 2], axes[3, 3]), record, known)
    return figure


def overview(records: Sequence[Record]) -> Figure:
    """Draw one row per species: live, attack, trace, depth, infrared, and thermal."""
    rows = -(-len(records) // 3)
    figure = _figure(21, 1.5 * rows + 0.6, f"fas-phantom, every species   (site {truth(records[0]).clip.site})")
    sections: np.ndarray = np.asarray(figure.subfigures(2, 1, height_ratios=(0.6, 1.5 * rows)))
    body = sections[1]
    blocks = body.subfigures(rows, 3, squeeze=False, wspace=0.02).T.ravel()
    for block, record in zip(blocks, records):
        known, frame = truth(record), telling(truth(record))
        shown = channels(record, frame)
        axes = block.subplots(
            1, 6, gridspec_kw={"wspace": 0.03, "left": 0.01, "right": 0.99, "top": 0.75, "bottom": 0.0}
        )
        block.suptitle(record.species or "bona fide", fontsize=10, fontweight="bold", x=0.01, y=0.99, ha="left")
        gain = amplification(known.trace(frame), known.hull(frame))
        for axis, (picture, limits, colors, title) in zip(
            axes,
            (
                (known.live(frame), None, None, "live"),
                (shown.rgb, None, None, "recorded"),
                (amplified(known.trace(frame), gain), None, None, f"trace × {gain}"),
                (shown.depth, reach(known, frame), "viridis_r", "depth"),
                (shown.infrared, Normalize(0, 255), "gray", "infrared"),
                (shown.thermal, WARM, "inferno", "thermal"),
            ),
        ):
            _picture(axis, picture, title, limits, colors, size=7, bar=False)
    return figure


def write(figure: Figure, path: Path) -> None:
    """Write a sheet as PNG, completely or not at all. Raises FascoreError if that is not possible."""
    if path.suffix.lower() != ".png":
        raise FascoreError(f"--out {path}: sheets are PNG files; choose a name that ends in .png")
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            FigureCanvasAgg(figure).print_png(file)
        temporary.replace(path)
    except OSError as error:
        raise FascoreError(
            f"--out {path}: cannot be written ({error.strerror}); choose a file in an existing, writable folder"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def telling(known: Truth) -> int:
    """Return the index of the frame that best combines an open mouth with open eyes."""
    poses = [known.scene.attack.acted(known.scene.pose(index), index) for index in range(known.clip.frames)]
    return max(range(len(poses)), key=lambda index: poses[index].mouth - poses[index].lids)


def channels(record: Record, frame: int) -> Channels:
    """Return a frame of a record from all its channels."""
    rgb, depth, infrared, thermal = (
        next(iter(record.channels[name].read([frame]))).image for name in ("rgb", "depth", "infrared", "thermal")
    )
    return Channels(rgb, np.where(depth > 0, depth, np.nan), infrared, thermal / 100 - FREEZING)


def counterpart(known: Truth, frame: int) -> Channels:
    """Return a frame of the live counterpart as the cameras would record it."""
    scene = known.counterpart
    depth = scene.depth(frame)
    return Channels(
        scene.rgb(frame),
        np.where(depth > 0, depth, np.nan),
        scene.infrared(frame),
        scene.thermal(frame) / 100 - FREEZING,
    )


def reach(known: Truth, frame: int) -> Normalize:
    """Color scale of depth in millimeters: from in front of the live counterpart's nose to behind its ears."""
    face = float(np.median(known.counterpart.metres(frame)[known.hull(frame)])) * 1000
    return Normalize(face - 70, face + 130)


def amplification(trace: Field, face: np.ndarray) -> int:
    """The power of 2, at most 32, by which a trace can be multiplied with hardly any clipping in the face."""
    strong = float(np.percentile(np.abs(trace[face]), 99)) if face.any() else 0.0
    return int(2 ** np.clip(np.floor(np.log2(0.5 / max(strong, 1e-6))), 0, 5))


def amplified(trace: Field, gain: int) -> Field:
    """A signed trace as a picture: gray where it is 0."""
    return np.clip(0.5 + gain * trace, 0, 1)


def series(record: Record, known: Truth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Changes of the green of forehead and cheeks in percent, (F,) each.

    They are as recorded, the true pulse in the picture shown, and the true pulse of the depicted person.
    """
    frames = range(known.clip.frames)
    skin = [np.any([known.regions(index)[name] for name in SKIN], axis=0) for index in frames]
    recorded = np.array(
        [frame.image[..., 1][skin[index]].mean() for index, frame in enumerate(record.channels["rgb"].read())]
    )
    seen = np.array(
        [
            known.pulsation(index)[..., 1][skin[index]].mean() / known.shown(index)[..., 1][skin[index]].mean()
            for index in frames
        ]
    )
    second = max(1, round(known.clip.capture.rate))
    slow = uniform_filter1d(recorded, min(second, len(recorded)), mode="nearest")
    return 100 * (recorded / slow - 1), 100 * seen, 100 * known.clip.pulse.amplitude * known.waveform


def _figure(width: float, height: float, title: str) -> Figure:
    figure = Figure(figsize=(width, height), dpi=100)
    figure.suptitle(title, fontsize=15, fontweight="bold", y=1 - 0.12 / height, va="top")
    return figure


def _where(record: Record) -> str:
    clip = truth(record).clip
    return f"{record.subject}, site {clip.site}, difficulty {clip.difficulty:g}, {clip.size} x {clip.size}"


def _coding(known: Truth) -> str:
    capture = known.clip.capture
    return (
        "no codec"
        if capture.crf is None
        else f"H.264 crf {capture.crf}" + ("" if capture.recoded is None else f" after {capture.recoded}")
    )


def _picture(
    axis: Axes,
    picture: np.ndarray,
    title: str,
    limits: Normalize | None = None,
    colors: str | None = None,
    *,
    size: float = 10.5,
    bar: bool = True,
) -> None:
    axis.set_facecolor("#d0d0d0")
    drawn = axis.imshow(picture, norm=limits, cmap=colors, interpolation="nearest")
    axis.set_title(title, fontsize=size, pad=3)
    axis.set_xticks([])
    axis.set_yticks([])
    if limits is not None and colors != "gray" and bar:
        axis.figure.colorbar(drawn, ax=axis, fraction=0.04, pad=0.01).ax.tick_params(labelsize=7)


def _inpainting(axis: Axes, known: Truth, frame: int) -> None:
    """P over the picture, the border of the hull, and the vertices."""
    gray = known.shown(frame).mean(2, keepdims=True) * 0.75 + 0.2
    red = np.array([0.85, 0.15, 0.1], np.float32)
    _picture(
        axis,
        np.clip(np.where(known.inpainting(frame)[..., None] > 0, 0.5 * gray + 0.5 * red, gray * np.ones(3)), 0, 1),
        "P (red), hull of the face, 140 vertices",
    )
    axis.contour(known.hull(frame), levels=[0.5], colors=[LIVE], linewidths=1.2)
    mesh = known.mesh[frame] - 0.5
    axis.scatter(mesh[:, 0], mesh[:, 1], s=2.5, c="#f1c40f", linewidths=0)
    axis.set_xlim(-0.5, known.clip.size - 0.5)
    axis.set_ylim(known.clip.size - 0.5, -0.5)


def _traces(axes: np.ndarray, known: Truth, frame: int) -> None:
    """T_A and its three summands, each amplified by its own factor."""
    trace, face, size = known.trace(frame), known.hull(frame), known.clip.size
    names = (
        "T_A = attack - live",
        f"B, coarse: below {size // 8} x {size // 8}",
        f"C, middle: below {size // 2} x {size // 2}",
        "T, fine: the rest",
    )
    for axis, name, summand in zip(axes, names, (trace, *known.bands(frame).parts)):
        gain = amplification(summand, face)
        _picture(axis, amplified(summand, gain), f"{name}, × {gain}")


def _joined(figure: Figure, first: Axes, last: Axes) -> Axes:
    """Replace two axes by one, with space for its labels."""
    left, right = first.get_position(), last.get_position()
    first.remove()
    last.remove()
    return figure.add_axes((left.x0 + 0.055, left.y0 + 0.03, right.x1 - left.x0 - 0.055, left.height - 0.045))


def _pulse(axis: Axes, record: Record, known: Truth) -> None:
    """Plot the green of forehead and cheeks over time, with the truth."""
    time = record.channels["rgb"].times()
    recorded, seen, live = series(record, known)
    axis.plot(time, recorded, color=RECORDED, lw=0.8, label="green as recorded, relative to its mean over 1 s")
    axis.plot(time, live, color=LIVE, lw=1.4, ls="--", label="truth: pulse of the depicted person")
    axis.plot(time, seen, color=INK, lw=1.6, label="truth: pulse in the picture shown")
    limit = 1.6 * max(np.abs(live).max(), np.abs(seen).max(), 0.05)
    axis.set_ylim(-limit, 1.5 * limit)
    for beat in known.beats[(known.beats >= time[0]) & (known.beats <= time[-1])]:
        axis.axvline(beat, ymax=0.04, color="black", lw=1)
    amplitude = f"amplitude {100 * known.clip.pulse.amplitude:.2g} %"
    axis.set_title(f"pulse: {known.heart_rate:.0f} beats per minute (beats below), {amplitude}", fontsize=10.5, pad=3)
    axis.set_xlabel("seconds", fontsize=9)
    axis.set_ylabel("green of forehead and cheeks, %", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.legend(fontsize=8, loc="upper right", ncols=1, framealpha=0.9)


def everything(dataset: Phantom, subject: int) -> list[Record]:
    """Return a bona fide record followed by one record of each species."""
    return [choose(dataset, name, subject) for name in (BONA_FIDE, *SPECIES)]
