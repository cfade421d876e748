"""`fascore pulse`: measure the heart rate in a video, or report that there is none. Importing this module imports neither torch nor numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from fas_rppg.pulse_components import Method
from fascore import FascoreError, NoResponse

if TYPE_CHECKING:
    from fas_rppg.clip_pulse import ClipPulse


INPUT, MEASUREMENT, OUTPUT = "Input", "Measurement", "Output"
Video = Annotated[Path, typer.Argument(metavar="VIDEO", help="video, or folder of frames", show_default=False)]
Detector = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="face detector, as a name or JSON; whole: the entire picture is skin",
        rich_help_panel=INPUT,
    ),
]
Seconds = Annotated[
    float,
    typer.Option(metavar="SECONDS", min=0, help="length of video to read, from its beginning", rich_help_panel=INPUT),
]
MethodOption = Annotated[
    Method,
    typer.Option(metavar="NAME", help=f"pulse extractor: {', '.join(get_args(Method))}", rich_help_panel=MEASUREMENT),
]
Band = Annotated[
    tuple[float, float],
    typer.Option(metavar="LOW HIGH", help="range of heart rates, in beats per minute", rich_help_panel=MEASUREMENT),
]
Surrogates = Annotated[
    int,
    typer.Option(
        metavar="N", min=19, help="number of noise clips to compare the SNR with", rich_help_panel=MEASUREMENT
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", help="seed of the noise clips", rich_help_panel=MEASUREMENT)]
Json = Annotated[bool, typer.Option("--json", help="print a JSON object instead of text", rich_help_panel=OUTPUT)]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE.png",
        help="draw the pulse trace and its spectrum",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]


def pulse(
    video: Video,
    detector: Detector = "mtcnn",
    seconds: Seconds = 60.0,
    method: MethodOption = "pos",
    band: Band = (40.0, 180.0),
    surrogates: Surrogates = 200,
    seed: Seed = 0,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Measure the pulse in the skin of a face.

    The output has the heart rate, the signal-to-noise ratio (SNR), and a comparison with noise. The result is not a
    medical measurement. The exit code is 1 if the video cannot be measured.

    Examples:
      fascore pulse video.mp4
      fascore pulse video.mp4 --method chrom --out pulse.png
    """
    if out is not None and out.suffix.lower() != ".png":
        raise FascoreError(f"--out {out}: the picture is a PNG file; use a file name that ends with .png")
    from fas_rppg.clip_pulse import clip_pulse

    try:
        clip = clip_pulse(
            video,
            method=method,
            band=band,
            detector=_json_or_word(detector),
            seconds=seconds,
            count=surrogates,
            seed=seed,
        )
    except NoResponse as error:
        if not as_json:
            raise FascoreError(error.reason if str(video) in error.reason else f"{video}: {error.reason}") from error
        print(json.dumps({"file": str(video), "heart_rate": None, "response": error.response, "reason": error.reason}))
        raise typer.Exit(1) from error
    if out is not None:
        from fas_rppg.pulse_picture import draw, write

        write(draw(clip), out)
    print(json.dumps(_document(clip)) if as_json else _lines(clip))


def _json_or_word(text: str) -> Any:
    """The name of a detector, or its parsed JSON. Raises FascoreError."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FascoreError(
            f'--detector is not JSON ({error}); write a name, or {{"type": "yunet", "model": "FILE"}}'
        ) from error


def _lines(clip: ClipPulse) -> str:
    pulse, low, high = clip.pulse, *clip.band
    comparison = f"{pulse.p_value:.1%} of clips of similar noise have at least this SNR"
    if clip.certain:
        verdict = [f"heart rate   {pulse.heart_rate:.1f} beats per minute"]
    else:
        verdict = [
            "insufficient signal: noise alone produces such a peak",
            f"largest peak {pulse.heart_rate:.1f} beats per minute",
        ]
    return "\n".join(
        [
            f"{clip.file}: {clip.seconds:.1f} s at {clip.rate:.4g} Hz; {clip.measured} of {clip.examined} frames show the {clip.skin}",
            *clip.notes,
            *verdict,
            f"SNR          {pulse.snr:.1f} dB ({clip.method}, {low:g} to {high:g} beats per minute)",
            f"confidence   {pulse.confidence:.3f}: {comparison}",
        ]
    )


def _document(clip: ClipPulse) -> dict[str, Any]:
    pulse = clip.pulse
    return {
        "file": str(clip.file),
        "heart_rate": round(pulse.heart_rate, 2) if clip.certain else None,
        "response": "ok",
        "reason": "" if clip.certain else "insufficient signal: noise alone produces such a peak",
        "peak": round(pulse.heart_rate, 2),
        "snr": round(pulse.snr, 2),
        "p_value": round(pulse.p_value, 4),
        "confidence": round(pulse.confidence, 4),
        "method": clip.method,
        "band": list(clip.band),
        "seconds": round(clip.seconds, 3),
        "frame_rate": round(clip.rate, 4),
        "frames": clip.examined,
        "frames_measured": clip.measured,
        "notes": list(clip.notes),
    }


__all__ = ["pulse"]
